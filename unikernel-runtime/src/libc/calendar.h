/* SPDX-License-Identifier: Apache-2.0 */
/* calendar.h - the proleptic Gregorian calendar, any year. */
#pragma once

/** Days from 1970-01-01 to the first of `month` (0..11) of `year`. */
long long mf_days_before(long long year, int month);

/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - newlib's, which needs off_t and does not say so. */
#pragma once

#include <sys/types.h>

#include_next <regex.h>

/* SPDX-License-Identifier: Apache-2.0 */
/* errors.h - the texts of hv's errors, for people. */
#pragma once

#include <stdint.h>

/** What a negative result of a hypercall means (a constant). */
const char *error_text(int64_t err);

/* SPDX-License-Identifier: Apache-2.0 */
/* sigtext.h - names of signals, as people type them. */
#pragma once

#include <stdint.h>

/** The signal that a number, or a name with or without SIG, in any case, means; 0: none. */
uint32_t sigtext_find(const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/* posix.h - which functions are POSIX's. */
#pragma once

#include <stdbool.h>

/** Whether POSIX.1-2008 (with XSI) defines a function of this name. */
bool posix_has(const char *name);

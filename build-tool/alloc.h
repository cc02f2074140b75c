/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h - memory of the host program. Running out of it ends the program with a message: there is
 * nothing a packager could do about it half-way, and temporary files are removed by exit handlers.
 */
#pragma once

#include <stddef.h>

/** `bytes` (at least 1) of zeroed memory; the caller owns it (free()). Never NULL. */
void *alloc_zeroed(size_t bytes);

/** realloc() to `count` elements of `each` bytes, checked for overflow. Never NULL. */
void *alloc_array(void *old, size_t count, size_t each);

/** A copy of the string; the caller owns it. Never NULL. */
char *alloc_copy(const char *text);

/** printf() into a new string; the caller owns it. Never NULL. */
char *alloc_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

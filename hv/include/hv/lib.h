/* SPDX-License-Identifier: Apache-2.0 */
/* lib.h - the few functions of <string.h> that hv uses; as in ISO C 7.24. Defined in
 * hv/x86/lib.c. */
#pragma once

#include "hv/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* -ffreestanding keeps the compiler from doing small ones in place; these let it. */
#define memcpy(to, from, bytes) __builtin_memcpy(to, from, bytes)
#define memset(to, value, bytes) __builtin_memset(to, value, bytes)
#define memcmp(a, b, bytes) __builtin_memcmp(a, b, bytes)

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);

/** Copies at most bytes - 1 characters and always terminates. bytes > 0. */
void str_copy(char *to, const char *from, size_t bytes);

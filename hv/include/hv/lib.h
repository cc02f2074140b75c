/* SPDX-License-Identifier: Apache-2.0 */
/* lib.h - the few functions of <string.h> that hv uses; as in ISO C 7.24. Defined in hv/x86/lib.c. */
#pragma once

#include "hv/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);

/** Copies at most bytes - 1 characters and always terminates. bytes > 0. */
void str_copy(char *to, const char *from, size_t bytes);

/** Clears one page; faster than memset. `page` is page-aligned. */
static inline void page_clear(void *page)
{
    uint64_t count = PAGE_SIZE / 8;
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ul) : "memory");
}

/** Copies one page. Both are page-aligned. */
static inline void page_copy(void *to, const void *from)
{
    uint64_t count = PAGE_SIZE / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count)::"memory");
}

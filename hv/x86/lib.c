/* SPDX-License-Identifier: Apache-2.0 */
/* lib.c - memory and string functions. Long runs use 8-byte string instructions, which are good on
 * real machines and much better than byte ones under emulation. */
#include "hv/lib.h"

#undef memcpy
#undef memset
#undef memcmp

#define LONG_RUN 64

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if (bytes >= LONG_RUN) {
        const word_t last = *(const word_t *)(f + bytes - 8);
        uint8_t *const end = t + bytes;
        size_t count = bytes / 8;
        __asm__ volatile("rep movsq" : "+D"(t), "+S"(f), "+c"(count)::"memory");
        *(word_t *)(end - 8) = last;
        return to;
    }
    for (; bytes >= 8; bytes -= 8, t += 8, f += 8) {
        *(word_t *)t = *(const word_t *)f;
    }
    for (; bytes != 0; bytes--) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= bytes) {
        /* Either apart, or `to` lies below: a forward copy never reads what it has written, as
         * long as it reads each word before it writes it: no early read of the last word. */
        size_t count = bytes / 8, rest = bytes % 8;
        __asm__ volatile("rep movsq" : "+D"(t), "+S"(f), "+c"(count)::"memory");
        __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(rest)::"memory");
        return to;
    }
    while (bytes != 0) {
        bytes--;
        t[bytes] = f[bytes];
    }
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    uint8_t *t = to;
    const uint64_t word = (uint8_t)value * 0x0101010101010101ul;
    if (bytes >= LONG_RUN) {
        size_t count = bytes / 8;
        *(word_t *)(t + bytes - 8) = word;
        __asm__ volatile("rep stosq" : "+D"(t), "+c"(count) : "a"(word) : "memory");
        return to;
    }
    for (; bytes >= 8; bytes -= 8, t += 8) {
        *(word_t *)t = word;
    }
    for (; bytes != 0; bytes--) {
        *t++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *x = a, *y = b;
    for (; bytes != 0; bytes--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n] != '\0') {
        n++;
    }
    return n;
}

int strncmp(const char *a, const char *b, size_t bytes)
{
    for (; bytes != 0; bytes--, a++, b++) {
        if (*a != *b || *a == '\0') {
            return (uint8_t)*a - (uint8_t)*b;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

void str_copy(char *to, const char *from, size_t bytes)
{
    size_t n = 0;
    for (; n + 1 < bytes && from[n] != '\0'; n++) {
        to[n] = from[n];
    }
    to[n] = '\0';
}

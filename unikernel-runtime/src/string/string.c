/* SPDX-License-Identifier: Apache-2.0 */
/*
 * string.c - the memory functions that newlib has slowly for x86-64 (non-temporal stores from 256
 * bytes on, byte loops). Small sizes by two overlapping words, medium ones by 16-byte loops, large
 * ones by rep movsq/stosq, which is fast on real CPUs and under emulation. Loads may not cross the
 * end of a buffer into another page.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes; below, the loops are faster than the start of a string instruction. A packet is above. */
#define COPY_REP_FROM 768u
#define FILL_REP_FROM 2048u

typedef uint64_t u64 __attribute__((may_alias, aligned(1)));
typedef uint32_t u32 __attribute__((may_alias, aligned(1)));
typedef uint16_t u16 __attribute__((may_alias, aligned(1)));
typedef long long v16 __attribute__((vector_size(16), may_alias, aligned(1)));
typedef char c16 __attribute__((vector_size(16)));
typedef char c16_unaligned __attribute__((vector_size(16), may_alias, aligned(1)));

/* Fewer than 16 bytes; all loads come before all stores, so the areas may overlap. */
static inline void copy_small(char *d, const char *s, size_t n)
{
    if (n >= 8) {
        const u64 a = *(const u64 *)s, b = *(const u64 *)(s + n - 8);
        *(u64 *)d = a;
        *(u64 *)(d + n - 8) = b;
    } else if (n >= 4) {
        const u32 a = *(const u32 *)s, b = *(const u32 *)(s + n - 4);
        *(u32 *)d = a;
        *(u32 *)(d + n - 4) = b;
    } else if (n >= 2) {
        const u16 a = *(const u16 *)s, b = *(const u16 *)(s + n - 2);
        *(u16 *)d = a;
        *(u16 *)(d + n - 2) = b;
    } else if (n != 0) {
        *d = *s;
    }
}

/* 16 bytes or more, from low to high addresses; d is below s or they do not overlap. */
static inline void copy_up(char *d, const char *s, size_t n)
{
    const v16 tail = *(const v16 *)(s + n - 16);
    char *const last = d + n - 16;
    if (n >= COPY_REP_FROM) {
        size_t words = n / 8;
        __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words)::"memory");
    }
    for (; last - d >= 48; d += 64, s += 64) {
        const v16 a = *(const v16 *)s, b = *(const v16 *)(s + 16);
        const v16 c = *(const v16 *)(s + 32), e = *(const v16 *)(s + 48);
        *(v16 *)d = a;
        *(v16 *)(d + 16) = b;
        *(v16 *)(d + 32) = c;
        *(v16 *)(d + 48) = e;
    }
    for (; d < last; d += 16, s += 16) {
        *(v16 *)d = *(const v16 *)s;
    }
    *(v16 *)last = tail;
}

/* 16 bytes or more, from high to low addresses; d is above s. */
static inline void copy_down(char *d, const char *s, size_t n)
{
    const v16 head = *(const v16 *)s;
    size_t left = n;
    for (; left > 16; left -= 16) {
        *(v16 *)(d + left - 16) = *(const v16 *)(s + left - 16);
    }
    *(v16 *)d = head;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    if (n < 16) {
        copy_small(to, from, n);
    } else {
        copy_up(to, from, n);
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if (n < 16) {
        copy_small(to, from, n);
    } else if ((uintptr_t)to - (uintptr_t)from >= n) {
        copy_up(to, from, n); /* to is below from, or behind its end */
    } else if (to != from) {
        copy_down(to, from, n);
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    char *d = to;
    const uint64_t word = 0x0101010101010101u * (unsigned char)value;
    if (n < 16) {
        if (n >= 8) {
            *(u64 *)d = word;
            *(u64 *)(d + n - 8) = word;
        } else if (n >= 4) {
            *(u32 *)d = (uint32_t)word;
            *(u32 *)(d + n - 4) = (uint32_t)word;
        } else {
            for (size_t i = 0; i < n; i++) {
                d[i] = (char)value;
            }
        }
        return to;
    }
    const v16 v = {(long long)word, (long long)word};
    char *const last = d + n - 16;
    if (n >= FILL_REP_FROM) {
        size_t words = n / 8;
        __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(word) : "memory");
    }
    for (; last - d >= 48; d += 64) {
        *(v16 *)d = v;
        *(v16 *)(d + 16) = v;
        *(v16 *)(d + 32) = v;
        *(v16 *)(d + 48) = v;
    }
    for (; d < last; d += 16) {
        *(v16 *)d = v;
    }
    *(v16 *)last = v;
    return to;
}

int memcmp(const void *one, const void *two, size_t n)
{
    const unsigned char *a = one, *b = two;
    for (; n >= 16; a += 16, b += 16, n -= 16) {
        const c16 equal = *(const c16_unaligned *)a == *(const c16_unaligned *)b;
        const unsigned int differ = 0xffffu ^ (unsigned int)__builtin_ia32_pmovmskb128(equal);
        if (differ != 0) {
            const int at = __builtin_ctz(differ);
            return a[at] - b[at];
        }
    }
    while (n >= 8) {
        const u64 x = *(const u64 *)a, y = *(const u64 *)b;
        if (x != y) {
            const uint64_t p = __builtin_bswap64(x), q = __builtin_bswap64(y);
            return p < q ? -1 : 1;
        }
        a += 8;
        b += 8;
        n -= 8;
    }
    for (; n != 0; n--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

/* Aligned 16-byte loads never cross into another page. */
size_t strlen(const char *s)
{
    const uintptr_t start = (uintptr_t)s & ~(uintptr_t)15;
    const c16 *p = (const c16 *)start;
    unsigned int found = (unsigned int)__builtin_ia32_pmovmskb128(*p == 0);
    found >>= (uintptr_t)s - start;
    if (found != 0) {
        return (size_t)__builtin_ctz(found);
    }
    do {
        found = (unsigned int)__builtin_ia32_pmovmskb128(*++p == 0);
    } while (found == 0);
    return (size_t)((const char *)p - s) + (size_t)__builtin_ctz(found);
}

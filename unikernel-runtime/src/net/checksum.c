/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum.c - the Internet checksum, 8 bytes at a time: one's complement sums may be taken in
 * words of any width (RFC 1071, 2), and the carry of a 64-bit addition goes back in with the next
 * one.
 */
#include "net/checksum.h"

#include <stdbool.h>
#include <string.h>

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t add_carry(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

/* Adds 64 bytes. One carry chain in assembly: compilers make a compare and an add of each carry. */
static uint64_t add_64_bytes(uint64_t sum, const uint8_t *p)
{
    __asm__("addq (%1), %0\n\t"
            "adcq 8(%1), %0\n\t"
            "adcq 16(%1), %0\n\t"
            "adcq 24(%1), %0\n\t"
            "adcq 32(%1), %0\n\t"
            "adcq 40(%1), %0\n\t"
            "adcq 48(%1), %0\n\t"
            "adcq 56(%1), %0\n\t"
            "adcq $0, %0"
            : "+r"(sum)
            : "r"(p), "m"(*(const uint8_t(*)[64])p)
            : "cc");
    return sum;
}

/* The last `left` bytes, 1 to 7, of which some have been added already when there are 8 in all. */
static uint64_t load_last(const uint8_t *p, unsigned int left, bool has_8)
{
    uint64_t last = 0;

    if (has_8) {
        return load64(p + left - 8) >> (8 * (8 - left));
    }
    for (unsigned int i = 0; i < left; i++) {
        last |= (uint64_t)p[i] << (8 * i);
    }
    return last;
}

uint16_t mf_checksum_add(const void *data, int bytes)
{
    const uint8_t *p = data;
    unsigned int left = bytes > 0 ? (unsigned int)bytes : 0;
    uint64_t sum = 0;

    for (; left >= 64; left -= 64, p += 64) {
        sum = add_64_bytes(sum, p);
    }
    for (; left >= 8; left -= 8, p += 8) {
        sum = add_carry(sum, load64(p));
    }
    if (left > 0) {
        sum = add_carry(sum, load_last(p, left, bytes >= 8));
    }
    return mf_checksum_fold(sum);
}

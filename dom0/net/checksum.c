/* SPDX-License-Identifier: Apache-2.0 */
/* checksum.c - see checksum.h. Sums words of eight bytes: the sum does not depend on word size. */
#include "net/checksum.h"

#include <stdbool.h>
#include <string.h>

static uint64_t add_carry(uint64_t sum, uint64_t word)
{
    uint64_t out;
    const bool carry = __builtin_add_overflow(sum, word, &out);
    return out + carry;
}

/* 64 bytes. One carry chain in assembly: compilers save the carry after each addition. */
static uint64_t add_block(uint64_t sum, const uint8_t *p)
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

uint16_t checksum_sum(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t sum = 0, word;

    for (; bytes >= 64; bytes -= 64, p += 64) {
        sum = add_block(sum, p);
    }
    for (; bytes >= 8; bytes -= 8, p += 8) {
        memcpy(&word, p, 8);
        sum = add_carry(sum, word);
    }
    if (bytes > 0) {
        word = 0;
        memcpy(&word, p, bytes);
        sum = add_carry(sum, word);
    }
    sum = (sum & 0xffffffffu) + (sum >> 32);
    sum = (sum & 0xffffffffu) + (sum >> 32);
    /* Byte order independence (RFC 1071, 2B): sum little-endian words, swap the result. */
    sum = (sum & 0xffffu) + (sum >> 16);
    return __builtin_bswap16(checksum_fold((uint32_t)sum));
}

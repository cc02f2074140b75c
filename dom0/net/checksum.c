/* SPDX-License-Identifier: Apache-2.0 */
/* checksum.c - see checksum.h. Sums words of eight bytes: the sum does not depend on word size. */
#include "checksum.h"

#include <stdbool.h>
#include <string.h>

static uint64_t add_carry(uint64_t sum, uint64_t word)
{
    uint64_t out;
    const bool carry = __builtin_add_overflow(sum, word, &out);
    return out + carry;
}

/* 32 bytes with the carries going from word to word. */
static uint64_t add_block(uint64_t sum, const uint8_t *p)
{
    uint64_t w[4];
    unsigned long long a, b, c, d, out;
    unsigned char carry;

    memcpy(w, p, sizeof(w));
    carry = __builtin_ia32_addcarryx_u64(0, sum, w[0], &a);
    carry = __builtin_ia32_addcarryx_u64(carry, a, w[1], &b);
    carry = __builtin_ia32_addcarryx_u64(carry, b, w[2], &c);
    carry = __builtin_ia32_addcarryx_u64(carry, c, w[3], &d);
    __builtin_ia32_addcarryx_u64(carry, d, 0, &out); /* cannot carry again: d is small then */
    return out;
}

uint16_t checksum_sum(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t sum = 0, word;

    for (; bytes >= 32; bytes -= 32, p += 32) {
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

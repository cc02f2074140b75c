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

uint16_t checksum_sum(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t sum = 0, word;

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

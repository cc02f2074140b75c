/* SPDX-License-Identifier: Apache-2.0 */
/* checksum.h - the Internet checksum (RFC 1071). */
#pragma once

#include <stdint.h>

/**
 * One's complement sum, folded to 16 bits and not complemented, of the 16-bit words (as they lie in
 * memory) of `bytes` at `data`, of any alignment; an odd last byte is padded with zero.
 */
uint16_t mf_checksum_add(const void *data, int bytes);

/** Folds a sum of 16-bit words to 16 bits, without complementing it. */
static inline uint16_t mf_checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

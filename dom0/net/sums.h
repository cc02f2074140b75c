/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sums.h - the Internet checksum (RFC 1071: the runtime's), and its incremental update (RFC 1624).
 *
 * A `sum` is a one's complement sum, not yet complemented, in host order of big-endian words; it
 * may have carries above bit 15 until checksum_fold().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/checksum.h"

/** The sum of `bytes` bytes at `data`, folded to 16 bits. An odd last byte counts as its high half. */
static inline uint16_t checksum_sum(const void *data, size_t bytes)
{
    return __builtin_bswap16(
        mf_checksum_add(data, (int)bytes)); /* in any byte order: RFC 1071, 2B */
}

/** Folds carries: the result fits 16 bits. */
static inline uint16_t checksum_fold(uint32_t sum)
{
    sum = (sum & 0xffffu) + (sum >> 16);
    return (uint16_t)(sum + (sum >> 16));
}

/** What a checksum field becomes when a 16-bit word that it covers changes (RFC 1624, eqn. 3). */
static inline uint16_t checksum_update16(uint16_t field, uint16_t from, uint16_t to)
{
    return (uint16_t)~checksum_fold((uint32_t)(uint16_t)~field + (uint16_t)~from + to);
}

/** Likewise for a 32-bit word at an even offset. */
static inline uint16_t checksum_update32(uint16_t field, uint32_t from, uint32_t to)
{
    return (uint16_t)~checksum_fold((uint32_t)(uint16_t)~field + (uint16_t) ~(from >> 16) +
                                    (uint16_t)~from + (to >> 16) + (to & 0xffffu));
}

/** What a not complemented sum (as in a packet with NEEDS_CSUM) becomes likewise. */
static inline uint16_t checksum_resum32(uint16_t sum, uint32_t from, uint32_t to)
{
    return checksum_fold((uint32_t)sum + (uint16_t) ~(from >> 16) + (uint16_t)~from + (to >> 16) +
                         (to & 0xffffu));
}

/** The sum of an IPv4 pseudo header (RFC 9293, 3.1). Addresses in host order. */
static inline uint16_t checksum_pseudo4(uint32_t src, uint32_t dst, uint8_t protocol,
                                        uint16_t bytes)
{
    return checksum_fold((src >> 16) + (src & 0xffffu) + (dst >> 16) + (dst & 0xffffu) + protocol +
                         bytes);
}

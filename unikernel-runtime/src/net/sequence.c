/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequence.c - initial sequence numbers of TCP connections as RFC 6528 wants them: a clock of 4 us,
 * so that a new connection between the same ends starts above the old one, plus a keyed hash of
 * the ends (SipHash-2-4), so that nobody can guess the number from that of another connection.
 */
#include <string.h>

#include "lwip/arch.h"
#include "lwip_hooks.h"
#include "time/clock.h"

#define WORDS 6 /* two addresses of 16 bytes, ports, padding */

static uint64_t rotate_left(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int count)
{
    for (int i = 0; i < count; i++) {
        v[0] += v[1];
        v[1] = rotate_left(v[1], 13) ^ v[0];
        v[0] = rotate_left(v[0], 32);
        v[2] += v[3];
        v[3] = rotate_left(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate_left(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate_left(v[1], 17) ^ v[2];
        v[2] = rotate_left(v[2], 32);
    }
}

static uint64_t sip_hash(const uint64_t key[2], const uint64_t words[WORDS])
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};

    for (int i = 0; i < WORDS; i++) {
        v[3] ^= words[i];
        sip_rounds(v, 2);
        v[0] ^= words[i];
    }
    const uint64_t last = (uint64_t)WORDS * 8 << 56;
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void put_address(uint64_t words[2], const ip_addr_t *address)
{
    if (IP_IS_V6(address)) {
        memcpy(words, ip_2_ip6(address)->addr, 16);
    } else {
        words[0] = ip4_addr_get_u32(ip_2_ip4(address));
        words[1] = 0;
    }
}

u32_t mf_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                 u16_t remote_port)
{
    static uint64_t key[2];
    uint64_t words[WORDS] = {0};

    while (key[0] == 0) {
        for (int i = 0; i < 2; i++) {
            key[i] = (uint64_t)mf_net_random() << 32 | mf_net_random();
        }
    }
    put_address(&words[0], local);
    put_address(&words[2], remote);
    words[4] = (uint64_t)local_port << 16 | remote_port;
    return (u32_t)(sip_hash(key, words) + mf_clock_ns() / 4000);
}

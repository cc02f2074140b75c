/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/udp.h - the header of UDP (RFC 768) and the level of its options. */
#pragma once

#include <stdint.h>

#define SOL_UDP 17

struct udphdr {
    union {
        struct {
            uint16_t uh_sport; /* network byte order, as all */
            uint16_t uh_dport;
            uint16_t uh_ulen;
            uint16_t uh_sum;
        };
        struct {
            uint16_t source;
            uint16_t dest;
            uint16_t len;
            uint16_t check;
        };
    };
};

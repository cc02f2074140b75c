/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/ip_icmp.h - the header and types of ICMP (RFC 792). There are no raw sockets to send it with. */
#pragma once

#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdint.h>

#define ICMP_ECHOREPLY 0
#define ICMP_UNREACH 3
#define ICMP_DEST_UNREACH ICMP_UNREACH
#define ICMP_SOURCEQUENCH 4
#define ICMP_REDIRECT 5
#define ICMP_ECHO 8
#define ICMP_TIMXCEED 11
#define ICMP_TIME_EXCEEDED ICMP_TIMXCEED
#define ICMP_PARAMPROB 12
#define ICMP_MINLEN 8

struct icmp {
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint16_t icmp_cksum; /* network byte order, as all that follow */
    union {
        struct {
            uint16_t icmp_id;
            uint16_t icmp_seq;
        };
        struct in_addr icmp_gwaddr;
        uint32_t icmp_void;
    };
    uint8_t icmp_data[1]; /* and more */
};

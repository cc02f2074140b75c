/* SPDX-License-Identifier: Apache-2.0 */
/* net/if_arp.h - kinds of hardware addresses, and the header of ARP (RFC 826). */
#pragma once

#include <stdint.h>

#define ARPHRD_ETHER 1
#define ARPHRD_IEEE802 6
#define ARPHRD_LOOPBACK 772

#define ARPOP_REQUEST 1
#define ARPOP_REPLY 2

struct arphdr {
    uint16_t ar_hrd; /* network byte order, as all */
    uint16_t ar_pro;
    uint8_t ar_hln;
    uint8_t ar_pln;
    uint16_t ar_op;
};

/* SPDX-License-Identifier: Apache-2.0 */
/* net/ethernet.h - frames of Ethernet. There are no packet sockets to send them with. */
#pragma once

#include <stdint.h>

#define ETH_ALEN 6
#define ETH_HLEN 14
#define ETH_ZLEN 60
#define ETH_DATA_LEN 1500
#define ETH_FRAME_LEN 1514

#define ETHER_ADDR_LEN ETH_ALEN
#define ETHER_HDR_LEN ETH_HLEN
#define ETHERMTU ETH_DATA_LEN
#define ETHERTYPE_IP 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IPV6 0x86dd
#define ETH_P_IP ETHERTYPE_IP
#define ETH_P_ARP ETHERTYPE_ARP
#define ETH_P_IPV6 ETHERTYPE_IPV6
#define ETH_P_ALL 0x0003

struct ether_addr {
    uint8_t ether_addr_octet[ETH_ALEN];
} __attribute__((__packed__));

struct ether_header {
    uint8_t ether_dhost[ETH_ALEN];
    uint8_t ether_shost[ETH_ALEN];
    uint16_t ether_type;
} __attribute__((__packed__));

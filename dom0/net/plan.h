/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - the address plan: which MAC, IPv4 and IPv6 address belongs to which guest. All follow
 * from the guest's index by arithmetic, so there are no tables and nothing to look up.
 *
 *   MAC    02:4d:46:II:II:II           guest's index; ff:ff:ff is dom0, the gateway
 *   IPv4   guest_net + 2 + index       guest_net + 1 is the gateway
 *   IPv6   guest_net6::(2 + index)     ::1 is the gateway; and fe80:: with EUI-64 of the MAC
 *
 * IPv4 addresses are in host order here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/bytes.h"

#define PLAN_NO_GUEST 0xffffffffu
#define PLAN_GUESTS_MAX 0x20000u /* window slots that dom0 has room for */
#define PLAN_FIRST_HOST 2u

struct plan {
    uint32_t net;    /* of the guests */
    uint32_t mask;   /* of it */
    uint8_t net6[8]; /* the /64 of the guests */
    uint32_t dns;    /* what guests ask: the gateway (0), or one of the guests */
};

struct plan_uplink {
    uint8_t mac[6];
    uint16_t mtu;
    uint32_t address, mask, gateway, dns; /* dom0's own, outside; 0: not known (yet) */
};

/** How many guests have an address. */
static inline uint32_t plan_guest_count(const struct plan *p)
{
    const uint32_t hosts = ~p->mask; /* the last one is the broadcast address */
    const uint32_t count = hosts <= PLAN_FIRST_HOST ? 0 : hosts - PLAN_FIRST_HOST;
    return count < PLAN_GUESTS_MAX ? count : PLAN_GUESTS_MAX;
}

void plan_guest_mac(uint32_t guest, uint8_t mac[6]);

/** Whether a MAC is that of `guest`. */
static inline bool plan_mac_is_guest(const uint8_t mac[6], uint32_t guest)
{
    return get16(mac) == 0x024d && get32(mac + 2) == (0x46000000u | guest);
}

void plan_gateway_mac(uint8_t mac[6]);
void plan_guest_ip6(const struct plan *p, uint32_t guest, uint8_t ip[16]);
void plan_gateway_ip6(const struct plan *p, uint8_t ip[16]);

static inline uint32_t plan_guest_ip4(const struct plan *p, uint32_t guest)
{
    return p->net + PLAN_FIRST_HOST + guest;
}

static inline uint32_t plan_gateway_ip4(const struct plan *p)
{
    return p->net + 1;
}

/** The address that guests send DNS questions to. */
static inline uint32_t plan_dns_ip4(const struct plan *p)
{
    return p->dns != 0 ? p->dns : plan_gateway_ip4(p);
}

static inline bool plan_is_inside(const struct plan *p, uint32_t ip)
{
    return (ip & p->mask) == p->net;
}

/** The guest that has this address, or PLAN_NO_GUEST. It need not exist now. */
static inline uint32_t plan_guest_of_ip4(const struct plan *p, uint32_t ip)
{
    const uint32_t guest = ip - p->net - PLAN_FIRST_HOST;
    return guest < plan_guest_count(p) ? guest : PLAN_NO_GUEST;
}

uint32_t plan_guest_of_ip6(const struct plan *p, const uint8_t ip[16]);

/** Whether `ip` is the gateway's: its address in the guests' net or its link-local one. */
bool plan_ip6_is_gateway(const struct plan *p, const uint8_t ip[16]);

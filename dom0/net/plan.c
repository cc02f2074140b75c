/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - see plan.h. */
#include "net/plan.h"

#include <string.h>

#include "net/bytes.h"

#define GATEWAY_INDEX 0xffffffu

void plan_guest_mac(uint32_t guest, uint8_t mac[6])
{
    put16(mac, 0x024d);
    put32(mac + 2, 0x46000000u | guest);
}

void plan_gateway_mac(uint8_t mac[6])
{
    plan_guest_mac(GATEWAY_INDEX, mac);
}

static void make_ip6(const struct plan *p, uint32_t host, uint8_t ip[16])
{
    memcpy(ip, p->net6, 8);
    put64(ip + 8, host);
}

void plan_guest_ip6(const struct plan *p, uint32_t guest, uint8_t ip[16])
{
    make_ip6(p, guest + PLAN_FIRST_HOST, ip);
}

void plan_gateway_ip6(const struct plan *p, uint8_t ip[16])
{
    make_ip6(p, 1, ip);
}

/* The index in a link-local address made from one of our MACs (RFC 4291, appendix A). */
static uint32_t link_local_index(const uint8_t ip[16])
{
    if (get64(ip) != 0xfe80000000000000u || get32(ip + 8) != 0x004d46ffu || ip[12] != 0xfe) {
        return PLAN_NO_GUEST;
    }
    return get32(ip + 12) & 0xffffffu;
}

uint32_t plan_guest_of_ip6(const struct plan *p, const uint8_t ip[16])
{
    uint64_t guest = link_local_index(ip);
    if (memcmp(ip, p->net6, 8) == 0) {
        guest = get64(ip + 8) - PLAN_FIRST_HOST;
    }
    return guest < plan_guest_count(p) ? (uint32_t)guest : PLAN_NO_GUEST;
}

bool plan_ip6_is_gateway(const struct plan *p, const uint8_t ip[16])
{
    return link_local_index(ip) == GATEWAY_INDEX ||
           (memcmp(ip, p->net6, 8) == 0 && get64(ip + 8) == 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* arp.c - see arp.h. */
#include "net/arp.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"

#define ARP_FRAME_BYTES (ETH_BYTES + ARP_BYTES)
#define ARP_FIXED                                                                                  \
    0x0001080006040000ull /* Ethernet, IPv4, lengths 6 and 4; the operation follows                \
                           */

static bool is_ip4_arp(const struct frame *f)
{
    return f->head_bytes >= ARP_FRAME_BYTES &&
           (get64(f->head + ETH_BYTES) & ~0xffffull) == ARP_FIXED;
}

static struct arp_neighbour *slot_of(struct arp_cache *c, uint32_t ip)
{
    return ip == c->gateway_ip ? &c->gateway : &c->neighbours[(ip ^ ip >> 8) % ARP_NEIGHBOURS];
}

enum arp_state arp_lookup(struct arp_cache *c, uint32_t ip, uint32_t now_s, uint8_t mac[6])
{
    struct arp_neighbour *n = slot_of(c, ip);

    if (n->ip != ip || (n->known && now_s - n->learned_s > ARP_VALID_S)) {
        *n = (struct arp_neighbour){.ip = ip, .asked_s = now_s};
        return ARP_ASK;
    }
    const bool may_ask = now_s - n->asked_s >= ARP_RETRY_S;
    if (!n->known) {
        n->asked_s = may_ask ? now_s : n->asked_s;
        return may_ask ? ARP_ASK : ARP_WAITING;
    }
    memcpy(mac, n->mac, sizeof(n->mac));
    if (now_s - n->learned_s > ARP_FRESH_S && may_ask) {
        n->asked_s = now_s;
        return ARP_STALE;
    }
    return ARP_KNOWN;
}

void arp_put_request(struct frame *f, const struct plan_uplink *u, uint32_t ip)
{
    uint8_t *arp = f->head + ETH_BYTES;

    frame_reset(f, ARP_FRAME_BYTES);
    memset(f->head + ETH_DST, 0xff, ETH_MAC_BYTES);
    memcpy(f->head + ETH_SRC, u->mac, ETH_MAC_BYTES);
    put16(f->head + ETH_TYPE, ETH_TYPE_ARP);
    put64(arp, ARP_FIXED | ARP_REQUEST);
    memcpy(arp + ARP_SENDER_MAC, u->mac, ETH_MAC_BYTES);
    put32(arp + ARP_SENDER_IP, u->address);
    memset(arp + ARP_TARGET_MAC, 0, ETH_MAC_BYTES);
    put32(arp + ARP_TARGET_IP, ip);
}

/* Turns the request in *f into the reply "the target IP is at `mac`". */
static void put_reply(struct frame *f, const uint8_t mac[6])
{
    uint8_t *arp = f->head + ETH_BYTES;
    uint8_t asked[4];

    frame_reset(f, ARP_FRAME_BYTES);
    memcpy(asked, arp + ARP_TARGET_IP, sizeof(asked));
    put16(arp + ARP_OPERATION, ARP_REPLY);
    memcpy(arp + ARP_TARGET_MAC, arp + ARP_SENDER_MAC, ETH_MAC_BYTES + sizeof(asked));
    memcpy(arp + ARP_SENDER_MAC, mac, ETH_MAC_BYTES);
    memcpy(arp + ARP_SENDER_IP, asked, sizeof(asked));
    memcpy(f->head + ETH_DST, arp + ARP_TARGET_MAC, ETH_MAC_BYTES);
    memcpy(f->head + ETH_SRC, mac, ETH_MAC_BYTES);
}

bool arp_from_uplink(struct arp_cache *c, const struct plan_uplink *u, struct frame *f,
                     uint32_t now_s, uint32_t *resolved)
{
    const uint8_t *arp = f->head + ETH_BYTES;

    *resolved = 0;
    if (!is_ip4_arp(f) || u->address == 0) {
        return false;
    }
    const uint32_t sender = get32(arp + ARP_SENDER_IP);
    const uint16_t operation = get16(arp + ARP_OPERATION);
    const bool to_us = get32(arp + ARP_TARGET_IP) == u->address;
    const bool sane = (arp[ARP_SENDER_MAC] & 1) == 0 && sender != 0 && sender != u->address &&
                      (sender & u->mask) == (u->address & u->mask);
    struct arp_neighbour *n = slot_of(c, sender);

    if (to_us && sane && n->ip == sender) { /* we asked once, or it is about to talk to us */
        memcpy(n->mac, arp + ARP_SENDER_MAC, sizeof(n->mac));
        n->known = true;
        n->learned_s = now_s;
        *resolved = sender;
    }
    if (!to_us || operation != ARP_REQUEST) {
        return false;
    }
    put_reply(f, u->mac);
    return true;
}

bool arp_from_guest(const struct plan *p, uint32_t guest, struct frame *f)
{
    const uint8_t *arp = f->head + ETH_BYTES;
    uint8_t mac[6];

    if (!is_ip4_arp(f) || get16(arp + ARP_OPERATION) != ARP_REQUEST) {
        return false;
    }
    const uint32_t target = get32(arp + ARP_TARGET_IP);
    const uint32_t target_guest = plan_guest_of_ip4(p, target);
    if (target == plan_gateway_ip4(p)) {
        plan_gateway_mac(mac);
    } else if (target_guest != PLAN_NO_GUEST && target_guest != guest) {
        plan_guest_mac(target_guest, mac);
    } else {
        return false; /* its own address (is it in use? no), or nobody's */
    }
    put_reply(f, mac);
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arp.h - ARP (RFC 826). Towards guests dom0 answers for everybody, by arithmetic; nothing is
 * flooded. On the uplink it answers for its own address and keeps a small cache of neighbours.
 *
 * Cache    Direct-mapped by address: a look-up is one comparison, an attacker can at most evict, but
 *          not the gateway.
 *          Only answers that were asked for, and requests to us, are learned from. Times are
 *          seconds of any monotonic clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"
#include "net/plan.h"

#define ARP_NEIGHBOURS 256
#define ARP_FRESH_S 60  /* after that, ask again while the old answer is still used */
#define ARP_VALID_S 300 /* after that, the answer is not used any more */
#define ARP_RETRY_S 1   /* between two questions for one address */

struct arp_neighbour {
    uint32_t ip; /* 0: none */
    uint8_t mac[6];
    bool known;
    uint32_t learned_s, asked_s;
};

struct arp_cache {
    uint32_t gateway_ip; /* whose entry nobody can evict: all that goes out needs it */
    struct arp_neighbour gateway;
    struct arp_neighbour neighbours[ARP_NEIGHBOURS];
};

enum arp_state {
    ARP_KNOWN,   /* the MAC is there */
    ARP_STALE,   /* likewise, but please ask again */
    ARP_ASK,     /* not known: please send a request */
    ARP_WAITING, /* not known, asked a moment ago */
};

/**
 * Looks `ip` up. Fills in mac for KNOWN and STALE. For STALE and ASK the caller sends a request
 * (arp_put_request()); the cache takes note that it did.
 */
enum arp_state arp_lookup(struct arp_cache *c, uint32_t ip, uint32_t now_s, uint8_t mac[6]);

/** Makes *f a broadcast request from dom0's uplink address for `ip`. */
void arp_put_request(struct frame *f, const struct plan_uplink *u, uint32_t ip);

/**
 * Handles an ARP frame from the uplink. Returns true when *f has become a reply that is to be sent
 * back. *resolved is the address that has just become known, or 0.
 */
bool arp_from_uplink(struct arp_cache *c, const struct plan_uplink *u, struct frame *f,
                     uint32_t now_s, uint32_t *resolved);

/** Handles an ARP frame from a guest. Returns true when *f has become the reply to it. */
bool arp_from_guest(const struct plan *p, uint32_t guest, struct frame *f);

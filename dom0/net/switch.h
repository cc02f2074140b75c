/* SPDX-License-Identifier: Apache-2.0 */
/*
 * switch.h - where a frame goes. Knows every address by arithmetic (plan.h); sends nothing itself.
 *
 * A frame is checked, rewritten in place, and the verdict says to whom it is to be given: nothing
 * here touches a ring, so all of it is tested on the host. Guests cannot forge source addresses;
 * broadcasts and multicasts are answered or dropped, never flooded.
 */
#pragma once

#include "net/arp.h"
#include "net/frame.h"
#include "net/nat.h"
#include "net/plan.h"

enum switch_to {
    SWITCH_DROP,
    SWITCH_GUEST,  /* to guest `guest`, which need not exist */
    SWITCH_UPLINK, /* out */
    SWITCH_HOLD,   /* out, once the MAC of next_hop is known */
    SWITCH_LOCAL,  /* to dom0's own DHCP client */
};

struct switch_verdict {
    enum switch_to to;
    uint32_t guest;
    uint32_t next_hop; /* HOLD */
    uint32_t ask;      /* send an ARP request for this address, too; 0: no */
    uint32_t resolved; /* frames held for this address can go now; 0: none */
};

/* Why frames were dropped. SWITCH_COUNTER(NAME, text). */
#define SWITCH_COUNTERS(X)                                                                         \
    X(MALFORMED, "malformed")                                                                      \
    X(FORGED, "forged source address")                                                             \
    X(NOT_IP, "neither IP nor ARP")                                                                \
    X(UNANSWERED, "ARP or NDP that needs no answer")                                               \
    X(MULTICAST, "broadcast or multicast")                                                         \
    X(FRAGMENT, "fragment or protocol that cannot be translated")                                  \
    X(FLOWS_FULL, "no room for another flow")                                                      \
    X(NO_FLOW, "from outside, nobody waits for it")                                                \
    X(NO_ROUTE, "no way to the destination")                                                       \
    X(TTL, "hop limit reached")                                                                    \
    X(LARGE, "longer than the MTU, to no guest, and cannot be cut")

enum switch_counter {
#define X(NAME, text) SWITCH_##NAME,
    SWITCH_COUNTERS(X)
#undef X
        SWITCH_COUNTER_COUNT
};

struct net_switch {
    struct plan plan;
    struct plan_uplink uplink;
    uint64_t dropped[SWITCH_COUNTER_COUNT];
    struct arp_cache arp;
    struct nat nat;
};

/** The text of a counter. */
const char *switch_counter_text(enum switch_counter c);

/** A frame that `guest` sent. now_s: monotonic seconds. */
struct switch_verdict switch_from_guest(struct net_switch *s, uint32_t guest, struct frame *f,
                                        uint32_t now_s);

/** A frame from outside. */
struct switch_verdict switch_from_uplink(struct net_switch *s, struct frame *f, uint32_t now_s);

/**
 * Fills in the MACs of a frame that goes out to `next_hop`. Returns UPLINK or HOLD; *ask as in the
 * verdict.
 */
enum switch_to switch_address(struct net_switch *s, struct frame *f, uint32_t next_hop,
                              uint32_t now_s, uint32_t *ask);

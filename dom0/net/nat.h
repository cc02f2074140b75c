/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nat.h - between the guests' addresses and dom0's one address outside: published ports inwards,
 * tracked flows outwards.
 *
 * Published  uplink:host_port <-> guest:guest_port. Stateless both ways, so a flood of connections
 *            costs nothing. One host port per guest port and protocol.
 * Flows      started by a guest: (protocol, guest, port, remote, port) gets a port of ours. A table
 *            of fixed size, two hash chains, one queue per kind of flow ordered by last use: every
 *            step is O(1). A full table gives up the flows that matter least; established TCP is
 *            never given up. One guest can have at most NAT_FLOWS_PER_GUEST.
 * Guests     are forgotten in time proportional to the flows that they have.
 * Gateway    A guest's packets to port 53 of the gateway go to the uplink's DNS server.
 * Fragments  are not translated.
 *
 * Memory     struct nat must start zeroed, and is large: static memory that is populated as it is
 *            used. claim() is asked before a part is written that never was; when it says no, a flow
 *            takes the place of another one, or is not made. Nothing asks for the record of a guest:
 *            nat_add_guest() is for when there is memory.
 * Times are seconds of a monotonic clock. Host byte order throughout.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/packet.h"
#include "net/plan.h"

#define NAT_FLOWS 65536u
#define NAT_BUCKETS 65536u
#define NAT_FLOWS_PER_GUEST 8192u
#define NAT_FIRST_PORT 32768u /* ports of ours for flows: this one .. 65535 */
#define NAT_PUBLISHED_MAX 8   /* per guest */
#define NAT_SLICE 1024u       /* buckets that are claimed at a time */
#define NAT_FLOWS_SLICE 256u  /* likewise, flows */

enum nat_kind { NAT_ICMP, NAT_UDP, NAT_TCP_CLOSING, NAT_TCP_OPENING, NAT_TCP_OPEN, NAT_KINDS };

enum nat_result {
    NAT_OK = 0,
    NAT_NO_FLOW,     /* nobody waits for this packet */
    NAT_UNSUPPORTED, /* fragment, or a protocol that has no ports */
    NAT_FULL,        /* no room for a new flow */
};

enum nat_publish_result {
    NAT_PUBLISHED = 0,
    NAT_PORT_TAKEN, /* another guest has this host port */
    NAT_PORT_TWICE, /* the guest's port is published already, by another host port */
    NAT_TOO_MANY,   /* more than NAT_PUBLISHED_MAX */
};

struct nat_flow {
    uint32_t guest, remote;
    uint16_t guest_port, remote_port, our_port;
    uint8_t protocol;
    uint8_t kind;
    uint8_t seen; /* NAT_SEEN_* */
    bool via_gateway;
    uint32_t used_s;
    uint32_t out_next, in_next;          /* hash chains; flow number + 1, 0: end; likewise below */
    uint32_t older, younger;             /* in the queue of its kind */
    uint32_t guest_previous, guest_next; /* of the same guest */
};

struct nat_published {
    uint16_t guest_port, host_port;
    uint8_t protocol;
};

struct nat_guest {
    uint32_t flow_count, first_flow;
    uint32_t published_count;
    struct nat_published published[NAT_PUBLISHED_MAX];
};

struct nat_target { /* of a host port */
    uint32_t guest; /* + 1; 0: nobody */
    uint16_t port;
};

struct nat {
    uint64_t secret;                            /* of the hash; random */
    bool (*claim)(void *p, size_t bytes);       /* whether there is memory; NULL: always */
    uint64_t out_there, in_there;               /* a bit per NAT_SLICE of the buckets: claimed */
    uint32_t flows_there;                       /* flows[] below were claimed */
    uint32_t out[NAT_BUCKETS], in[NAT_BUCKETS]; /* flow number + 1; 0: empty */
    uint32_t oldest[NAT_KINDS], youngest[NAT_KINDS];
    uint32_t free_flow;  /* list by out_next; flow number + 1 */
    uint32_t fresh_flow; /* from here on, never used */
    uint32_t flow_count;
    struct nat_flow flows[NAT_FLOWS];
    struct nat_guest guests[PLAN_GUESTS_MAX];
    struct nat_target tcp[65536], udp[65536];
};

/** A guest has come: its record is written. */
void nat_add_guest(struct nat *n, uint32_t guest);

/** Makes uplink:host_port reach guest:guest_port. protocol: IP_PROTOCOL_TCP or UDP. */
enum nat_publish_result nat_publish(struct nat *n, uint32_t guest, uint8_t protocol,
                                    uint16_t host_port, uint16_t guest_port);

/** The guest that has this host port, or PLAN_NO_GUEST. */
uint32_t nat_owner(const struct nat *n, uint8_t protocol, uint16_t host_port);

/** The guest is gone: its ports and its flows are free. */
void nat_forget_guest(struct nat *n, uint32_t guest);

/**
 * A packet of `guest` to an address outside, or to port 53 of the gateway: gives it our address and
 * a port of ours.
 */
enum nat_result nat_outwards(struct nat *n, const struct plan *plan, const struct plan_uplink *u,
                             uint32_t guest, struct packet *p, uint32_t now_s);

/** A packet from outside to our address: gives it the guest's. *guest: whose it is. */
enum nat_result nat_inwards(struct nat *n, const struct plan *plan, struct packet *p,
                            uint32_t now_s, uint32_t *guest);

/**
 * An ICMP error from outside to our address (RFC 792: unreachable, time exceeded, parameter problem),
 * about a packet that a guest sent: gives both the error and the packet quoted in it the guest's
 * addresses (RFC 5508, 4.2). *guest: whose it is. NAT_NO_FLOW: nobody's.
 */
enum nat_result nat_error_inwards(struct nat *n, const struct plan *plan,
                                  const struct plan_uplink *u, struct packet *p, uint32_t *guest);

/** Drops flows whose time is over; at most `limit`. */
void nat_expire(struct nat *n, uint32_t now_s, uint32_t limit);

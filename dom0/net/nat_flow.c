/* SPDX-License-Identifier: Apache-2.0 */
/* nat_flow.c - see nat_flow.h. Links are flow numbers plus one, so that zeroed memory is empty. */
#include "net/nat_flow.h"

#include <stddef.h>

#include "net/headers.h"

_Static_assert(NAT_BUCKETS / NAT_SLICE == 64 && NAT_FLOWS % NAT_FLOWS_SLICE == 0,
               "slices cover all; a word has a bit for each of the buckets'");

#define PORT_TRIES 64 /* before a new flow is refused for want of a port */

/* How long a flow is kept without a packet, in seconds. RFC 5382 and 4787 ask for more for open TCP
 * (7440) and UDP (300) where ports are plenty; a lost established flow is noticed by a reset. */
static const uint32_t lifetime_s[NAT_KINDS] = {
    [NAT_ICMP] = 30,        [NAT_UDP] = 120,       [NAT_TCP_CLOSING] = 20,
    [NAT_TCP_OPENING] = 60, [NAT_TCP_OPEN] = 7440,
};

static uint32_t hash(const struct nat *n, uint64_t a, uint64_t b)
{
    const uint64_t x = (a ^ n->secret) * 0x9e3779b97f4a7c15u;
    const uint64_t y = ((x ^ x >> 29) + b) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(y >> 40) % NAT_BUCKETS;
}

static uint32_t out_bucket(const struct nat *n, const struct nat_flow *k)
{
    return hash(n, (uint64_t)k->guest << 32 | k->remote,
                (uint64_t)k->guest_port << 32 | (uint32_t)k->remote_port << 16 | k->protocol);
}

static uint32_t in_bucket(const struct nat *n, const struct nat_flow *k)
{
    return hash(n, (uint64_t)k->our_port << 32 | k->remote,
                (uint64_t)k->remote_port << 16 | k->protocol);
}

static struct nat_flow *flow_at(struct nat *n, uint32_t link)
{
    return &n->flows[link - 1];
}

static void queue_remove(struct nat *n, struct nat_flow *f)
{
    *(f->older != 0 ? &flow_at(n, f->older)->younger : &n->oldest[f->kind]) = f->younger;
    *(f->younger != 0 ? &flow_at(n, f->younger)->older : &n->youngest[f->kind]) = f->older;
}

static void queue_append(struct nat *n, struct nat_flow *f)
{
    const uint32_t link = (uint32_t)(f - n->flows) + 1;
    f->older = n->youngest[f->kind];
    f->younger = 0;
    *(f->older != 0 ? &flow_at(n, f->older)->younger : &n->oldest[f->kind]) = link;
    n->youngest[f->kind] = link;
}

static void chain_remove(struct nat *n, uint32_t *head, uint32_t link, bool inwards)
{
    while (*head != link) {
        struct nat_flow *f = flow_at(n, *head);
        head = inwards ? &f->in_next : &f->out_next;
    }
    *head = inwards ? flow_at(n, link)->in_next : flow_at(n, link)->out_next;
}

/* Puts the flow in front of its guest's list. */
static void guest_add(struct nat *n, struct nat_flow *f)
{
    struct nat_guest *g = &n->guests[f->guest];
    const uint32_t link = (uint32_t)(f - n->flows) + 1;

    f->guest_previous = 0;
    f->guest_next = g->first_flow;
    if (g->first_flow != 0) {
        flow_at(n, g->first_flow)->guest_previous = link;
    }
    g->first_flow = link;
    g->flow_count++;
}

static void guest_remove(struct nat *n, struct nat_flow *f)
{
    struct nat_guest *g = &n->guests[f->guest];

    *(f->guest_previous != 0 ? &flow_at(n, f->guest_previous)->guest_next : &g->first_flow) =
        f->guest_next;
    if (f->guest_next != 0) {
        flow_at(n, f->guest_next)->guest_previous = f->guest_previous;
    }
    g->flow_count--;
}

static void flow_remove(struct nat *n, struct nat_flow *f)
{
    const uint32_t link = (uint32_t)(f - n->flows) + 1;

    chain_remove(n, &n->out[out_bucket(n, f)], link, false);
    chain_remove(n, &n->in[in_bucket(n, f)], link, true);
    queue_remove(n, f);
    guest_remove(n, f);
    f->out_next = n->free_flow;
    n->free_flow = link;
    n->flow_count--;
}

void nat_flow_remove_all(struct nat *n, uint32_t guest)
{
    while (n->guests[guest].first_flow != 0) {
        flow_remove(n, flow_at(n, n->guests[guest].first_flow));
    }
}

void nat_expire(struct nat *n, uint32_t now_s, uint32_t limit)
{
    for (uint32_t kind = 0; kind < NAT_KINDS; kind++) {
        while (n->oldest[kind] != 0 && limit > 0) {
            struct nat_flow *f = flow_at(n, n->oldest[kind]);
            if (now_s - f->used_s <= lifetime_s[kind]) {
                break;
            }
            flow_remove(n, f);
            limit--;
        }
    }
}

static bool claim(struct nat *n, void *p, size_t bytes)
{
    return n->claim == NULL || n->claim(p, bytes);
}

/* Whether a bucket may be written: there is memory for its slice. */
static bool bucket_is_there(struct nat *n, uint32_t buckets[], uint64_t *there, uint32_t i)
{
    const uint64_t bit = (uint64_t)1 << i / NAT_SLICE;

    if ((*there & bit) == 0) {
        if (!claim(n, &buckets[i - i % NAT_SLICE], NAT_SLICE * sizeof(buckets[0]))) {
            return false;
        }
        *there |= bit;
    }
    return true;
}

/* Whether there are flows that were never used, with memory for them. */
static bool has_fresh(struct nat *n)
{
    if (n->fresh_flow < n->flows_there) {
        return true;
    }
    if (n->fresh_flow == NAT_FLOWS ||
        !claim(n, &n->flows[n->fresh_flow], NAT_FLOWS_SLICE * sizeof(n->flows[0]))) {
        return false;
    }
    n->flows_there += NAT_FLOWS_SLICE;
    return true;
}

/* A free entry; when there is none, that of the flow that matters least. */
static struct nat_flow *flow_allocate(struct nat *n, uint32_t now_s)
{
    nat_expire(n, now_s, 2);
    if (n->free_flow == 0 && has_fresh(n)) {
        return &n->flows[n->fresh_flow++];
    }
    for (uint32_t kind = 0; kind < NAT_TCP_OPEN && n->free_flow == 0; kind++) {
        if (n->oldest[kind] != 0) {
            flow_remove(n, flow_at(n, n->oldest[kind]));
        }
    }
    if (n->free_flow == 0) {
        return NULL;
    }
    struct nat_flow *f = flow_at(n, n->free_flow);
    n->free_flow = f->out_next;
    return f;
}

struct nat_flow *nat_flow_find_in(struct nat *n, const struct nat_flow *k)
{
    for (uint32_t link = n->in [in_bucket(n, k)]; link != 0; link = flow_at(n, link)->in_next) {
        struct nat_flow *f = flow_at(n, link);
        if (f->our_port == k->our_port && f->remote == k->remote &&
            f->remote_port == k->remote_port && f->protocol == k->protocol) {
            return f;
        }
    }
    return NULL;
}

static struct nat_flow *find_out(struct nat *n, const struct nat_flow *k)
{
    for (uint32_t link = n->out[out_bucket(n, k)]; link != 0; link = flow_at(n, link)->out_next) {
        struct nat_flow *f = flow_at(n, link);
        if (f->guest == k->guest && f->guest_port == k->guest_port && f->remote == k->remote &&
            f->remote_port == k->remote_port && f->protocol == k->protocol &&
            f->via_gateway == k->via_gateway) {
            return f;
        }
    }
    return NULL;
}

/* Finds a port of ours with which the flow differs from all others. */
static bool choose_port(struct nat *n, struct nat_flow *f)
{
    uint32_t port = out_bucket(n, f); /* any function that spreads well */
    const struct nat_target *published = f->protocol == IP_PROTOCOL_TCP ? n->tcp : n->udp;

    for (uint32_t i = 0; i < PORT_TRIES; i++, port++) {
        f->our_port = (uint16_t)(NAT_FIRST_PORT | port);
        if (f->protocol != IP_PROTOCOL_ICMP && published[f->our_port].guest != 0) {
            continue;
        }
        if (nat_flow_find_in(n, f) == NULL) {
            return true;
        }
    }
    return false;
}

static uint8_t first_kind(uint8_t protocol)
{
    return protocol == IP_PROTOCOL_TCP ? NAT_TCP_OPENING
                                       : (protocol == IP_PROTOCOL_UDP ? NAT_UDP : NAT_ICMP);
}

static struct nat_flow *flow_create(struct nat *n, const struct nat_flow *key, uint32_t now_s)
{
    struct nat_flow fresh = *key;

    fresh.kind = first_kind(key->protocol);
    if (n->guests[key->guest].flow_count >= NAT_FLOWS_PER_GUEST || !choose_port(n, &fresh)) {
        return NULL;
    }
    const uint32_t out_index = out_bucket(n, &fresh), in_index = in_bucket(n, &fresh);
    if (!bucket_is_there(n, n->out, &n->out_there, out_index) ||
        !bucket_is_there(n, n->in, &n->in_there, in_index)) {
        return NULL;
    }
    struct nat_flow *f = flow_allocate(n, now_s);
    if (f == NULL) {
        return NULL;
    }
    uint32_t *out = &n->out[out_index], *in = &n->in[in_index];
    fresh.out_next = *out;
    fresh.in_next = *in;
    *f = fresh;
    *out = *in = (uint32_t)(f - n->flows) + 1;
    queue_append(n, f);
    guest_add(n, f);
    n->flow_count++;
    return f;
}

static uint8_t tcp_kind(uint8_t seen)
{
    const uint8_t both = NAT_SEEN_OUT_FIN | NAT_SEEN_IN_FIN;
    if ((seen & NAT_SEEN_RST) != 0 || (seen & both) == both) {
        return NAT_TCP_CLOSING;
    }
    return (seen & NAT_SEEN_REPLY) != 0 ? NAT_TCP_OPEN : NAT_TCP_OPENING;
}

/* Takes note of a packet: the flow is the youngest of its kind, which may have changed. */
static void flow_touch(struct nat *n, struct nat_flow *f, const struct packet *p, uint8_t reply,
                       uint8_t fin, uint32_t now_s)
{
    uint8_t kind = f->kind;

    f->seen |= reply;
    if (f->protocol == IP_PROTOCOL_TCP) {
        const uint8_t flags = p->transport[TCP_FLAGS];
        if ((flags & TCP_SYN) != 0 && reply == 0 && kind == NAT_TCP_CLOSING) {
            f->seen = 0; /* the guest uses the pair of ports again */
        }
        f->seen |= (flags & TCP_FIN) != 0 ? fin : 0;
        f->seen |= (flags & TCP_RST) != 0 ? NAT_SEEN_RST : 0;
        kind = tcp_kind(f->seen);
    }
    if (f->used_s == now_s && f->kind == kind) {
        return; /* the order within a second does not matter */
    }
    queue_remove(n, f);
    f->used_s = now_s;
    f->kind = kind;
    queue_append(n, f);
}

struct nat_flow *nat_flow_use_out(struct nat *n, const struct nat_flow *key, const struct packet *p,
                                  uint32_t now_s)
{
    struct nat_flow *f = find_out(n, key);
    if (f == NULL) {
        f = flow_create(n, key, now_s);
    }
    if (f != NULL) {
        flow_touch(n, f, p, 0, NAT_SEEN_OUT_FIN, now_s);
    }
    return f;
}

struct nat_flow *nat_flow_use_in(struct nat *n, const struct nat_flow *key, const struct packet *p,
                                 uint32_t now_s)
{
    struct nat_flow *f = nat_flow_find_in(n, key);
    if (f == NULL || now_s - f->used_s > lifetime_s[f->kind]) {
        return NULL;
    }
    flow_touch(n, f, p, NAT_SEEN_REPLY, NAT_SEEN_IN_FIN, now_s);
    return f;
}

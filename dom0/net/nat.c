/* SPDX-License-Identifier: Apache-2.0 */
/* nat.c - see nat.h. */
#include "net/nat.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/nat_flow.h"
#include "net/sums.h"

#define DNS_PORT 53

static struct nat_target *targets_of(struct nat *n, uint8_t protocol)
{
    return protocol == IP_PROTOCOL_TCP ? n->tcp : n->udp;
}

static const struct nat_published *find_published(const struct nat_guest *g, uint8_t protocol,
                                                  uint16_t guest_port)
{
    for (uint32_t i = 0; i < g->published_count; i++) {
        if (g->published[i].guest_port == guest_port && g->published[i].protocol == protocol) {
            return &g->published[i];
        }
    }
    return NULL;
}

void nat_add_guest(struct nat *n, uint32_t guest)
{
    n->guests[guest].published_count = 0;
}

enum nat_publish_result nat_publish(struct nat *n, uint32_t guest, uint8_t protocol,
                                    uint16_t host_port, uint16_t guest_port)
{
    struct nat_guest *g = &n->guests[guest];
    struct nat_target *t = &targets_of(n, protocol)[host_port];

    if (t->guest == guest + 1 && t->port == guest_port) {
        return NAT_PUBLISHED;
    }
    if (t->guest != 0) {
        return NAT_PORT_TAKEN;
    }
    if (find_published(g, protocol, guest_port) != NULL) {
        return NAT_PORT_TWICE;
    }
    if (g->published_count == NAT_PUBLISHED_MAX) {
        return NAT_TOO_MANY;
    }
    g->published[g->published_count++] = (struct nat_published){guest_port, host_port, protocol};
    *t = (struct nat_target){guest + 1, guest_port};
    return NAT_PUBLISHED;
}

uint32_t nat_owner(const struct nat *n, uint8_t protocol, uint16_t host_port)
{
    const struct nat_target *t = protocol == IP_PROTOCOL_TCP ? n->tcp : n->udp;
    return t[host_port].guest == 0 ? PLAN_NO_GUEST : t[host_port].guest - 1;
}

void nat_forget_guest(struct nat *n, uint32_t guest)
{
    struct nat_guest *g = &n->guests[guest];
    for (uint32_t i = 0; i < g->published_count; i++) {
        targets_of(n, g->published[i].protocol)[g->published[i].host_port].guest = 0;
    }
    g->published_count = 0;
    nat_flow_remove_all(n, guest);
}

/*
 * The ports of a packet. Of an ICMP echo: its identifier in place of the guest's port (or ours), 0
 * in place of the remote one.
 */
static bool read_ports(const struct packet *p, uint16_t *here, uint16_t *there, bool outwards)
{
    if (p->fragment) {
        return false;
    }
    switch (p->protocol) {
    case IP_PROTOCOL_TCP:
    case IP_PROTOCOL_UDP:
        *here = get16(p->transport + (outwards ? 0 : 2));
        *there = get16(p->transport + (outwards ? 2 : 0));
        return true;
    case IP_PROTOCOL_ICMP:
        *here = get16(p->transport + ICMP_ID);
        *there = 0;
        return p->transport[ICMP_TYPE] == (outwards ? ICMP_ECHO : ICMP_ECHO_REPLY);
    default:
        return false;
    }
}

/* Gives the packet another end; of an ICMP echo another identifier. */
static void set_end(struct packet *p, uint32_t offset, uint32_t ip, uint16_t port)
{
    if (p->protocol != IP_PROTOCOL_ICMP) {
        packet_set_end(p, offset, ip, port);
        return;
    }
    const uint16_t from = get16(p->transport + ICMP_ID);
    uint8_t *field = packet_checksum(p);
    packet_set_ip4(p, offset, ip);
    put16(p->transport + ICMP_ID, port);
    if (!p->frame->needs_csum) {
        put16(field, checksum_update16(get16(field), from, port));
    }
}

enum nat_result nat_outwards(struct nat *n, const struct plan *plan, const struct plan_uplink *u,
                             uint32_t guest, struct packet *p, uint32_t now_s)
{
    struct nat_flow key = {.guest = guest, .remote = p->dst, .protocol = p->protocol};
    uint16_t our_port;

    if (!read_ports(p, &key.guest_port, &key.remote_port, true)) {
        return NAT_UNSUPPORTED;
    }
    const struct nat_published *published =
        find_published(&n->guests[guest], p->protocol, key.guest_port);
    if (p->dst == plan_gateway_ip4(plan)) {
        if (p->protocol == IP_PROTOCOL_ICMP || key.remote_port != DNS_PORT || u->dns == 0) {
            return NAT_NO_FLOW;
        }
        key.remote = u->dns;
        key.via_gateway = true;
        packet_set_ip4(p, IP4_DST, u->dns);
    }
    if (published != NULL && !key.via_gateway) {
        our_port = published->host_port;
    } else {
        struct nat_flow *flow = nat_flow_use_out(n, &key, p, now_s);
        if (flow == NULL) {
            return NAT_FULL;
        }
        our_port = flow->our_port;
    }
    set_end(p, IP4_SRC, u->address, our_port);
    return NAT_OK;
}

static enum nat_result inwards_published(struct nat *n, const struct plan *plan, struct packet *p,
                                         uint16_t dst, uint32_t *guest)
{
    if (p->protocol == IP_PROTOCOL_ICMP) {
        return NAT_NO_FLOW;
    }
    const struct nat_target *t = &targets_of(n, p->protocol)[dst];
    if (t->guest == 0) {
        return NAT_NO_FLOW;
    }
    *guest = t->guest - 1;
    set_end(p, IP4_DST, plan_guest_ip4(plan, *guest), t->port);
    return NAT_OK;
}

enum nat_result nat_inwards(struct nat *n, const struct plan *plan, struct packet *p,
                            uint32_t now_s, uint32_t *guest)
{
    struct nat_flow key = {.remote = p->src, .protocol = p->protocol};

    if (!read_ports(p, &key.our_port, &key.remote_port, false)) {
        return NAT_UNSUPPORTED;
    }
    if (inwards_published(n, plan, p, key.our_port, guest) == NAT_OK) {
        return NAT_OK;
    }
    const struct nat_flow *flow = nat_flow_use_in(n, &key, p, now_s);
    if (flow == NULL) {
        return NAT_NO_FLOW;
    }
    *guest = flow->guest;
    set_end(p, IP4_DST, plan_guest_ip4(plan, flow->guest), flow->guest_port);
    if (flow->via_gateway) {
        packet_set_ip4(p, IP4_SRC, plan_gateway_ip4(plan));
    }
    return NAT_OK;
}

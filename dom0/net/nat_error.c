/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nat_error.c - ICMP errors through the NAT; see nat_error_inwards() in nat.h. Hosts need them to find
 * the path's MTU and to notice that nobody is there.
 */
#include <stddef.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/nat_flow.h"
#include "net/sums.h"

#define QUOTED_TRANSPORT_BYTES 8 /* RFC 792: at least so much of it is quoted */

/* The packet quoted in an error. */
struct quoted {
    uint8_t *ip, *transport;
    uint8_t protocol;
    uint32_t port_at; /* of our port, or of the echo's identifier */
    uint16_t our_port, remote_port;
};

static bool parse_quoted(const struct packet *p, const struct plan_uplink *u, struct quoted *q)
{
    q->ip = p->transport + ICMP_BYTES;
    if (p->transport_head < ICMP_BYTES + IP4_BYTES || q->ip[IP4_VERSION_IHL] >> 4 != 4) {
        return false;
    }
    const uint32_t ihl = (q->ip[IP4_VERSION_IHL] & 0xfu) * 4u;
    if (ihl < IP4_BYTES || p->transport_head < ICMP_BYTES + ihl + QUOTED_TRANSPORT_BYTES ||
        get32(q->ip + IP4_SRC) != u->address || (get16(q->ip + IP4_FRAGMENT) & 0x1fffu) != 0) {
        return false;
    }
    q->transport = q->ip + ihl;
    q->protocol = q->ip[IP4_PROTOCOL];
    q->port_at = q->protocol == IP_PROTOCOL_ICMP ? ICMP_ID : 0;
    q->our_port = get16(q->transport + q->port_at);
    q->remote_port = q->protocol == IP_PROTOCOL_ICMP ? 0 : get16(q->transport + UDP_DST);
    return true;
}

/* Whose packet it was, and from which port of the guest. */
static bool find_sender(struct nat *n, const struct quoted *q, uint32_t *guest, uint16_t *port)
{
    const struct nat_flow key = {
        .remote = get32(q->ip + IP4_DST),
        .our_port = q->our_port,
        .remote_port = q->remote_port,
        .protocol = q->protocol,
    };
    if (q->protocol == IP_PROTOCOL_TCP || q->protocol == IP_PROTOCOL_UDP) {
        const struct nat_target *t =
            &(q->protocol == IP_PROTOCOL_TCP ? n->tcp : n->udp)[q->our_port];
        if (t->guest != 0) {
            *guest = t->guest - 1;
            *port = t->port;
            return true;
        }
    }
    const struct nat_flow *flow = nat_flow_find_in(n, &key);
    if (flow == NULL) {
        return false;
    }
    *guest = flow->guest;
    *port = flow->guest_port;
    return true;
}

enum nat_result nat_error_inwards(struct nat *n, const struct plan *plan,
                                  const struct plan_uplink *u, struct packet *p, uint32_t *guest)
{
    const uint8_t type =
        p->protocol == IP_PROTOCOL_ICMP && !p->fragment ? p->transport[ICMP_TYPE] : ICMP_ECHO;
    uint8_t *checksum = p->transport + ICMP_CHECKSUM;
    struct quoted q;
    uint16_t port;

    if ((type != ICMP_UNREACHABLE && type != ICMP_TIME_EXCEEDED && type != ICMP_PARAMETER) ||
        p->frame->needs_csum || !parse_quoted(p, u, &q) || !find_sender(n, &q, guest, &port)) {
        return NAT_NO_FLOW;
    }
    const uint32_t ip = plan_guest_ip4(plan, *guest);
    /* The quoted header's own checksum makes up for the address: the sum of both stays. */
    put16(q.ip + IP4_CHECKSUM,
          checksum_update32(get16(q.ip + IP4_CHECKSUM), get32(q.ip + IP4_SRC), ip));
    put32(q.ip + IP4_SRC, ip);
    put16(q.transport + q.port_at, port);
    put16(checksum, checksum_update16(get16(checksum), q.our_port, port));
    packet_set_ip4(p, IP4_DST, ip);
    return NAT_OK;
}

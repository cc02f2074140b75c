/* SPDX-License-Identifier: Apache-2.0 */
/* switch.c - see switch.h. */
#include "net/switch.h"

#include <string.h>

#include "net/bytes.h"
#include "net/cut.h"
#include "net/echo.h"
#include "net/headers.h"

#define DHCP_CLIENT_PORT 68

const char *switch_counter_text(enum switch_counter c)
{
    static const char *const texts[] = {
#define X(NAME, text) text,
        SWITCH_COUNTERS(X)
#undef X
    };
    return texts[c];
}

static struct switch_verdict drop(struct net_switch *s, enum switch_counter why)
{
    s->dropped[why]++;
    return (struct switch_verdict){.to = SWITCH_DROP};
}

static struct switch_verdict to_guest(uint32_t guest)
{
    return (struct switch_verdict){.to = SWITCH_GUEST, .guest = guest};
}

static struct switch_verdict answer_or_drop(struct net_switch *s, bool answered, uint32_t guest)
{
    return answered ? to_guest(guest) : drop(s, SWITCH_UNANSWERED);
}

static struct switch_verdict drop_untranslated(struct net_switch *s, enum nat_result r)
{
    switch (r) {
    case NAT_FULL:
        return drop(s, SWITCH_FLOWS_FULL);
    case NAT_UNSUPPORTED:
        return drop(s, SWITCH_FRAGMENT);
    default:
        return drop(s, SWITCH_NO_FLOW);
    }
}

enum switch_to switch_address(struct net_switch *s, struct frame *f, uint32_t next_hop,
                              uint32_t now_s, uint32_t *ask)
{
    const enum arp_state state = arp_lookup(&s->arp, next_hop, now_s, f->head + ETH_DST);

    memcpy(f->head + ETH_SRC, s->uplink.mac, ETH_MAC_BYTES);
    *ask = state == ARP_ASK || state == ARP_STALE ? next_hop : 0;
    return state == ARP_KNOWN || state == ARP_STALE ? SWITCH_UPLINK : SWITCH_HOLD;
}

/* Out: to a neighbour or through the uplink's gateway. */
static struct switch_verdict to_uplink(struct net_switch *s, struct frame *f, uint32_t dst,
                                       uint32_t now_s)
{
    const struct plan_uplink *u = &s->uplink;
    const bool direct = ((dst ^ u->address) & u->mask) == 0;
    struct switch_verdict v = {.next_hop = direct ? dst : u->gateway};

    if (v.next_hop == 0 || (direct && (dst & ~u->mask) == ~u->mask && u->mask != UINT32_MAX)) {
        return drop(s, SWITCH_NO_ROUTE);
    }
    v.to = switch_address(s, f, v.next_hop, now_s, &v.ask);
    return v;
}

static struct switch_verdict ip4_outwards(struct net_switch *s, uint32_t guest, struct frame *f,
                                          struct packet *p, uint32_t now_s)
{
    if (s->uplink.address == 0 || p->dst == s->uplink.address) {
        return drop(s, SWITCH_NO_ROUTE);
    }
    if (!packet_age_ip4(p)) {
        return drop(s, SWITCH_TTL);
    }
    const enum nat_result r = nat_outwards(&s->nat, &s->plan, &s->uplink, guest, p, now_s);
    return r == NAT_OK ? to_uplink(s, f, p->dst, now_s) : drop_untranslated(s, r);
}

/* For the gateway itself: echo and DNS; anything else is refused. */
static struct switch_verdict ip4_to_gateway(struct net_switch *s, uint32_t guest, struct frame *f,
                                            struct packet *p, uint32_t now_s)
{
    if (echo_answer_ip4(f, p)) {
        return to_guest(guest);
    }
    const enum nat_result r = nat_outwards(&s->nat, &s->plan, &s->uplink, guest, p, now_s);
    if (r == NAT_OK) {
        return to_uplink(s, f, p->dst, now_s);
    }
    return r == NAT_NO_FLOW && echo_refuse_tcp(f, p) ? to_guest(guest) : drop_untranslated(s, r);
}

static struct switch_verdict ip4_from_guest(struct net_switch *s, uint32_t guest, struct frame *f,
                                            uint32_t now_s)
{
    struct packet p;

    if (!packet_parse_ip4(f, &p)) {
        return drop(s, SWITCH_MALFORMED);
    }
    if (p.src != plan_guest_ip4(&s->plan, guest)) {
        return drop(s, SWITCH_FORGED);
    }
    if (p.dst >= 0xe0000000u || (p.dst >> 24) == 127 || p.dst == 0) { /* multicast, loopback */
        return drop(s, SWITCH_MULTICAST);
    }
    const bool is_outside = !plan_is_inside(&s->plan, p.dst);
    if (is_outside || p.dst == plan_gateway_ip4(&s->plan)) {
        if (!cut_is_sound(&p)) {
            return drop(s, SWITCH_LARGE);
        }
        return is_outside ? ip4_outwards(s, guest, f, &p, now_s)
                          : ip4_to_gateway(s, guest, f, &p, now_s);
    }
    const uint32_t to = plan_guest_of_ip4(&s->plan, p.dst);
    if (to == PLAN_NO_GUEST) {
        return drop(s, SWITCH_NO_ROUTE);
    }
    plan_guest_mac(to, f->head + ETH_DST);
    return to_guest(to);
}

static struct switch_verdict ip6_from_guest(struct net_switch *s, uint32_t guest, struct frame *f)
{
    static const uint8_t unspecified[16];
    struct packet p;

    if (!packet_parse_ip6(f, &p)) {
        return drop(s, SWITCH_MALFORMED);
    }
    if (plan_guest_of_ip6(&s->plan, p.ip + IP6_SRC) != guest &&
        memcmp(p.ip + IP6_SRC, unspecified, sizeof(unspecified)) != 0) {
        return drop(s, SWITCH_FORGED);
    }
    if (echo_answer_neighbour(&s->plan, guest, f, &p)) {
        return to_guest(guest);
    }
    if (p.ip[IP6_DST] == 0xff) {
        return drop(s, SWITCH_MULTICAST);
    }
    if (plan_ip6_is_gateway(&s->plan, p.ip + IP6_DST)) {
        if (frame_is_large(f)) {
            return drop(s, SWITCH_LARGE);
        }
        return answer_or_drop(s, echo_answer_ip6(f, &p), guest);
    }
    const uint32_t to = plan_guest_of_ip6(&s->plan, p.ip + IP6_DST);
    if (to == PLAN_NO_GUEST) {
        return drop(s, SWITCH_NO_ROUTE);
    }
    plan_guest_mac(to, f->head + ETH_DST);
    return to_guest(to);
}

struct switch_verdict switch_from_guest(struct net_switch *s, uint32_t guest, struct frame *f,
                                        uint32_t now_s)
{
    if (!plan_mac_is_guest(f->head + ETH_SRC, guest)) {
        return drop(s, SWITCH_FORGED);
    }
    switch (get16(f->head + ETH_TYPE)) {
    case ETH_TYPE_IP4:
        return ip4_from_guest(s, guest, f, now_s);
    case ETH_TYPE_IP6:
        return ip6_from_guest(s, guest, f);
    case ETH_TYPE_ARP:
        return answer_or_drop(s, arp_from_guest(&s->plan, guest, f), guest);
    default:
        return drop(s, SWITCH_NOT_IP);
    }
}

/* For our address, but for no guest: echo, or a closed port. */
static struct switch_verdict ip4_to_us(struct net_switch *s, struct frame *f, struct packet *p)
{
    if (echo_answer_ip4(f, p) || echo_refuse_tcp(f, p)) {
        memcpy(f->head + ETH_SRC, s->uplink.mac, ETH_MAC_BYTES);
        return (struct switch_verdict){.to = SWITCH_UPLINK};
    }
    return drop(s, SWITCH_NO_FLOW);
}

static struct switch_verdict ip4_from_uplink(struct net_switch *s, struct frame *f, uint32_t now_s)
{
    struct packet p;
    uint32_t guest;

    if (!packet_parse_ip4(f, &p)) {
        return drop(s, SWITCH_MALFORMED);
    }
    if (p.protocol == IP_PROTOCOL_UDP && !p.fragment &&
        get16(p.transport + UDP_DST) == DHCP_CLIENT_PORT) {
        return (struct switch_verdict){.to = SWITCH_LOCAL};
    }
    if (p.dst != s->uplink.address || p.dst == 0) {
        return drop(s, (f->head[ETH_DST] & 1) != 0 ? SWITCH_MULTICAST : SWITCH_NO_ROUTE);
    }
    if (plan_is_inside(&s->plan, p.src) || p.src == p.dst) {
        return drop(s, SWITCH_FORGED);
    }
    if (nat_inwards(&s->nat, &s->plan, &p, now_s, &guest) != NAT_OK &&
        nat_error_inwards(&s->nat, &s->plan, &s->uplink, &p, &guest) != NAT_OK) {
        return ip4_to_us(s, f, &p);
    }
    if (!packet_age_ip4(&p)) {
        return drop(s, SWITCH_TTL);
    }
    plan_guest_mac(guest, f->head + ETH_DST);
    plan_gateway_mac(f->head + ETH_SRC);
    return to_guest(guest);
}

struct switch_verdict switch_from_uplink(struct net_switch *s, struct frame *f, uint32_t now_s)
{
    struct switch_verdict v = {.to = SWITCH_UPLINK};

    if (frame_is_large(f) || f->segment_bytes != 0) {
        return drop(s, SWITCH_LARGE);
    }
    if ((f->head[ETH_DST] & 1) == 0 && !mac_is_equal(f->head + ETH_DST, s->uplink.mac)) {
        return drop(s, SWITCH_NO_ROUTE);
    }
    switch (get16(f->head + ETH_TYPE)) {
    case ETH_TYPE_IP4:
        return ip4_from_uplink(s, f, now_s);
    case ETH_TYPE_ARP:
        if (!arp_from_uplink(&s->arp, &s->uplink, f, now_s, &v.resolved)) {
            const uint32_t resolved = v.resolved;
            v = resolved != 0 ? (struct switch_verdict){.to = SWITCH_DROP}
                              : drop(s, SWITCH_UNANSWERED);
            v.resolved = resolved;
        }
        return v;
    default:
        return drop(s, SWITCH_NOT_IP);
    }
}

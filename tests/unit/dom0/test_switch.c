// SPDX-License-Identifier: Apache-2.0
// sources: dom0/net/switch.c dom0/net/cut.c dom0/net/nat.c dom0/net/nat_flow.c dom0/net/nat_error.c dom0/net/arp.c dom0/net/echo.c
// sources: dom0/net/packet.c dom0/net/plan.c dom0/net/frame.c unikernel-runtime/src/net/checksum.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Where frames go, and what they look like when they arrive: forwarding, published ports, NAT, ARP,
// NDP, and frames that a hostile guest makes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/sums.h"
#include "net/switch.h"
#include "packets.h"
#include "switch_rig.h"

static void checksum_is_the_sum_of_words(void **state)
{
    (void)state;
    uint8_t data[300];
    srandom(11);
    for (uint32_t i = 0; i < 60000; i++) {
        const uint32_t from = (uint32_t)random() % 16, bytes = (uint32_t)random() % 280;
        memset(data, i % 3 == 0 ? 0xff : 0, sizeof(data));
        for (uint32_t k = 0; k < bytes && i % 2 == 0; k++) {
            data[from + k] = (uint8_t)random();
        }
        const uint16_t sum = checksum_sum(data + from, bytes),
                       slow = fold(slow_sum(data + from, bytes));
        assert_true(sum == slow || (sum % 0xffff == 0 && slow % 0xffff == 0));
    }
}

static void guest_reaches_guest_unchanged(void **state)
{
    (void)state;
    struct wire w, before;
    wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(1), GUEST_IP(5)), IP_PROTOCOL_TCP, 1000);
    wire_sum(&w, false);
    before = w;
    struct switch_verdict v = send_from(1, &w, 100);
    assert_int_equal(v.to, SWITCH_GUEST);
    assert_int_equal(v.guest, 5);
    assert_memory_equal(w.data, mac[5], 6);
    assert_int_equal(w.bytes, before.bytes);
    assert_memory_equal(w.data + 6, before.data + 6, before.bytes - 6);
}

static void source_addresses_cannot_be_forged(void **state)
{
    (void)state;
    struct wire w;
    wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(2), GUEST_IP(5)), IP_PROTOCOL_UDP, 10);
    wire_sum(&w, false);
    assert_int_equal(send_from(1, &w, 0).to, SWITCH_DROP);
    wire_ip4(&w, gateway_mac, mac[2], ENDS(GUEST_IP(1), GUEST_IP(5)), IP_PROTOCOL_UDP, 10);
    assert_int_equal(send_from(1, &w, 0).to, SWITCH_DROP);
    assert_int_equal(sw->dropped[SWITCH_FORGED], 2);
}

static void broadcast_and_multicast_are_not_flooded(void **state)
{
    (void)state;
    struct wire w;
    static const uint32_t to[] = {0xffffffffu, NET + 0xffff, NET, 0xe0000001u, 0x7f000001u, 0};
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(1), to[i]), IP_PROTOCOL_UDP, 10);
        assert_int_equal(send_from(1, &w, 0).to, SWITCH_DROP);
    }
}

/* One packet out and its answer in, with all checksums right at both ends. */
static void round_trip(uint8_t protocol, uint32_t payload, bool partial)
{
    struct wire w;
    wire_ip4(&w, gateway_mac, mac[3], ENDS(GUEST_IP(3), REMOTE), protocol, payload);
    wire_ports(&w, 40000, 443);
    if (protocol == IP_PROTOCOL_ICMP) {
        wire_ports(&w, ICMP_ECHO << 8, 0);
        put16(w.data + 34 + ICMP_ID, 777);
    }
    wire_sum(&w, partial);
    struct switch_verdict v = send_from(3, &w, 0);
    assert_int_equal(v.to, SWITCH_UPLINK);
    assert_memory_equal(w.data, router_mac, 6);
    assert_memory_equal(w.data + 6, our_mac, 6);
    assert_int_equal(get32(w.data + 14 + IP4_SRC), OUR);
    assert_int_equal(w.data[14 + IP4_TTL], 63);
    assert_true(sums_are_right(w.data));
    const uint16_t our_port = get16(w.data + 34 + (protocol == IP_PROTOCOL_ICMP ? 4 : 0));
    assert_true(our_port >= NAT_FIRST_PORT);

    wire_ip4(&w, our_mac, router_mac, ENDS(REMOTE, OUR), protocol, payload);
    wire_ports(&w, 443, our_port);
    if (protocol == IP_PROTOCOL_ICMP) {
        wire_ports(&w, ICMP_ECHO_REPLY << 8, 0);
        put16(w.data + 34 + ICMP_ID, our_port);
    }
    wire_sum(&w, false);
    v = send_from_uplink(&w);
    assert_int_equal(v.to, SWITCH_GUEST);
    assert_int_equal(v.guest, 3);
    assert_memory_equal(w.data, mac[3], 6);
    assert_int_equal(get32(w.data + 14 + IP4_DST), GUEST_IP(3));
    assert_int_equal(get16(w.data + 34 + (protocol == IP_PROTOCOL_ICMP ? 4 : 2)),
                     protocol == IP_PROTOCOL_ICMP ? 777 : 40000);
    assert_true(sums_are_right(w.data));
}

static void connections_outwards_are_translated_both_ways(void **state)
{
    (void)state;
    learn(ROUTER);
    for (uint32_t payload = 0; payload < 1400; payload += payload < 8 ? 1 : 331) {
        round_trip(IP_PROTOCOL_TCP, payload, false);
        round_trip(IP_PROTOCOL_UDP, payload, false);
        round_trip(IP_PROTOCOL_ICMP, payload, false);
        round_trip(IP_PROTOCOL_TCP, payload, true);
        round_trip(IP_PROTOCOL_UDP, payload, true);
        round_trip(IP_PROTOCOL_ICMP, payload, true);
    }
    assert_int_equal(sw->nat.flow_count, 3);
}

static void udp_without_checksum_stays_without(void **state)
{
    (void)state;
    struct wire w;
    learn(ROUTER);
    wire_ip4(&w, gateway_mac, mac[3], ENDS(GUEST_IP(3), REMOTE), IP_PROTOCOL_UDP, 20);
    wire_ports(&w, 1, 2);
    assert_int_equal(send_from(3, &w, 0).to, SWITCH_UPLINK);
    assert_int_equal(get16(w.data + 34 + UDP_CHECKSUM), 0);
}

static void published_port_reaches_its_guest_and_back(void **state)
{
    (void)state;
    struct wire w;
    learn(ROUTER);
    assert_int_equal(nat_publish(&sw->nat, 4, IP_PROTOCOL_TCP, 8080, 80), NAT_PUBLISHED);
    wire_ip4(&w, our_mac, router_mac, ENDS(ROUTER, OUR), IP_PROTOCOL_TCP, 33);
    wire_ports(&w, 50123, 8080);
    wire_sum(&w, false);
    struct switch_verdict v = send_from_uplink(&w);
    assert_int_equal(v.to, SWITCH_GUEST);
    assert_int_equal(v.guest, 4);
    assert_int_equal(get16(w.data + 36), 80);
    assert_int_equal(get32(w.data + 14 + IP4_DST), GUEST_IP(4));
    assert_true(sums_are_right(w.data));

    wire_ip4(&w, gateway_mac, mac[4], ENDS(GUEST_IP(4), ROUTER), IP_PROTOCOL_TCP, 1300);
    wire_ports(&w, 80, 50123);
    wire_sum(&w, true);
    assert_int_equal(send_from(4, &w, 0).to, SWITCH_UPLINK);
    assert_int_equal(get16(w.data + 34), 8080);
    assert_int_equal(get32(w.data + 14 + IP4_SRC), OUR);
    assert_true(sums_are_right(w.data));
    assert_int_equal(sw->nat.flow_count, 0);
}

static void published_ports_do_not_collide(void **state)
{
    (void)state;
    struct nat *n = &sw->nat;
    assert_int_equal(nat_publish(n, 4, IP_PROTOCOL_TCP, 8080, 80), NAT_PUBLISHED);
    assert_int_equal(nat_publish(n, 4, IP_PROTOCOL_TCP, 8080, 80), NAT_PUBLISHED);
    assert_int_equal(nat_publish(n, 5, IP_PROTOCOL_TCP, 8080, 80), NAT_PORT_TAKEN);
    assert_int_equal(nat_publish(n, 4, IP_PROTOCOL_TCP, 8081, 80), NAT_PORT_TWICE);
    assert_int_equal(nat_publish(n, 5, IP_PROTOCOL_UDP, 8080, 80), NAT_PUBLISHED);
    for (uint16_t i = 1; i < NAT_PUBLISHED_MAX; i++) {
        assert_int_equal(nat_publish(n, 4, IP_PROTOCOL_TCP, (uint16_t)(9000 + i), i),
                         NAT_PUBLISHED);
    }
    assert_int_equal(nat_publish(n, 4, IP_PROTOCOL_TCP, 9999, 99), NAT_TOO_MANY);
    assert_int_equal(nat_owner(n, IP_PROTOCOL_TCP, 8080), 4);
    nat_forget_guest(n, 4);
    assert_int_equal(nat_owner(n, IP_PROTOCOL_TCP, 8080), PLAN_NO_GUEST);
    assert_int_equal(nat_owner(n, IP_PROTOCOL_UDP, 8080), 5);
    assert_int_equal(nat_publish(n, 5, IP_PROTOCOL_TCP, 8080, 80), NAT_PUBLISHED);
}

static void closed_port_is_refused(void **state)
{
    (void)state;
    struct wire w;
    wire_ip4(&w, our_mac, router_mac, ENDS(ROUTER, OUR), IP_PROTOCOL_TCP, 0);
    wire_ports(&w, 50123, 9090);
    w.data[34 + TCP_FLAGS] = TCP_SYN;
    put32(w.data + 34 + TCP_SEQUENCE, 1000);
    wire_sum(&w, false);
    assert_int_equal(send_from_uplink(&w).to, SWITCH_UPLINK);
    assert_memory_equal(w.data, router_mac, 6);
    assert_memory_equal(w.data + 6, our_mac, 6);
    assert_int_equal(w.data[34 + TCP_FLAGS] & TCP_RST, TCP_RST);
    assert_int_equal(get32(w.data + 34 + TCP_ACKNOWLEDGED), 1001);
    assert_int_equal(get16(w.data + 34), 9090);
    assert_true(sums_are_right(w.data));
    assert_int_equal(send_from_uplink(&w).to, SWITCH_DROP); /* and a reset is not answered */
}

static void names_are_resolved_through_the_gateway(void **state)
{
    (void)state;
    struct wire w;
    learn(DNS);
    wire_ip4(&w, gateway_mac, mac[2], ENDS(GUEST_IP(2), NET + 1), IP_PROTOCOL_UDP, 40);
    wire_ports(&w, 5353, 53);
    wire_sum(&w, false);
    assert_int_equal(send_from(2, &w, 0).to, SWITCH_UPLINK);
    assert_int_equal(get32(w.data + 14 + IP4_DST), DNS);
    assert_true(sums_are_right(w.data));
    const uint16_t our_port = get16(w.data + 34);

    wire_ip4(&w, our_mac, router_mac, ENDS(DNS, OUR), IP_PROTOCOL_UDP, 100);
    wire_ports(&w, 53, our_port);
    wire_sum(&w, false);
    assert_int_equal(send_from_uplink(&w).to, SWITCH_GUEST);
    assert_int_equal(get32(w.data + 14 + IP4_SRC), NET + 1);
    assert_int_equal(get16(w.data + 36), 5353);
    assert_true(sums_are_right(w.data));
}

static void echo_is_answered(void **state)
{
    (void)state;
    struct wire w;
    for (int partial = 0; partial < 2; partial++) {
        wire_ip4(&w, gateway_mac, mac[2], ENDS(GUEST_IP(2), NET + 1), IP_PROTOCOL_ICMP, 57);
        wire_ports(&w, ICMP_ECHO << 8, 0);
        wire_sum(&w, partial != 0);
        struct switch_verdict v = send_from(2, &w, 0);
        assert_int_equal(v.to, SWITCH_GUEST);
        assert_int_equal(v.guest, 2);
        assert_int_equal(w.data[34], ICMP_ECHO_REPLY);
        assert_int_equal(get32(w.data + 14 + IP4_DST), GUEST_IP(2));
        assert_true(sums_are_right(w.data));
    }
    wire_ip4(&w, our_mac, router_mac, ENDS(ROUTER, OUR), IP_PROTOCOL_ICMP, 57);
    wire_ports(&w, ICMP_ECHO << 8, 0);
    wire_sum(&w, false);
    assert_int_equal(send_from_uplink(&w).to, SWITCH_UPLINK);
    assert_memory_equal(w.data, router_mac, 6);
    assert_true(sums_are_right(w.data));
}

static void fragments_are_not_translated(void **state)
{
    (void)state;
    struct wire w;
    learn(ROUTER);
    wire_ip4(&w, gateway_mac, mac[3], ENDS(GUEST_IP(3), REMOTE), IP_PROTOCOL_UDP, 20);
    put16(w.data + 14 + IP4_FRAGMENT, 0x2000);
    assert_int_equal(send_from(3, &w, 0).to, SWITCH_DROP);
    wire_ip4(&w, gateway_mac, mac[3], ENDS(GUEST_IP(3), GUEST_IP(4)), IP_PROTOCOL_UDP, 20);
    put16(w.data + 14 + IP4_FRAGMENT, 0x0010);
    assert_int_equal(send_from(3, &w, 0).to, SWITCH_GUEST);
    assert_int_equal(sw->dropped[SWITCH_FRAGMENT], 1);
}

static void unknown_next_hop_is_asked_for_once(void **state)
{
    (void)state;
    struct wire w;
    for (int i = 0; i < 2; i++) {
        wire_ip4(&w, gateway_mac, mac[3], ENDS(GUEST_IP(3), REMOTE), IP_PROTOCOL_UDP, 20);
        wire_sum(&w, false);
        struct switch_verdict v = send_from(3, &w, 0);
        assert_int_equal(v.to, SWITCH_HOLD);
        assert_int_equal(v.next_hop, ROUTER);
        assert_int_equal(v.ask, i == 0 ? ROUTER : 0);
    }
}

static void gateway_stays_known(void **state)
{
    (void)state;
    uint8_t found[6];
    sw->arp.gateway_ip = ROUTER;
    learn(ROUTER);
    for (uint32_t i = 0; i < 70000; i++) {
        arp_lookup(&sw->arp, (OUR & 0xffff0000u) + i, 2, found);
    }
    assert_int_equal(arp_lookup(&sw->arp, ROUTER, 2, found), ARP_KNOWN);
    assert_memory_equal(found, router_mac, 6);
}

static void arp_is_answered_for_everybody_else(void **state)
{
    (void)state;
    struct wire w;
    static const struct {
        uint32_t ip, answered;
    } rows[] = {{NET + 1, 1}, {GUEST_IP(6), 1}, {GUEST_IP(2), 0}, {NET, 0}, {REMOTE, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frame f;
        const struct plan_uplink asker = {.address = GUEST_IP(2)};
        memset(&w, 0, sizeof(w));
        arp_put_request(&f, &asker, rows[i].ip);
        memcpy(f.head + ETH_SRC, mac[2], 6);
        memcpy(f.head + ETH_BYTES + ARP_SENDER_MAC, mac[2], 6);
        wire_store(&f, &w);
        struct switch_verdict v = send_from(2, &w, 0);
        assert_int_equal(v.to, rows[i].answered ? SWITCH_GUEST : SWITCH_DROP);
        if (rows[i].answered) {
            assert_int_equal(v.guest, 2);
            assert_memory_equal(w.data, mac[2], 6);
            assert_memory_equal(w.data + 14 + ARP_SENDER_MAC, i == 0 ? gateway_mac : mac[6], 6);
            assert_int_equal(get32(w.data + 14 + ARP_SENDER_IP), rows[i].ip);
            assert_int_equal(get32(w.data + 14 + ARP_TARGET_IP), GUEST_IP(2));
        }
    }
}

static bool ip6_sum_is_right(const struct wire *w)
{
    const uint8_t *ip = w->data + 14;
    const uint32_t bytes = get16(ip + IP6_PAYLOAD_BYTES);
    return fold(fold(slow_sum(ip + IP6_SRC, 32) + bytes + ip[IP6_NEXT]) +
                slow_sum(ip + IP6_BYTES, bytes)) == 0xffff;
}

static void neighbours_are_answered_for(void **state)
{
    (void)state;
    struct wire w;
    uint8_t solicited[16] = {0xff, 2}, target[16];
    plan_guest_ip6(&sw->plan, 6, target);
    wire_ip6(&w, 2, solicited, IP_PROTOCOL_ICMP6, 32);
    put16(w.data + 54, ICMP6_NS << 8);
    memcpy(w.data + 54 + ICMP6_ND_TARGET, target, 16);
    struct switch_verdict v = send_from(2, &w, 0);
    assert_int_equal(v.to, SWITCH_GUEST);
    assert_int_equal(v.guest, 2);
    assert_int_equal(w.data[54], ICMP6_NA);
    assert_memory_equal(w.data + 54 + ICMP6_ND_OPTIONS + 2, mac[6], 6);
    assert_memory_equal(w.data + 14 + IP6_SRC, target, 16);
    assert_true(ip6_sum_is_right(&w));

    plan_guest_ip6(&sw->plan, 2, target); /* is my address in use? */
    wire_ip6(&w, 2, solicited, IP_PROTOCOL_ICMP6, 32);
    put16(w.data + 54, ICMP6_NS << 8);
    memcpy(w.data + 54 + ICMP6_ND_TARGET, target, 16);
    assert_int_equal(send_from(2, &w, 0).to, SWITCH_DROP);
}

static void ip6_reaches_guests_and_the_gateway(void **state)
{
    (void)state;
    struct wire w;
    uint8_t dst[16];
    plan_guest_ip6(&sw->plan, 7, dst);
    wire_ip6(&w, 1, dst, IP_PROTOCOL_TCP, 20);
    w.data[54 + TCP_OFFSET] = 5 << 4;
    struct switch_verdict v = send_from(1, &w, 0);
    assert_int_equal(v.to, SWITCH_GUEST);
    assert_int_equal(v.guest, 7);
    plan_gateway_ip6(&sw->plan, dst);
    wire_ip6(&w, 1, dst, IP_PROTOCOL_ICMP6, 16);
    put16(w.data + 54, ICMP6_ECHO << 8);
    put16(w.data + 56, (uint16_t)~fold(fold(slow_sum(w.data + 14 + IP6_SRC, 32) + 16 + 58) +
                                       slow_sum(w.data + 54, 16)));
    v = send_from(1, &w, 0);
    assert_int_equal(v.to, SWITCH_GUEST);
    assert_int_equal(v.guest, 1);
    assert_int_equal(w.data[54], ICMP6_ECHO_REPLY);
    assert_true(ip6_sum_is_right(&w));
}

static void one_guest_cannot_take_all_flows(void **state)
{
    (void)state;
    struct wire w;
    learn(ROUTER);
    for (uint32_t i = 0; i < 3 * NAT_FLOWS_PER_GUEST; i++) {
        wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(1), REMOTE + i % 5), IP_PROTOCOL_UDP, 0);
        wire_ports(&w, (uint16_t)i, (uint16_t)(i >> 14));
        send_from(1, &w, 0);
    }
    assert_int_equal(sw->nat.flow_count, NAT_FLOWS_PER_GUEST);
    assert_int_equal(sw->dropped[SWITCH_FLOWS_FULL], 2 * NAT_FLOWS_PER_GUEST);
    nat_forget_guest(&sw->nat, 1);
    assert_int_equal(sw->nat.flow_count, 0);
    round_trip(IP_PROTOCOL_TCP, 10, false);
}

static void flows_end_when_they_are_idle(void **state)
{
    (void)state;
    learn(ROUTER);
    round_trip(IP_PROTOCOL_TCP, 1, false);
    round_trip(IP_PROTOCOL_UDP, 1, false);
    round_trip(IP_PROTOCOL_ICMP, 1, false);
    nat_expire(&sw->nat, 31, 100);
    assert_int_equal(sw->nat.flow_count, 3);
    nat_expire(&sw->nat, 32, 100);
    assert_int_equal(sw->nat.flow_count, 2);
    nat_expire(&sw->nat, 122, 100);
    assert_int_equal(sw->nat.flow_count, 1);
    nat_expire(&sw->nat, 8000, 100);
    assert_int_equal(sw->nat.flow_count, 0);
}

/* Makes the error of type `type` about the frame in *w, as a router would. */
static void make_error(struct wire *w, uint8_t type)
{
    struct wire e;
    wire_ip4(&e, our_mac, router_mac, ENDS(REMOTE + 9, OUR), IP_PROTOCOL_ICMP, 28);
    put16(e.data + 34, (uint16_t)(type << 8 | 4));
    memcpy(e.data + 42, w->data + 14, 28);
    wire_sum(&e, false);
    *w = e;
}

static void errors_reach_the_guest_that_caused_them(void **state)
{
    (void)state;
    struct wire w;
    static const uint8_t protocols[] = {IP_PROTOCOL_TCP, IP_PROTOCOL_UDP, IP_PROTOCOL_ICMP};
    learn(ROUTER);
    for (size_t i = 0; i < sizeof(protocols); i++) {
        wire_ip4(&w, gateway_mac, mac[3], ENDS(GUEST_IP(3), REMOTE), protocols[i], 50);
        wire_ports(&w, 40000, 443);
        if (protocols[i] == IP_PROTOCOL_ICMP) {
            wire_ports(&w, ICMP_ECHO << 8, 0);
            put16(w.data + 34 + ICMP_ID, 40000);
        }
        wire_sum(&w, false);
        assert_int_equal(send_from(3, &w, 0).to, SWITCH_UPLINK);
        make_error(&w, ICMP_UNREACHABLE);
        struct switch_verdict v = send_from_uplink(&w);
        assert_int_equal(v.to, SWITCH_GUEST);
        assert_int_equal(v.guest, 3);
        assert_true(sums_are_right(w.data));
        assert_int_equal(get32(w.data + 42 + IP4_SRC), GUEST_IP(3));
        assert_int_equal(fold(slow_sum(w.data + 42, 20)), 0xffff);
        assert_int_equal(get16(w.data + 62 + (protocols[i] == IP_PROTOCOL_ICMP ? 4 : 0)), 40000);
    }
    nat_forget_guest(&sw->nat, 3);
    wire_ip4(&w, our_mac, router_mac, ENDS(OUR, REMOTE), IP_PROTOCOL_TCP, 8);
    make_error(&w, ICMP_TIME_EXCEEDED);
    assert_int_equal(send_from_uplink(&w).to, SWITCH_DROP);
}

static void full_table_gives_up_the_least_important(void **state)
{
    (void)state;
    struct nat *n = &sw->nat;
    struct wire w;
    struct frame f;
    struct packet p;
    learn(ROUTER);
    round_trip(IP_PROTOCOL_TCP, 1, false); /* open */
    for (uint32_t i = 0; i < NAT_FLOWS + 1000; i++) {
        const uint32_t guest = 10 + i % 20;
        wire_ip4(&w, gateway_mac, mac[0], ENDS(GUEST_IP(guest), REMOTE), IP_PROTOCOL_UDP, 0);
        wire_ports(&w, (uint16_t)(i / 20), (uint16_t)(i % 7));
        assert_true(wire_load(&w, &f, 0));
        assert_true(packet_parse_ip4(&f, &p));
        assert_int_equal(nat_outwards(n, &sw->plan, &sw->uplink, guest, &p, 1), NAT_OK);
    }
    assert_int_equal(n->flow_count, NAT_FLOWS);
    assert_int_equal(n->guests[3].flow_count, 1);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 40; i++) {
        sum += n->guests[i].flow_count;
        nat_forget_guest(n, i);
    }
    assert_int_equal(sum, NAT_FLOWS);
    assert_int_equal(n->flow_count, 0);
    for (uint32_t i = 0; i < NAT_BUCKETS; i++) {
        assert_int_equal(n->in[i] | n->out[i], 0);
    }
}

/* ---- memory ---- */

static uint32_t claims_left, claimed_count;
static struct {
    const uint8_t *start, *end;
} claimed[1024];

static bool claim_some(void *p, size_t bytes)
{
    if (claims_left == 0) {
        return false;
    }
    claims_left--;
    claimed[claimed_count].start = p;
    claimed[claimed_count++].end = (const uint8_t *)p + bytes;
    return true;
}

/* What was written without being claimed. */
static uint32_t unclaimed(const void *table, size_t bytes)
{
    uint32_t count = 0;
    for (const uint8_t *at = table; at < (const uint8_t *)table + bytes; at++) {
        bool is_claimed = *at == 0;
        for (uint32_t i = 0; i < claimed_count && !is_claimed; i++) {
            is_claimed = at >= claimed[i].start && at < claimed[i].end;
        }
        count += !is_claimed;
    }
    return count;
}

static uint32_t open_udp_flows(uint32_t guest, uint32_t count)
{
    uint32_t opened = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct wire w;
        wire_ip4(&w, gateway_mac, mac[guest], ENDS(GUEST_IP(guest), REMOTE), IP_PROTOCOL_UDP, 0);
        wire_ports(&w, (uint16_t)i, 7);
        opened += send_from(guest, &w, 0).to != SWITCH_DROP;
    }
    return opened;
}

static void flows_write_only_memory_that_is_there(void **state)
{
    (void)state;
    struct nat *n = &sw->nat;

    n->claim = claim_some;
    learn(ROUTER);
    for (uint32_t left = 0; left < 140; left += left < 8 ? 1 : 20) {
        claims_left = left;
        claimed_count = 0;
        n->flows_there = n->fresh_flow = n->free_flow = 0;
        n->in_there = n->out_there = 0;
        memset(n->flows, 0, sizeof(n->flows));
        const uint32_t opened = open_udp_flows(1, 3000);
        assert_int_equal(opened == 0, left < 3); /* two slices of buckets, one of flows */
        assert_int_equal(opened == 3000, left >= 64 * 2 + 1);
        assert_true(n->flow_count <= n->flows_there && n->flows_there <= 3072);
        assert_int_equal(unclaimed(n->flows, sizeof(n->flows)), 0);
        assert_int_equal(unclaimed(n->in, sizeof(n->in)), 0);
        assert_int_equal(unclaimed(n->out, sizeof(n->out)), 0);
        nat_forget_guest(n, 1);
        assert_int_equal(n->flow_count, 0);
    }
    claims_left = UINT32_MAX;
    round_trip(IP_PROTOCOL_TCP, 10, false); /* with memory, all is well again */
}

static void open_flows_go_on_without_memory(void **state)
{
    (void)state;
    sw->nat.claim = claim_some;
    claims_left = 1000;
    claimed_count = 0;
    learn(ROUTER);
    assert_int_equal(open_udp_flows(1, 200), 200);
    claims_left = 0;
    assert_int_equal(open_udp_flows(1, 200), 200); /* the same ones */
    assert_int_equal(sw->nat.flow_count, 200);
    open_udp_flows(1, 2000);
    assert_int_equal(sw->nat.flow_count, NAT_FLOWS_SLICE); /* in the place of older ones */
}

static void hostile_frames_do_no_harm(void **state)
{
    (void)state;
    struct wire w;
    struct frame f;
    uint32_t delivered = 0;
    srandom(7);
    learn(ROUTER);
    nat_publish(&sw->nat, 1, IP_PROTOCOL_TCP, 8080, 80);
    nat_publish(&sw->nat, 1, IP_PROTOCOL_UDP, 8080, 80);
    for (uint32_t i = 0; i < 300000; i++) {
        static const uint8_t protocols[] = {1, 6, 17, 58};
        uint8_t dst[16] = {0xfd, 0x77};
        dst[15] = (uint8_t)(random() % 8);
        if (i % 3 == 0) {
            wire_ip6(&w, 1, dst, protocols[random() % 4], (uint32_t)random() % 300);
        } else {
            wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(1), i % 2 ? REMOTE : NET + i % 8),
                     protocols[random() % 3], (uint32_t)random() % 300);
        }
        if (i % 5 == 0) { /* from outside: for us, with a quoted packet of ours in it */
            memcpy(w.data, our_mac, 6);
            put32(w.data + 14 + IP4_SRC, REMOTE);
            put32(w.data + 14 + IP4_DST, OUR);
            w.data[34] = (uint8_t)(i % 3 == 0 ? random() % 13 : w.data[34]);
            put16(w.data + 36, 8080);
            memcpy(w.data + 42, w.data + 14, 28);
            put32(w.data + 42 + IP4_SRC, OUR);
        }
        w.hdr.flags = (uint8_t)(random() % 4);
        w.hdr.csum_start = (uint16_t)(random() % 200);
        w.hdr.csum_offset = (uint16_t)(random() % 20);
        for (uint32_t k = (uint32_t)random() % 6; k > 0; k--) {
            w.data[(uint32_t)random() % 80] = (uint8_t)random();
        }
        w.bytes = random() % 2 == 0 ? w.bytes : (uint32_t)random() % 400;
        if (!wire_load(&w, &f, (uint32_t)random() % 90)) {
            continue;
        }
        const struct switch_verdict v = i % 5 == 0 ? switch_from_uplink(sw, &f, i / 1000)
                                                   : switch_from_guest(sw, 1, &f, i / 1000);
        if (v.to != SWITCH_DROP) {
            wire_store(&f, &w);
            assert_true(w.bytes <= FRAME_MAX_BYTES);
            delivered++;
        }
    }
    assert_true(delivered > 1000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(checksum_is_the_sum_of_words),
        T(guest_reaches_guest_unchanged),
        T(source_addresses_cannot_be_forged),
        T(broadcast_and_multicast_are_not_flooded),
        T(connections_outwards_are_translated_both_ways),
        T(udp_without_checksum_stays_without),
        T(published_port_reaches_its_guest_and_back),
        T(published_ports_do_not_collide),
        T(closed_port_is_refused),
        T(names_are_resolved_through_the_gateway),
        T(echo_is_answered),
        T(fragments_are_not_translated),
        T(unknown_next_hop_is_asked_for_once),
        T(gateway_stays_known),
        T(arp_is_answered_for_everybody_else),
        T(neighbours_are_answered_for),
        T(ip6_reaches_guests_and_the_gateway),
        T(one_guest_cannot_take_all_flows),
        T(flows_end_when_they_are_idle),
        T(errors_reach_the_guest_that_caused_them),
        T(full_table_gives_up_the_least_important),
        T(flows_write_only_memory_that_is_there),
        T(open_flows_go_on_without_memory),
        T(hostile_frames_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

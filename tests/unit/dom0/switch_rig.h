// SPDX-License-Identifier: Apache-2.0
// cflags: -Idom0 -Iunikernel-runtime/src
/* switch_rig.h - a switch with its guests, an uplink, and what goes through it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/switch.h"
#include "packets.h"

#define NET 0x0a4d0000u    /* 10.77.0.0/16 */
#define OUR 0x0a00020fu    /* 10.0.2.15 */
#define ROUTER 0x0a000202u /* 10.0.2.2 */
#define DNS 0x0a000203u    /* 10.0.2.3 */
#define REMOTE 0x5db8d822u /* 93.184.216.34 */
#define GUEST_IP(i) (NET + 2 + (i))
#define ENDS(src, dst) ((const uint32_t[]){src, dst})

static struct net_switch *sw;
static uint8_t mac[8][6], gateway_mac[6];
static const uint8_t router_mac[6] __attribute__((unused)) = {0x52, 0x55, 10, 0, 2, 2};
static const uint8_t our_mac[6] __attribute__((unused)) = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static inline int set_up(void **state)
{
    (void)state;
    sw = calloc(1, sizeof(*sw));
    assert_non_null(sw);
    sw->plan = (struct plan){.net = NET, .mask = 0xffff0000u, .net6 = {0xfd, 0x77}};
    sw->uplink = (struct plan_uplink){
        .mtu = 1500, .address = OUR, .mask = 0xffffff00u, .gateway = ROUTER, .dns = DNS};
    memcpy(sw->uplink.mac, our_mac, 6);
    sw->nat.secret = 0x1234567890abcdefu;
    for (uint32_t i = 0; i < 8; i++) {
        plan_guest_mac(i, mac[i]);
    }
    plan_gateway_mac(gateway_mac);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    free(sw);
    return 0;
}

static inline void learn(uint32_t ip)
{
    struct frame f;
    uint8_t unused[6];
    uint32_t resolved;

    assert_int_equal(arp_lookup(&sw->arp, ip, 1, unused), ARP_ASK);
    arp_put_request(&f, &sw->uplink, OUR);
    put16(f.head + ETH_BYTES + ARP_OPERATION, ARP_REPLY);
    memcpy(f.head + ETH_BYTES + ARP_SENDER_MAC, router_mac, 6);
    put32(f.head + ETH_BYTES + ARP_SENDER_IP, ip);
    assert_false(arp_from_uplink(&sw->arp, &sw->uplink, &f, 1, &resolved));
    assert_int_equal(resolved, ip);
}

static inline struct switch_verdict send_from(uint32_t guest, struct wire *w, uint32_t step)
{
    struct frame f;
    assert_true(wire_load(w, &f, step));
    struct switch_verdict v = switch_from_guest(sw, guest, &f, 1);
    wire_store(&f, w);
    return v;
}

static inline struct switch_verdict send_from_uplink(struct wire *w)
{
    struct frame f;
    assert_true(wire_load(w, &f, 0));
    struct switch_verdict v = switch_from_uplink(sw, &f, 1);
    wire_store(&f, w);
    return v;
}

static inline void wire_ip6(struct wire *w, uint32_t guest, const uint8_t dst[16], uint8_t next,
                            uint32_t payload)
{
    memset(w, 0, sizeof(*w));
    memcpy(w->data + ETH_DST, gateway_mac, 6);
    memcpy(w->data + ETH_SRC, mac[guest], 6);
    put16(w->data + ETH_TYPE, ETH_TYPE_IP6);
    w->data[14] = 0x60;
    put16(w->data + 14 + IP6_PAYLOAD_BYTES, (uint16_t)payload);
    w->data[14 + IP6_NEXT] = next;
    w->data[14 + IP6_HOP_LIMIT] = 255;
    plan_guest_ip6(&sw->plan, guest, w->data + 14 + IP6_SRC);
    memcpy(w->data + 14 + IP6_DST, dst, 16);
    w->bytes = ETH_BYTES + IP6_BYTES + payload;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.c - see uplink.h. Also drives the network: one poller of the idle loop (thread/idle.h)
 * moves frames between the card and the guests, round by round.
 */
#include "net/uplink.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio_net.h"
#include "mayfly/hypercall.h"
#include "net/bytes.h"
#include "net/cut.h"
#include "net/dhcp.h"
#include "net/headers.h"
#include "net/merge.h"
#include "net/netback.h"
#include "seed.h"
#include "tags.h"
#include "text/term.h"
#include "thread/idle.h"
#include "thread/sleep.h"

#define BATCH 128                /* frames taken from the card in one round */
#define BEHIND_NS (MF_NS_PER_MS) /* between two rounds, while guests have to catch up */
#define HELD_MAX 16              /* frames that wait for a MAC */
#define HELD_S 3
#define EXPIRE_NS (5 * MF_NS_PER_S) /* between two looks at old flows */
#define EXPIRE_LIMIT 1024

struct held {
    uint32_t next_hop; /* 0: free */
    uint32_t since_s;
    uint32_t bytes;
    bool needs_csum;
    uint16_t csum_start, csum_offset;
    uint8_t data[FRAME_MAX_BYTES];
};

static bool is_present;
static bool wants_room;       /* guests are stalled */
static uint64_t next_take_ns; /* from the card, while guests are behind */
static bool use_dhcp;
static uint32_t own_dns; /* from the settings; 0: as DHCP says */
static struct dhcp dhcp;
static struct held held[HELD_MAX];
static struct mf_timer dhcp_timer, expire_timer;

static uint32_t seconds_now(void)
{
    return (uint32_t)(mf_clock_ns() / MF_NS_PER_S);
}

static uint64_t now_ms(void)
{
    return mf_clock_ns() / MF_NS_PER_MS;
}

bool uplink_is_present(void)
{
    return is_present;
}

bool uplink_has_room(uint32_t frames)
{
    if (!is_present || virtio_net_has_room(frames)) {
        return true; /* without a card, frames vanish */
    }
    wants_room = true;
    return false;
}

void uplink_send(const struct frame *f)
{
    if (is_present) {
        virtio_net_send(f);
    }
}

/* Makes a frame of bytes that lie in one place and stay there until it is sent. */
static void wrap(struct frame *f, uint8_t *data, uint32_t bytes)
{
    const uint32_t head = bytes < FRAME_HEAD_BYTES ? bytes : FRAME_HEAD_BYTES;
    frame_reset(f, head);
    memcpy(f->head, data, head);
    f->rest_bytes = bytes - head;
    f->rest_count = f->rest_bytes != 0;
    f->rest[0] = (struct virtq_piece){data + head, f->rest_bytes};
}

/* Copies a frame to one place; `data` has FRAME_MAX_BYTES. */
static uint32_t unwrap(const struct frame *f, uint8_t *data)
{
    uint32_t at = f->head_bytes;
    memcpy(data, f->head, at);
    for (uint32_t i = 0; i < f->rest_count && f->rest[i].bytes <= FRAME_MAX_BYTES - at; i++) {
        memcpy(data + at, f->rest[i].data, f->rest[i].bytes);
        at += f->rest[i].bytes;
    }
    return at;
}

/* ---- frames that wait for a MAC ----------------------------------------------------------- */

void uplink_ask(uint32_t ip)
{
    struct frame f;
    arp_put_request(&f, &netback_switch.uplink, ip);
    uplink_send(&f);
}

void uplink_hold(const struct frame *f, uint32_t next_hop)
{
    const uint32_t now_s = seconds_now();
    for (uint32_t i = 0; i < HELD_MAX && f->segment_bytes == 0; i++) {
        struct held *h = &held[i];
        if (h->next_hop != 0 && now_s - h->since_s <= HELD_S) {
            continue;
        }
        h->next_hop = next_hop;
        h->since_s = now_s;
        h->bytes = unwrap(f, h->data);
        h->needs_csum = f->needs_csum;
        h->csum_start = f->csum_start;
        h->csum_offset = f->csum_offset;
        return;
    }
}

static void send_held(uint32_t next_hop)
{
    for (uint32_t i = 0; i < HELD_MAX; i++) {
        struct held *h = &held[i];
        struct frame f;
        uint32_t ask;
        if (h->next_hop != next_hop) {
            continue;
        }
        wrap(&f, h->data, h->bytes);
        f.needs_csum = h->needs_csum;
        f.csum_start = h->csum_start;
        f.csum_offset = h->csum_offset;
        if (switch_address(&netback_switch, &f, next_hop, seconds_now(), &ask) == SWITCH_UPLINK) {
            uplink_send(&f);
        }
        h->next_hop = 0;
    }
}

/* ---- DHCP --------------------------------------------------------------------------------- */

static void run_dhcp(void)
{
    static uint8_t data[DHCP_FRAME_BYTES];
    struct frame f;
    const uint32_t bytes = dhcp_due(&dhcp, now_ms(), data);
    if (bytes != 0) {
        wrap(&f, data, bytes);
        uplink_send(&f);
        virtio_net_flush();
    }
    mf_timer_set(&dhcp_timer, dhcp.next_ms * MF_NS_PER_MS);
}

static void dhcp_expired(struct mf_timer *t)
{
    (void)t;
    run_dhcp();
}

static void take_local(const struct frame *f)
{
    uint8_t data[FRAME_MAX_BYTES];
    struct plan_uplink *u = &netback_switch.uplink;
    const uint32_t before = u->address;

    if (!use_dhcp) {
        return;
    }
    const uint32_t bytes = unwrap(f, data);
    const bool has_changed = dhcp_input(&dhcp, now_ms(), data, bytes, u);
    netback_switch.arp.gateway_ip = u->gateway;
    if (has_changed && own_dns != 0) {
        u->dns = own_dns;
    }
    if (has_changed && u->address != before) {
        uint8_t ip[4], gateway[4];
        put32(ip, u->address);
        put32(gateway, u->gateway);
        term_say("net: address %u.%u.%u.%u, gateway %u.%u.%u.%u\n", ip[0], ip[1], ip[2], ip[3],
                 gateway[0], gateway[1], gateway[2], gateway[3]);
    }
    run_dhcp();
}

/* ---- rounds ------------------------------------------------------------------------------- */

static void deliver_merged(struct merge *m)
{
    struct frame f;

    if (!merge_is_large(m)) {
        netback_deliver(m->guest, m->first);
    } else {
        merge_finish(m);
        const bool has_room = netback_deliver_large(m->guest, m->first);
        for (uint32_t i = 0; i < m->count && !has_room; i++) {
            merge_segment(m, i, &f);
            netback_deliver(m->guest, &f);
        }
    }
    virtio_net_received(m->count);
    m->first = NULL;
}

static void take_received(uint32_t now_s)
{
    struct frame frames[2], *f = &frames[0];
    struct merge merge; /* may keep the other one */
    merge.first = NULL;
    if (netback_is_behind() && mf_clock_ns() < next_take_ns) {
        return;
    }
    for (uint32_t i = 0; i < BATCH && virtio_net_receive(f); i++) {
        if (merge.first != NULL) {
            if (merge_add(&merge, f)) {
                continue;
            }
            deliver_merged(&merge);
        }
        const bool may_merge = merge_may_begin(&merge, f);
        const struct switch_verdict v = switch_from_uplink(&netback_switch, f, now_s);
        if (may_merge && v.to == SWITCH_GUEST &&
            (merge.header_bytes == 0 || netback_takes_large(v.guest))) {
            merge_begin(&merge, f, v.guest);
            f = f == &frames[0] ? &frames[1] : &frames[0];
            continue;
        }
        switch (v.to) {
        case SWITCH_GUEST:
            netback_deliver(v.guest, f);
            break;
        case SWITCH_UPLINK:
            uplink_send(f);
            break;
        case SWITCH_LOCAL:
            take_local(f);
            break;
        default:
            break;
        }
        virtio_net_received(1);
        if (v.resolved != 0) {
            send_held(v.resolved);
        }
    }
    if (merge.first != NULL) {
        deliver_merged(&merge);
    }
    if (netback_is_behind()) {
        next_take_ns = mf_clock_deadline(BEHIND_NS);
    }
}

static void set_expire_timer(void)
{
    if (netback_switch.nat.flow_count != 0 && !mf_timer_is_set(&expire_timer)) {
        mf_timer_set(&expire_timer, mf_clock_deadline(EXPIRE_NS));
    }
}

static void expire_flows(struct mf_timer *t)
{
    (void)t;
    nat_expire(&netback_switch.nat, seconds_now(), EXPIRE_LIMIT);
    set_expire_timer();
}

static void run_round(void *arg)
{
    (void)arg;
    const bool has_received = is_present && virtio_net_has_received();
    if (wants_room && virtio_net_has_room(CUT_MAX)) {
        wants_room = false;
        netback_uplink_has_room();
    }
    if (!has_received && !netback_has_work()) {
        return;
    }
    const uint32_t now_s = seconds_now();
    if (has_received) {
        take_received(now_s);
    }
    netback_run(now_s);
    netback_flush();
    if (is_present) {
        virtio_net_flush();
    }
    set_expire_timer();
    if (netback_has_work()) {
        mf_idle_take_event(HV_WAIT_POLL); /* while we are busy nobody else looks for events */
    }
}

static uint64_t prepare(void *arg)
{
    (void)arg;
    if (netback_has_work() || (wants_room && virtio_net_want_room_event())) {
        return 0;
    }
    if (is_present && netback_is_behind() && mf_clock_ns() < next_take_ns) {
        return next_take_ns; /* the card need not wake us before */
    }
    return is_present && virtio_net_want_events() ? 0 : MF_NEVER;
}

/* The card's event only wakes us: the poller looks. */
static void on_event(uint32_t tag, void *arg)
{
    (void)tag;
    (void)arg;
}

void uplink_init(const struct conf *c)
{
    static struct mf_event event = {TAG_NIC, 16, on_event, NULL, NULL};
    static struct mf_poller poller = {.poll = run_round, .prepare = prepare};
    struct plan_uplink *u = &netback_switch.uplink;
    uint64_t seed[4] = {0};
    bool found;

    seed_make(seed);
    netback_switch.nat.secret = seed[0];
    *u = c->uplink;
    u->mtu = 1500;
    own_dns = u->dns;
    netback_switch.arp.gateway_ip = u->gateway;
    expire_timer.expire = expire_flows;
    dhcp_timer.expire = dhcp_expired;
    mf_event_register(&event);
    mf_poller_register(&poller);
    if (c->net == CONF_NET_NONE) {
        return;
    }
    const char *problem = virtio_net_open(u->mac, &found);
    if (problem != NULL) {
        if (found) {
            term_say("net: the network card does not work: %s\n", problem);
        }
        return;
    }
    is_present = true;
    if (c->net == CONF_NET_DHCP) {
        use_dhcp = true;
        dhcp_start(&dhcp, u->mac, (uint32_t)seed[1], now_ms());
        run_dhcp();
    }
}

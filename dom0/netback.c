/* SPDX-License-Identifier: Apache-2.0 */
/* netback.c - see netback.h. */
#include "netback.h"

#include "fault/touch.h"
#include "guest.h"
#include "infopage.h"
#include "mayfly/hypercall.h"
#include "tags.h"
#include "term.h"
#include "thread/idle.h"
#include "uplink.h"

#define BATCH 32  /* frames that one guest may send in its turn */
#define TURNS 256 /* guests served in one round, before events are looked at again */
#define HOLD_NS (100 * MF_NS_PER_MS)
#define SLOW_NS (10 * MF_NS_PER_MS)     /* a receiver that only has to run takes less */
#define PATIENCE_NS (50 * MF_NS_PER_MS) /* for slow ones, in each second of a sender */

struct net_switch netback_switch __attribute__((section(".bss..cold.switch")));

/* Queues of slots, linked by next_run and next_dirty. */
static uint32_t run_first, run_last, run_count; /* have something to send */
static uint32_t stalled_first, stalled_last;    /* wait for room in the uplink */
static uint32_t dirty_first;                    /* got or sent something in this round */
static uint32_t held_first;                     /* receivers that others wait for */
static struct mf_timer held_timer;

static struct netback *device_of(uint32_t slot)
{
    return &guest_at(slot)->net;
}

static void run_append(uint32_t slot)
{
    struct netback *n = device_of(slot);
    if (n->is_queued) {
        return;
    }
    n->is_queued = true;
    n->next_run = 0;
    *(run_last != 0 ? &device_of(run_last - 1)->next_run : &run_first) = slot + 1;
    run_last = slot + 1;
    run_count++;
}

static void stall(uint32_t slot)
{
    struct netback *n = device_of(slot);
    n->is_queued = true; /* an event must not queue it a second time */
    n->next_run = 0;
    *(stalled_last != 0 ? &device_of(stalled_last - 1)->next_run : &stalled_first) = slot + 1;
    stalled_last = slot + 1;
}

void netback_uplink_has_room(void)
{
    uint32_t link = stalled_first;
    stalled_first = 0;
    stalled_last = 0;
    while (link != 0) {
        struct netback *n = device_of(link - 1);
        const uint32_t slot = link - 1;
        link = n->next_run;
        n->is_queued = false;
        run_append(slot);
    }
}

static void mark_dirty(uint32_t slot)
{
    struct netback *n = device_of(slot);
    if (!n->is_dirty) {
        n->is_dirty = true;
        n->next_dirty = dirty_first;
        dirty_first = slot + 1;
    }
}

/* ---- waiting for a receiver ------------------------------------------------------------------ */

/* What a sender waits for slow receivers is bounded, however many of them there are. */
static void count_wait(struct netback *n, uint64_t now_ns)
{
    const uint64_t waited_ns = now_ns - n->held_ns;

    if (waited_ns < SLOW_NS) {
        return;
    }
    if (now_ns - n->slow_since_ns >= MF_NS_PER_S) {
        n->slow_since_ns = now_ns;
        n->slow_ns = 0;
    }
    n->slow_ns += waited_ns;
}

static bool has_patience(const struct netback *n)
{
    return n->slow_ns < PATIENCE_NS || mf_clock_ns() - n->slow_since_ns >= MF_NS_PER_S;
}

/* In HOLD_NS somebody is to look whether `receiver` has taken anything. */
static void watch(uint32_t receiver)
{
    struct netback *r = device_of(receiver);

    if (!r->is_held) {
        r->is_held = true;
        r->next_held = held_first;
        held_first = receiver + 1;
    }
    if (!mf_timer_is_set(&held_timer)) {
        mf_timer_set(&held_timer, mf_clock_deadline(HOLD_NS));
    }
}

/* `slot` has something for `receiver`, which has no buffer. */
static void hold(uint32_t slot, uint32_t receiver)
{
    struct netback *n = device_of(slot), *r = device_of(receiver);

    n->held_ns = mf_clock_ns();
    n->is_queued = true; /* an event must not queue it a second time */
    n->next_run = r->waiters;
    r->waiters = slot + 1;
    watch(receiver);
}

/* Those who wait for `receiver` may try again. */
static void release(uint32_t receiver)
{
    uint32_t link = device_of(receiver)->waiters;
    const uint64_t now_ns = link != 0 ? mf_clock_ns() : 0;

    device_of(receiver)->waiters = 0;
    while (link != 0) {
        const uint32_t slot = link - 1;
        count_wait(device_of(slot), now_ns);
        link = device_of(slot)->next_run;
        device_of(slot)->is_queued = false;
        run_append(slot);
    }
}

/* Whoever is still waited for has taken nothing for HOLD_NS, or nearly twice that. */
static void held_expired(struct mf_timer *t)
{
    uint32_t link = held_first;
    const uint64_t now_ns = mf_clock_ns();

    held_first = 0;
    while (link != 0) {
        struct netback *r = device_of(link - 1);
        const uint32_t receiver = link - 1;
        link = r->next_held;
        r->is_held = false;
        const bool is_new = r->parked.count != 0 && now_ns - r->parked_ns < HOLD_NS;
        r->is_stuck = !is_new && (r->waiters != 0 || r->parked.count != 0);
        if (is_new) {
            watch(receiver);
        } else {
            r->lost += park_clear(&r->parked);
        }
        release(receiver);
    }
    (void)t;
}

/* Is it worth while to wait for a buffer of `receiver`? */
static bool is_worth_waiting(uint32_t receiver)
{
    struct netback *r = device_of(receiver);

    return r->is_open && !r->is_broken && !r->is_stuck && virtq_device_pending(&r->rx) == 0 &&
           !virtq_device_want_events(&r->rx) && !r->rx.broken;
}

static void check_broken(uint32_t slot)
{
    struct netback *n = device_of(slot);
    if ((n->rx.broken || n->tx.broken) && !n->is_broken) {
        n->is_broken = true;
        term_say("%s: wrote nonsense to its network queues: its network is off\n",
                 guest_at(slot)->name);
    }
}

/* Whether the machine has memory for the pages of a chain: a guest need not have touched them. */
static bool is_there(const struct virtq_chain *chain)
{
    for (uint32_t i = 0; i < (uint32_t)chain->readable + chain->writable; i++) {
        if (!mf_touch(chain->piece[i].data, chain->piece[i].bytes)) {
            return false;
        }
    }
    return true;
}

/* Whether that was the end of the frame: false when the guest has no buffer. */
static bool give(uint32_t slot, const struct frame *f)
{
    struct netback *n = device_of(slot);
    struct virtq_chain chain;

    if (!virtq_device_take(&n->rx, &chain)) {
        check_broken(slot);
        n->lost += n->is_broken;
        return n->is_broken;
    }
    if (!is_there(&chain)) {
        virtq_device_untake(&n->rx);
        n->lost++;
        return true;
    }
    const uint32_t bytes = frame_store(f, chain.piece + chain.readable, chain.writable, false);
    virtq_device_give(&n->rx, chain.head, bytes);
    n->received += bytes != 0;
    n->bad += bytes == 0; /* a buffer too small */
    mark_dirty(slot);
    return true;
}

/* Gives a guest what is parked for it, as far as it has buffers. It tells of new ones. */
static void unpark(uint32_t slot)
{
    struct netback *n = device_of(slot);
    struct frame f;

    while (park_first(&n->parked, &f)) {
        if (give(slot, &f)) {
            park_drop(&n->parked);
            n->parked_ns = mf_clock_ns();
        } else if (!virtq_device_want_events(&n->rx)) {
            break;
        }
    }
}

void netback_deliver(uint32_t slot, const struct frame *f)
{
    if (slot >= guest_slots()) {
        return; /* there has never been such a guest: its record has no memory */
    }
    struct netback *n = device_of(slot);
    const bool is_first = n->parked.count == 0;
    if (!n->is_open || n->is_broken || (is_first && give(slot, f))) {
        return;
    }
    if (n->is_stuck || !park_put(&n->parked, f)) {
        n->lost++;
        return;
    }
    if (is_first) {
        n->parked_ns = mf_clock_ns();
        watch(slot);
        unpark(slot); /* it may have posted buffers before it knew that we want to be told */
        mark_dirty(slot);
    }
}

bool netback_is_behind(void)
{
    return park_total() != 0;
}

enum turn { TURN_DONE, TURN_MORE, TURN_STALLED, TURN_HELD };

/* Does what the switch said. TURN_STALLED, TURN_HELD: there is no room, try again later. */
static enum turn forward(uint32_t slot, struct frame *f, uint32_t now_s)
{
    const struct switch_verdict v = switch_from_guest(&netback_switch, slot, f, now_s);

    if (v.to == SWITCH_UPLINK && !uplink_has_room()) {
        return TURN_STALLED;
    }
    if (v.to == SWITCH_GUEST && v.guest < guest_slots() && is_worth_waiting(v.guest) &&
        has_patience(device_of(slot))) {
        mark_dirty(v.guest); /* it is to see what it has got already */
        hold(slot, v.guest);
        return TURN_HELD;
    }
    if (v.ask != 0) {
        uplink_ask(v.ask);
    }
    switch (v.to) {
    case SWITCH_GUEST:
        netback_deliver(v.guest, f);
        break;
    case SWITCH_UPLINK:
        uplink_send(f);
        break;
    case SWITCH_HOLD:
        uplink_hold(f, v.next_hop);
        break;
    default:
        break;
    }
    return TURN_MORE;
}

/* Takes up to BATCH frames of one guest. */
static enum turn take_turn(uint32_t slot, uint32_t now_s)
{
    struct netback *n = device_of(slot);
    struct virtq_chain chain;
    struct frame f;

    mark_dirty(slot);
    for (uint32_t i = 0; i < BATCH; i++) {
        if (!virtq_device_take(&n->tx, &chain)) {
            check_broken(slot);
            return !n->is_broken && virtq_device_want_events(&n->tx) ? TURN_MORE : TURN_DONE;
        }
        if (!is_there(&chain) || !frame_load(&f, chain.piece, chain.readable)) {
            n->bad++;
        } else {
            const enum turn t = forward(slot, &f, now_s);
            if (t != TURN_MORE) {
                virtq_device_untake(&n->tx);
                return t;
            }
            n->sent++;
        }
        virtq_device_give(&n->tx, chain.head, 0);
    }
    return TURN_MORE;
}

void netback_run(uint32_t now_s)
{
    uint32_t turns = run_count < TURNS ? run_count : TURNS;

    for (; turns > 0 && run_first != 0; turns--) {
        const uint32_t slot = run_first - 1;
        struct netback *n = device_of(slot);
        run_first = n->next_run;
        run_last = run_first == 0 ? 0 : run_last;
        run_count--;
        n->is_queued = false;
        if (!n->is_open || n->is_broken) {
            continue;
        }
        const enum turn t = take_turn(slot, now_s);
        if (t == TURN_MORE) {
            run_append(slot);
        } else if (t == TURN_STALLED) {
            stall(slot);
        }
    }
}

bool netback_has_work(void)
{
    return run_first != 0;
}

void netback_flush(void)
{
    while (dirty_first != 0) {
        const uint32_t slot = dirty_first - 1;
        struct netback *n = device_of(slot);
        dirty_first = n->next_dirty;
        n->is_dirty = false;
        if (!n->is_open) {
            continue;
        }
        const bool rx = virtq_device_publish(&n->rx);
        const bool tx = virtq_device_publish(&n->tx);
        if (rx || tx) {
            hv_event_send(n->port);
        }
    }
}

void netback_open(uint32_t slot, void *window, uint32_t port)
{
    struct netback *n = device_of(slot);
    struct virtq_place rx, tx;
    const uint32_t low = HV_WINDOW0_SKIP * HV_PAGE_BYTES;

    virtq_lay_out(&rx, INFO_RX, INFO_RX_SIZE);
    virtq_lay_out(&tx, INFO_TX, INFO_TX_SIZE);
    /* The slot's former guest may still stand in a queue: those links stay. */
    n->port = port;
    n->is_broken = !virtq_device_init(&n->rx, window, low, HV_WINDOW_BYTES, &rx, true) ||
                   !virtq_device_init(&n->tx, window, low, HV_WINDOW_BYTES, &tx, true);
    n->sent = n->received = n->bad = n->lost = 0;
    n->is_stuck = false;
    n->slow_ns = 0;
    n->is_open = true;
}

void netback_close(uint32_t slot)
{
    device_of(slot)->is_open = false;
    park_clear(&device_of(slot)->parked);
    release(slot);
}

static void on_event(uint32_t tag, void *arg)
{
    const uint32_t slot = tag & TAG_SLOT_MASK;
    (void)arg;
    if (device_of(slot)->is_open) {
        device_of(slot)->is_stuck = false;
        unpark(slot);
        release(slot);
        run_append(slot);
    }
}

void netback_init(void)
{
    held_timer.expire = held_expired;
    static struct mf_event event = {TAG_GUEST_NET, PLAN_GUESTS_MAX, on_event, NULL, NULL};
    mf_event_register(&event);
}

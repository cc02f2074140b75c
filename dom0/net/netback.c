/* SPDX-License-Identifier: Apache-2.0 */
/* netback.c - see netback.h. */
#include "net/netback.h"

#include <string.h>

#include "fault/touch.h"
#include "guests/guest.h"
#include "guests/infopage.h"
#include "mayfly/hypercall.h"
#include "net/cut.h"
#include "net/headers.h"
#include "net/uplink.h"
#include "tags.h"
#include "text/term.h"
#include "thread/idle.h"
#include "virtq/virtio_net.h"

#define BATCH 32         /* frames that one guest may send in its turn */
#define LARGE_BUFFERS 32 /* of a receiver, for one large frame */
#define TURNS 256        /* guests served in one round, before events are looked at again */
#define HOLD_NS (100 * MF_NS_PER_MS)
#define HOLD_ALONE_NS MF_NS_PER_S     /* while nobody else is held up */
#define STARVED_NS MF_NS_PER_S        /* for what is parked, while the receiver hardly ran... */
#define CHANCE_NS (10 * MF_NS_PER_MS) /* ...that is, for less than this */
#define NOT_LOOKED UINT64_MAX
#define BUFFER_NS (2 * MF_NS_PER_MS)    /* worth waiting for each buffer that then is there */
#define PATIENCE_NS (50 * MF_NS_PER_MS) /* for slow ones, in each second of a sender */

/* What is done for each frame is one piece of code; what is rare stays out of it. */
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NO_INLINE __attribute__((noinline))

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

/* n: that slot's. Who has it passes it on: guest_at() is a call. */
static void mark_dirty(struct netback *n, uint32_t slot)
{
    if (!n->is_dirty) {
        n->is_dirty = true;
        n->next_dirty = dirty_first;
        dirty_first = slot + 1;
    }
}

/* Whether the machine has memory for the pages of a chain: a guest need not have touched them. */
static bool is_there(const struct virtq_chain *chain)
{
    const struct virtq_piece *const end = chain->piece + chain->readable + chain->writable;

    for (const struct virtq_piece *p = chain->piece; p < end; p++) {
        if (!mf_touch(p->data, p->bytes)) {
            return false;
        }
    }
    return true;
}

/* ---- waiting for a receiver ------------------------------------------------------------------ */

/*
 * Whether a sender that waits for `receiver` has frames for others behind the one that waits. Only
 * a guess, by what its memory says now: it may harm itself. One that has ended has no memory, but
 * still stands in the queue.
 */
static bool has_others(uint32_t slot, uint32_t receiver)
{
    struct virtq_device q = device_of(slot)->tx; /* its indices are ours to move */
    struct virtq_chain chain;
    uint8_t mac[ETH_MAC_BYTES];
    const uint32_t bytes = (uint32_t)sizeof(struct virtio_net_hdr) + ETH_MAC_BYTES;

    if (!device_of(slot)->is_open) {
        return false;
    }
    plan_guest_mac(receiver, mac);
    while (virtq_device_take(&q, &chain)) {
        if (chain.readable != 0 && chain.piece[0].bytes >= bytes && is_there(&chain) &&
            memcmp(chain.piece[0].data + sizeof(struct virtio_net_hdr), mac, sizeof(mac)) != 0) {
            return true;
        }
    }
    return false;
}

/*
 * What a sender waits for slow receivers, while others wait for it, is bounded, however many of them
 * there are. One that only had to run comes back with many buffers.
 */
static void count_wait(uint32_t slot, uint32_t receiver, uint64_t now_ns)
{
    struct netback *n = device_of(slot);
    const uint64_t waited_ns = now_ns - n->held_ns;
    const uint64_t worth_ns = BUFFER_NS * virtq_device_pending(&device_of(receiver)->rx);

    if (waited_ns <= worth_ns || !has_others(slot, receiver)) {
        return;
    }
    if (now_ns - n->slow_since_ns >= MF_NS_PER_S) {
        n->slow_since_ns = now_ns;
        n->slow_ns = 0;
    }
    n->slow_ns += waited_ns - worth_ns;
}

static bool has_patience(const struct netback *n)
{
    return n->slow_ns < PATIENCE_NS || mf_clock_ns() - n->slow_since_ns >= MF_NS_PER_S;
}

/* How many buffers a guest has ever posted, mod 2^16. */
static uint16_t posted(uint32_t slot)
{
    const struct virtq_device *rx = &device_of(slot)->rx;
    return (uint16_t)(rx->avail_next + virtq_device_pending(rx));
}

/* From time to time somebody is to look whether `receiver` has taken anything. */
static void watch(uint32_t receiver)
{
    struct netback *r = device_of(receiver);

    if (!r->is_held) {
        r->is_held = true;
        r->next_held = held_first;
        held_first = receiver + 1;
    }
    if (!mf_timer_is_set(&held_timer)) {
        mf_timer_set(&held_timer, mf_clock_deadline(HOLD_NS / 2));
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
        count_wait(slot, receiver, now_ns);
        link = device_of(slot)->next_run;
        device_of(slot)->is_queued = false;
        run_append(slot);
    }
}

/* Whether somebody who waits for `receiver` has waited too long. */
static bool is_too_long(uint32_t receiver, uint64_t now_ns)
{
    for (uint32_t link = device_of(receiver)->waiters; link != 0;) {
        const struct netback *n = device_of(link - 1);
        const uint64_t waited_ns = now_ns - n->held_ns;
        if (waited_ns >= HOLD_ALONE_NS ||
            (waited_ns >= HOLD_NS && has_others(link - 1, receiver))) {
            return true;
        }
        link = n->next_run;
    }
    return false;
}

/*
 * Whether a guest could have taken what is parked for it, as far as its CPU time tells: one that
 * others keep from running is not to blame. There must be room for what others park meanwhile.
 */
static bool had_its_chance(uint32_t receiver, uint64_t waited_ns)
{
    struct netback *r = device_of(receiver);
    struct hv_dom_info info;

    if (waited_ns >= STARVED_NS || park_total() >= PARK_FRAMES / 4 * 3 ||
        hv_dom_info(guest_at(receiver)->handle, &info) < 0 || info.state != HV_DOM_STATE_RUNNING) {
        return true;
    }
    if (r->parked_cpu_ns == NOT_LOOKED) {
        r->parked_cpu_ns = info.cpu_ns;
    }
    return info.cpu_ns - r->parked_cpu_ns >= CHANCE_NS;
}

/* From time to time: a receiver that takes nothing is not waited for any more. */
static void held_expired(struct mf_timer *t)
{
    uint32_t link = held_first;
    const uint64_t now_ns = mf_clock_ns();

    held_first = 0;
    while (link != 0) {
        struct netback *r = device_of(link - 1);
        const uint32_t receiver = link - 1;
        const uint64_t parked_ns = r->parked.count != 0 ? now_ns - r->parked_ns : 0;
        const bool is_old =
            parked_ns != 0 && had_its_chance(receiver, parked_ns) && parked_ns >= HOLD_NS;
        link = r->next_held;
        r->is_held = false;
        if (is_old) {
            r->lost += park_clear(&r->parked);
        }
        if (is_too_long(receiver, now_ns) || (is_old && r->waiters == 0)) {
            r->is_stuck = true;
            r->held_posted = posted(receiver);
            release(receiver);
        } else if (r->waiters != 0 || r->parked.count != 0) {
            watch(receiver);
        }
    }
    (void)t;
}

static void check_broken(struct netback *n, uint32_t slot)
{
    if ((n->rx.broken || n->tx.broken) && !n->is_broken) {
        n->is_broken = true;
        term_say("%s: wrote nonsense to its network queues: its network is off\n",
                 guest_at(slot)->name);
    }
}

/* Whether a frame has been put into buffers of a guest, or why not. */
enum fate { FATE_GIVEN, FATE_NO_ROOM, FATE_LOST };

/* Nothing could be taken from the receive queue. */
static enum fate has_no_room(struct netback *n, uint32_t slot)
{
    check_broken(n, slot);
    return n->is_broken ? FATE_LOST : FATE_NO_ROOM;
}

static ALWAYS_INLINE enum fate put_small(struct netback *n, uint32_t slot, const struct frame *f)
{
    struct virtq_chain chain;

    if (!virtq_device_take(&n->rx, &chain)) {
        return has_no_room(n, slot);
    }
    if (!is_there(&chain)) {
        virtq_device_untake(&n->rx);
        return FATE_LOST;
    }
    const uint32_t bytes = frame_store(f, chain.piece + chain.readable, chain.writable, false);
    virtq_device_give(&n->rx, chain.head, bytes);
    if (bytes != 0) {
        n->received++;
    } else {
        n->bad++; /* a buffer too small */
    }
    return FATE_GIVEN;
}

/* Buffers of one piece each that together take a frame. */
struct room {
    uint32_t bytes;
    uint16_t count;
    uint16_t head[LARGE_BUFFERS];
    struct virtq_piece piece[LARGE_BUFFERS];
};

static enum fate take_room(struct netback *n, uint32_t slot, struct room *room, uint32_t bytes)
{
    struct virtq_chain chain;

    room->bytes = 0;
    for (room->count = 0; room->bytes < bytes; room->count++) {
        if (room->count == LARGE_BUFFERS) {
            return FATE_LOST;
        }
        if (!virtq_device_take(&n->rx, &chain)) {
            return has_no_room(n, slot);
        }
        room->head[room->count] = chain.head;
        room->piece[room->count] = chain.piece[0];
        room->bytes += chain.writable_bytes;
        if (chain.readable != 0 || chain.writable != 1 || !is_there(&chain)) {
            room->count++;
            return FATE_LOST;
        }
    }
    return FATE_GIVEN;
}

/* `accepted` is read each time: who changes it confuses only itself. */
static bool takes_large(const struct netback *n)
{
    const struct mf_info *info = (const void *)(n->rx.window + HV_INFO_PAGE);
    return (__atomic_load_n(&info->net.accepted, __ATOMIC_RELAXED) & MF_NET_F_LARGE) != 0;
}

static NO_INLINE enum fate put_large(struct netback *n, uint32_t slot, const struct frame *f)
{
    uint32_t left = (uint32_t)sizeof(struct virtio_net_hdr) + frame_bytes(f);
    struct room room;

    if (!takes_large(n)) {
        return FATE_LOST;
    }
    const enum fate fate = take_room(n, slot, &room, left);
    if (fate != FATE_GIVEN) {
        for (; room.count > 0; room.count--) {
            virtq_device_untake(&n->rx);
        }
        return fate;
    }
    frame_store_large(f, room.piece, room.count);
    for (uint32_t i = 0; i < room.count; i++) {
        const uint32_t part = room.piece[i].bytes < left ? room.piece[i].bytes : left;
        virtq_device_give(&n->rx, room.head[i], part);
        left -= part;
    }
    n->received++;
    return FATE_GIVEN;
}

/* Gives a frame to a guest, whose device is n. FATE_NO_ROOM: nothing has happened. */
static ALWAYS_INLINE enum fate put(struct netback *n, uint32_t slot, const struct frame *f)
{
    if (!n->is_open || n->is_broken) {
        return FATE_GIVEN; /* to nobody */
    }
    const enum fate fate = frame_is_large(f) ? put_large(n, slot, f) : put_small(n, slot, f);
    if (fate == FATE_GIVEN) {
        mark_dirty(n, slot);
    }
    n->lost += fate == FATE_LOST;
    return fate;
}

/* The same, where it is rare. */
static NO_INLINE enum fate put_late(struct netback *n, uint32_t slot, const struct frame *f)
{
    return put(n, slot, f);
}

/* Gives a guest what is parked for it, as far as it has buffers. It tells of new ones. */
static void unpark(uint32_t slot)
{
    struct netback *n = device_of(slot);
    struct frame f;

    while (park_first(&n->parked, &f)) {
        if (put_late(n, slot, &f) != FATE_NO_ROOM) {
            park_drop(&n->parked);
            n->parked_ns = mf_clock_ns();
            n->parked_cpu_ns = NOT_LOOKED;
        } else if (!virtq_device_want_events(&n->rx)) {
            break;
        }
    }
}

/* A guest without a free buffer is to have the frame later. */
static NO_INLINE void deliver_late(struct netback *n, uint32_t slot, const struct frame *f)
{
    const bool is_first = n->parked.count == 0;

    if (!n->is_open || n->is_broken) {
        return;
    }
    if (n->is_stuck || !park_put(&n->parked, f)) {
        n->lost++;
        return;
    }
    if (is_first) {
        n->parked_ns = mf_clock_ns();
        n->parked_cpu_ns = NOT_LOOKED;
        watch(slot);
        unpark(slot); /* it may have posted buffers before it knew that we want to be told */
        mark_dirty(n, slot);
    }
}

void netback_deliver(uint32_t slot, const struct frame *f)
{
    if (slot >= guest_slots()) {
        return; /* there has never been such a guest: its record has no memory */
    }
    struct netback *n = device_of(slot);
    if (n->parked.count != 0 || put(n, slot, f) == FATE_NO_ROOM) {
        deliver_late(n, slot, f);
    }
}

bool netback_takes_large(uint32_t slot)
{
    const struct netback *n = slot < guest_slots() ? device_of(slot) : NULL;
    return n != NULL && n->is_open && !n->is_broken && takes_large(n);
}

bool netback_deliver_large(uint32_t slot, const struct frame *f)
{
    struct netback *n = device_of(slot);
    return n->parked.count == 0 && put_late(n, slot, f) != FATE_NO_ROOM;
}

bool netback_is_behind(void)
{
    return park_total() != 0;
}

enum turn { TURN_DONE, TURN_MORE, TURN_STALLED, TURN_HELD };

/* From guest to guest. TURN_HELD: the receiver has no room, and it is worth while to wait for it. */
static enum turn pass(uint32_t slot, uint32_t receiver, const struct frame *f)
{
    struct netback *r = device_of(receiver);

    if (put(r, receiver, f) != FATE_NO_ROOM) {
        return TURN_MORE;
    }
    if (r->is_stuck || !has_patience(device_of(slot))) {
        r->lost++;
        return TURN_MORE;
    }
    /* What it posts from now on is told; what it has posted meanwhile may suffice. */
    r->held_posted = posted(receiver);
    virtq_device_want_events_behind(&r->rx, (uint16_t)(r->held_posted - r->rx.avail_next));
    if (put_late(r, receiver, f) != FATE_NO_ROOM) {
        return TURN_MORE;
    }
    mark_dirty(r, receiver); /* it is to see what it has got already */
    hold(slot, receiver);
    return TURN_HELD;
}

/* Does what the switch said. TURN_STALLED, TURN_HELD: there is no room, try again later. */
static enum turn forward(uint32_t slot, struct frame *f, uint32_t now_s)
{
    const struct switch_verdict v = switch_from_guest(&netback_switch, slot, f, now_s);

    if (v.to == SWITCH_GUEST) {
        return v.guest < guest_slots() ? pass(slot, v.guest, f) : TURN_MORE;
    }
    if (v.to == SWITCH_UPLINK && !uplink_has_room(cut_frames(f))) {
        return TURN_STALLED;
    }
    if (v.ask != 0) {
        uplink_ask(v.ask);
    }
    if (v.to == SWITCH_UPLINK) {
        uplink_send(f);
    } else if (v.to == SWITCH_HOLD) {
        uplink_hold(f, v.next_hop);
    }
    return TURN_MORE;
}

/* Takes up to BATCH frames of one guest. */
static enum turn take_turn(uint32_t slot, uint32_t now_s)
{
    struct netback *n = device_of(slot);
    struct virtq_chain chain;
    struct frame f;

    mark_dirty(n, slot);
    for (uint32_t i = 0; i < BATCH; i++) {
        if (!virtq_device_take(&n->tx, &chain)) {
            check_broken(n, slot);
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
        unpark(slot);
        if (posted(slot) != device_of(slot)->held_posted) { /* else it only wants to send */
            device_of(slot)->is_stuck = false;
            release(slot);
        }
        run_append(slot);
    }
}

void netback_init(void)
{
    held_timer.expire = held_expired;
    static struct mf_event event = {TAG_GUEST_NET, PLAN_GUESTS_MAX, on_event, NULL, NULL};
    mf_event_register(&event);
}

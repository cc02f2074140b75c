/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtq_device.c - the device end of a split virtqueue whose driver may be hostile. See virtq.h.
 * Each shared word is loaded exactly once (relaxed atomics, so that the compiler cannot load it
 * again) and only the copy is checked and used.
 */
#include "virtq/virtq.h"

static uint16_t load16(const uint16_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static const uint16_t *used_event(const struct virtq_device *q)
{
    return &q->avail->ring[q->size];
}

static uint16_t *avail_event(const struct virtq_device *q)
{
    return (uint16_t *)(void *)&q->used->ring[q->size];
}

/* Do `bytes` at `offset` lie in [low, high)? */
static bool is_inside(uint32_t low, uint32_t high, uint64_t offset, uint64_t bytes)
{
    return offset >= low && offset <= high && bytes <= high - offset;
}

bool virtq_device_init(struct virtq_device *q, void *window, uint32_t low, uint32_t high,
                       const struct virtq_place *place, bool event_idx)
{
    const uint32_t size = place->size;
    uint8_t *const base = window;

    if (size == 0 || size > VIRTQ_SIZE_MAX || (size & (size - 1)) != 0 || low > high ||
        place->desc % 16 != 0 || place->avail % 2 != 0 || place->used % 4 != 0) {
        return false;
    }
    if (!is_inside(low, high, place->desc, 16ull * size) ||
        !is_inside(low, high, place->avail, 6 + 2ull * size) ||
        !is_inside(low, high, place->used, 6 + 8ull * size)) {
        return false;
    }
    *q = (struct virtq_device){
        .window = base,
        .low = low,
        .high = high,
        .desc = (const struct virtq_desc *)(void *)(base + place->desc),
        .avail = (const struct virtq_avail *)(void *)(base + place->avail),
        .used = (struct virtq_used *)(void *)(base + place->used),
        .size = (uint16_t)size,
        .event_idx = event_idx,
    };
    return true;
}

static bool broken(struct virtq_device *q)
{
    q->broken = true;
    return false;
}

/* Adds the descriptor at `index` to the chain. *next is what follows it, or q->size for nothing. */
static bool take_desc(struct virtq_device *q, struct virtq_chain *chain, uint16_t index,
                      uint16_t *next)
{
    const struct virtq_desc *const d = &q->desc[index];
    const uint64_t address = __atomic_load_n(&d->address, __ATOMIC_RELAXED);
    const uint32_t bytes = __atomic_load_n(&d->bytes, __ATOMIC_RELAXED);
    const uint16_t flags = load16(&d->flags);
    const uint16_t follows = load16(&d->next);
    const unsigned int at = (unsigned int)chain->readable + chain->writable;

    if (at >= VIRTQ_CHAIN_MAX || !is_inside(q->low, q->high, address, bytes) ||
        (flags & VIRTQ_DESC_F_INDIRECT) != 0) {
        return false;
    }
    if ((flags & VIRTQ_DESC_F_WRITE) != 0) {
        chain->writable++;
        chain->writable_bytes += bytes; /* at most VIRTQ_CHAIN_MAX windows: no overflow */
    } else if (chain->writable == 0) {
        chain->readable++;
        chain->readable_bytes += bytes;
    } else {
        return false; /* 2.7.4.2: readable ones come first */
    }
    chain->piece[at] = (struct virtq_piece){.data = q->window + address, .bytes = bytes};
    if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
        *next = q->size;
        return true;
    }
    *next = follows;
    return follows < q->size;
}

uint16_t virtq_device_pending(const struct virtq_device *q)
{
    const uint16_t index = __atomic_load_n(&q->avail->index, __ATOMIC_ACQUIRE);
    return q->broken ? 0 : (uint16_t)(index - q->avail_next);
}

bool virtq_device_take(struct virtq_device *q, struct virtq_chain *chain)
{
    if (q->broken) {
        return false;
    }
    const uint16_t index = __atomic_load_n(&q->avail->index, __ATOMIC_ACQUIRE);
    if (index == q->avail_next) {
        return false;
    }
    /* Chains not given back yet count too, or a driver could have more of them than entries. */
    if ((uint16_t)(index - q->used_next) > q->size || (uint16_t)(index - q->avail_next) > q->size) {
        return broken(q);
    }
    uint16_t next = load16(&q->avail->ring[q->avail_next & (q->size - 1)]);
    if (next >= q->size) {
        return broken(q);
    }
    chain->head = next;
    chain->readable = 0;
    chain->writable = 0;
    chain->readable_bytes = 0;
    chain->writable_bytes = 0;
    while (next < q->size) {
        if (!take_desc(q, chain, next, &next)) {
            return broken(q);
        }
    }
    q->avail_next++;
    return true;
}

void virtq_device_untake(struct virtq_device *q)
{
    q->avail_next--;
}

bool virtq_device_publish(struct virtq_device *q)
{
    const uint16_t new = q->used_next;
    const uint16_t old = q->used_told;

    if (new == old) {
        return false;
    }
    __atomic_store_n(&q->used->index, new, __ATOMIC_RELEASE);
    q->used_told = new;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the driver's want_events */
    if (q->event_idx) {
        return (uint16_t)(new - load16(used_event(q)) - 1) < (uint16_t)(new - old);
    }
    return (load16(&q->avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
}

bool virtq_device_want_events_behind(struct virtq_device *q, uint16_t pending)
{
    if (q->event_idx) {
        __atomic_store_n(avail_event(q), (uint16_t)(q->avail_next + pending), __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&q->used->flags, 0, __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the driver's publish */
    return virtq_device_pending(q) > pending;
}

bool virtq_device_want_events(struct virtq_device *q)
{
    return virtq_device_want_events_behind(q, 0);
}

void virtq_device_want_no_events(struct virtq_device *q)
{
    if (!q->event_idx) {
        __atomic_store_n(&q->used->flags, VIRTQ_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
    }
}

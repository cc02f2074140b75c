/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtq_driver.c - the driver end of a split virtqueue. See virtq.h. What the chains look like is
 * kept in the private slots, so that nothing but the used ring is ever read from shared memory.
 */
#include "virtq/virtq.h"

#include <stddef.h>

_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(sizeof(struct virtq_used_entry) == 8, "virtio 1.2, 2.7.8");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "virtio 1.2, 2.7.8");

static uint32_t align_up(uint32_t value, uint32_t to)
{
    return (value + to - 1) & ~(to - 1);
}

uint32_t virtq_lay_out(struct virtq_place *place, uint32_t at, uint16_t size)
{
    place->size = size;
    place->desc = align_up(at, 16);
    place->avail = place->desc + (uint32_t)sizeof(struct virtq_desc) * size;
    place->used = align_up(place->avail + 6 + 2u * size, 4);
    return place->used + 6 + (uint32_t)sizeof(struct virtq_used_entry) * size;
}

/* The words behind the rings (2.7.7, 2.7.10). */
static uint16_t *used_event(const struct virtq_driver *q)
{
    return &q->avail->ring[q->size];
}

static const uint16_t *avail_event(const struct virtq_driver *q)
{
    return (const uint16_t *)(const void *)&q->used->ring[q->size];
}

void virtq_driver_init(struct virtq_driver *q, void *memory, const struct virtq_place *place,
                       struct virtq_slot *slots, bool event_idx)
{
    uint8_t *const base = memory;

    *q = (struct virtq_driver){
        .desc = (struct virtq_desc *)(void *)(base + place->desc),
        .avail = (struct virtq_avail *)(void *)(base + place->avail),
        .used = (struct virtq_used *)(void *)(base + place->used),
        .slots = slots,
        .size = place->size,
        .free_count = place->size,
        .event_idx = event_idx,
    };
    q->avail->flags = 0;
    q->avail->index = 0;
    *used_event(q) = 0;
}

/*
 * Takes the entry at free_head. The free list ends with the number `fresh` itself, so that behind
 * its last entry come the fresh ones, in order.
 */
static uint16_t take_slot(struct virtq_driver *q)
{
    const uint16_t at = q->free_head;

    if (at == q->fresh) {
        q->slots[at] = (struct virtq_slot){.next = ++q->fresh};
    }
    q->free_head = q->slots[at].next;
    return at;
}

static void show_chain(struct virtq_driver *q, uint16_t head, unsigned int count, void *token)
{
    q->free_count = (uint16_t)(q->free_count - count);
    q->slots[head].token = token;
    q->slots[head].count = (uint16_t)count;
    q->avail->ring[q->avail_next & (q->size - 1)] = head;
    q->avail_next++;
}

static __attribute__((noinline)) bool add_several(struct virtq_driver *q,
                                                  const struct virtq_segment *segments,
                                                  unsigned int out, unsigned int in, void *token)
{
    const unsigned int count = out + in;

    if (count == 0 || count > VIRTQ_CHAIN_MAX || count > q->free_count || q->broken) {
        return false;
    }
    const uint16_t head = q->free_head;
    for (unsigned int i = 0; i < count; i++) {
        struct virtq_desc *const d = &q->desc[take_slot(q)];
        const bool last = i + 1 == count;
        d->address = segments[i].address;
        d->bytes = segments[i].bytes;
        d->flags = (uint16_t)((i >= out ? VIRTQ_DESC_F_WRITE : 0) | (last ? 0 : VIRTQ_DESC_F_NEXT));
        d->next = last ? 0 : q->free_head;
    }
    show_chain(q, head, count, token);
    return true;
}

bool virtq_driver_add(struct virtq_driver *q, const struct virtq_segment *segments,
                      unsigned int out, unsigned int in, void *token)
{
    if (out + in != 1) {
        return add_several(q, segments, out, in, token);
    }
    /* The usual case: all in one piece. */
    if (q->free_count == 0 || q->broken) {
        return false;
    }
    const uint16_t at = take_slot(q);
    q->desc[at] = (struct virtq_desc){.address = segments->address,
                                      .bytes = segments->bytes,
                                      .flags = in != 0 ? VIRTQ_DESC_F_WRITE : 0};
    show_chain(q, at, 1, token);
    return true;
}

bool virtq_driver_publish(struct virtq_driver *q)
{
    const uint16_t new = q->avail_next;
    const uint16_t old = q->avail_told;

    if (new == old || q->broken) {
        return false;
    }
    __atomic_store_n(&q->avail->index, new, __ATOMIC_RELEASE);
    q->avail_told = new;
    /* The index must be visible before the other end's wish is read: it sets its wish, then looks
     * at the index again. One of the two sees the other's store. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (q->event_idx) {
        const uint16_t event = __atomic_load_n(avail_event(q), __ATOMIC_RELAXED);
        return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
    }
    return (__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & VIRTQ_USED_F_NO_NOTIFY) == 0;
}

/* Puts the chain at `head` back on the free list. */
static void free_chain(struct virtq_driver *q, uint16_t head)
{
    const uint16_t count = q->slots[head].count;
    uint16_t last = head;

    for (uint16_t i = count; i > 1; i--) {
        last = q->slots[last].next;
    }
    q->slots[head].count = 0;
    q->slots[last].next = q->free_head;
    q->free_head = head;
    q->free_count = (uint16_t)(q->free_count + count);
}

bool virtq_driver_take(struct virtq_driver *q, void **token, uint32_t *bytes)
{
    const uint16_t index = __atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE);

    if (index == q->used_next || q->broken) {
        return false;
    }
    const struct virtq_used_entry *const entry = &q->used->ring[q->used_next & (q->size - 1)];
    const uint32_t id = __atomic_load_n(&entry->id, __ATOMIC_RELAXED);
    const uint32_t written = __atomic_load_n(&entry->bytes, __ATOMIC_RELAXED);
    const uint16_t outstanding = (uint16_t)(q->avail_told - q->used_next);

    if ((uint16_t)(index - q->used_next) > outstanding || id >= q->fresh ||
        q->slots[id].count == 0) {
        q->broken = true;
        return false;
    }
    *token = q->slots[id].token;
    *bytes = written;
    free_chain(q, (uint16_t)id);
    q->used_next++;
    return true;
}

bool virtq_driver_want_events_after(struct virtq_driver *q, uint16_t chains)
{
    const uint16_t event = (uint16_t)(q->used_next + chains - 1);

    if (q->event_idx) {
        __atomic_store_n(used_event(q), event, __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&q->avail->flags, 0, __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the device's publish */
    const uint16_t index = __atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE);
    return !q->broken && (uint16_t)(index - q->used_next) >= chains;
}

bool virtq_driver_want_events(struct virtq_driver *q)
{
    return virtq_driver_want_events_after(q, 1);
}

void virtq_driver_want_no_events(struct virtq_driver *q)
{
    if (!q->event_idx) {
        __atomic_store_n(&q->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
    }
}

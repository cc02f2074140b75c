/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtq.h - split virtqueues (virtio 1.2, section 2.7), both ends, free of any transport.
 *
 * Users      The guest's PV drivers (driver end over the window), dom0's backends (device end over
 *            a window that a hostile guest can write at any time) and dom0's virtio-pci drivers
 *            (driver end, with machine addresses). No allocation, no dependencies, no locks: one
 *            thread of control per end.
 * Addresses  What stands in a descriptor is a uint64_t that the two ends agree on: a window offset
 *            for PV queues, a machine address for PCI. The driver end just stores it; the device
 * end turns it into a pointer after checking it against the window. Events     PV queues always use
 * VIRTIO_F_EVENT_IDX (bit 29); on PCI it is negotiated. An end that is awake asks for nothing;
 * before it sleeps it calls ..._want_events() and sleeps only when that returns false.
 * ..._publish() says whether the other end wants to be told. Trust      The driver end survives any
 * content of the used ring, the device end any content of anything: shared words are read once,
 * indices are masked, lengths are checked by subtraction, chains are bounded. A queue found
 * inconsistent becomes `broken` for good.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VIRTQ_SIZE_MAX 32768 /* entries; a power of two */
#define VIRTQ_CHAIN_MAX 16   /* descriptors in one chain, at either end */

#define VIRTQ_DESC_F_NEXT 0x1u
#define VIRTQ_DESC_F_WRITE 0x2u    /* the device writes it, else it reads it */
#define VIRTQ_DESC_F_INDIRECT 0x4u /* never offered here */
#define VIRTQ_AVAIL_F_NO_INTERRUPT 0x1u
#define VIRTQ_USED_F_NO_NOTIFY 0x1u

struct virtq_desc {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

/* uint16_t used_event follows ring[size] in memory. */
struct virtq_avail {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};

struct virtq_used_entry {
    uint32_t id;
    uint32_t bytes;
};

/* uint16_t avail_event follows ring[size] in memory. */
struct virtq_used {
    uint16_t flags;
    uint16_t index;
    struct virtq_used_entry ring[];
};

/* Where the three areas of a queue lie: offsets from the start of some memory. */
struct virtq_place {
    uint32_t desc, avail, used;
    uint16_t size; /* entries */
};

/**
 * Lays a queue of `size` entries out at offset `at`, with the alignments of section 2.7. Fills
 * *place and returns the offset behind the queue. `size` is a power of two, at most VIRTQ_SIZE_MAX.
 */
uint32_t virtq_lay_out(struct virtq_place *place, uint32_t at, uint16_t size);

/* ---- the driver end ----------------------------------------------------------------------- */

struct virtq_segment {
    uint64_t address; /* as the device understands it */
    uint32_t bytes;
};

/* Private, one per entry; the user supplies the array. */
struct virtq_slot {
    void *token;
    uint16_t next;  /* of the chain, or of the free list */
    uint16_t count; /* descriptors of the chain that starts here; 0: none starts here */
};

struct virtq_driver {
    struct virtq_desc *desc;   /* borrows; shared */
    struct virtq_avail *avail; /* borrows; shared */
    struct virtq_used *used;   /* borrows; shared */
    struct virtq_slot *slots;  /* borrows */
    uint16_t size;
    uint16_t free_head; /* of the list of entries used before; q->fresh: it is empty */
    uint16_t free_count;
    uint16_t fresh;      /* entries from here on were never used: their memory is untouched */
    uint16_t avail_next; /* chains ever added, mod 2^16 */
    uint16_t avail_told; /* avail_next at the last publish */
    uint16_t used_next;  /* chains ever taken back, mod 2^16 */
    bool event_idx;
    bool broken; /* the device wrote nonsense */
};

/**
 * Prepares the driver end of a queue at `memory` + the offsets of *place. The memory must be zero
 * or fresh: only the indices and flags are written. `slots` has place->size elements, whatever
 * they hold; those of entries that are never used are never touched.
 */
void virtq_driver_init(struct virtq_driver *q, void *memory, const struct virtq_place *place,
                       struct virtq_slot *slots, bool event_idx);

/**
 * Adds a chain: `out` segments for the device to read, then `in` segments for it to write; 1 to
 * VIRTQ_CHAIN_MAX in all. The device sees it after virtq_driver_publish(). `token` (not looked at)
 * comes back from virtq_driver_take(). Returns false when there is no room or the queue is broken.
 */
bool virtq_driver_add(struct virtq_driver *q, const struct virtq_segment *segments,
                      unsigned int out, unsigned int in, void *token);

/** Shows the device all chains added so far. Returns true when it is to be notified. */
bool virtq_driver_publish(struct virtq_driver *q);

/**
 * Takes back one chain that the device is done with. Returns false when there is none. *bytes is
 * what the device says it wrote, never more than the chain's writable bytes can be trusted for:
 * the caller bounds it by its own buffer size.
 */
bool virtq_driver_take(struct virtq_driver *q, void **token, uint32_t *bytes);

/** True when virtq_driver_take() would find something: one read of shared memory. */
static inline bool virtq_driver_has_used(const struct virtq_driver *q)
{
    return __atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE) != q->used_next && !q->broken;
}

/**
 * Asks for an event at the next used chain. Returns true when there is one already (then do not
 * sleep). The request holds until the event; there is no need to take it back.
 */
bool virtq_driver_want_events(struct virtq_driver *q);

/** As virtq_driver_want_events(), but only when `chains` (>= 1) more have been used. */
bool virtq_driver_want_events_after(struct virtq_driver *q, uint16_t chains);

/** Without EVENT_IDX: asks for no events until virtq_driver_want_events(). Else does nothing. */
void virtq_driver_want_no_events(struct virtq_driver *q);

/* ---- the device end ----------------------------------------------------------------------- */

struct virtq_piece {
    uint8_t *data; /* lies in the window; its content can change at any time */
    uint32_t bytes;
};

struct virtq_chain {
    uint16_t head;     /* for virtq_device_give() */
    uint16_t readable; /* piece[0 .. readable) are for the device to read */
    uint16_t writable; /* the next `writable` ones for it to write */
    uint32_t readable_bytes, writable_bytes;
    struct virtq_piece piece[VIRTQ_CHAIN_MAX];
};

struct virtq_device {
    uint8_t *window; /* borrows; what offset 0 maps to */
    uint32_t low;    /* buffers lie in [low, high) of the window */
    uint32_t high;
    const struct virtq_desc *desc;   /* borrows; shared */
    const struct virtq_avail *avail; /* borrows; shared */
    struct virtq_used *used;         /* borrows; shared */
    uint16_t size;
    uint16_t avail_next; /* chains ever taken, mod 2^16 */
    uint16_t used_next;  /* chains ever given back, mod 2^16 */
    uint16_t used_told;  /* used_next at the last publish */
    bool event_idx;
    bool broken; /* the driver wrote nonsense */
};

/**
 * Prepares the device end of a queue in a window. `window` is where offset 0 of it lies for the
 * caller; only [low, high) of it (high at most 256 MiB) is mapped, and all that the driver names
 * must lie there.
 * Returns false, with *q untouched, when *place does not fit in there or is misaligned.
 */
bool virtq_device_init(struct virtq_device *q, void *window, uint32_t low, uint32_t high,
                       const struct virtq_place *place, bool event_idx);

/**
 * Takes the next chain that the driver made available: its descriptors are read once, checked, and
 * copied to *chain. Returns false when there is none, or when the queue is (or was found) broken.
 */
bool virtq_device_take(struct virtq_device *q, struct virtq_chain *chain);

/** Puts the chain taken last, of those not given back, back: it is taken again before others. */
void virtq_device_untake(struct virtq_device *q);

/** Chains that virtq_device_take() may still find: one read of shared memory. */
uint16_t virtq_device_pending(const struct virtq_device *q);

/**
 * Gives a taken chain back, `bytes` having been written to its writable pieces. The driver sees it
 * after virtq_device_publish(). Each chain taken is given back exactly once, in any order.
 */
static inline void virtq_device_give(struct virtq_device *q, uint16_t head, uint32_t bytes)
{
    struct virtq_used_entry *const entry = &q->used->ring[q->used_next & (q->size - 1)];

    __atomic_store_n(&entry->id, head, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->bytes, bytes, __ATOMIC_RELAXED);
    q->used_next++;
}

/** Shows the driver all chains given back so far. Returns true when it is to be notified. */
bool virtq_device_publish(struct virtq_device *q);

/** Asks for an event at the next available chain. Returns true when there is one already. */
bool virtq_device_want_events(struct virtq_device *q);

/** The same for a chain behind the next `pending` ones, which do not suffice. */
bool virtq_device_want_events_behind(struct virtq_device *q, uint16_t pending);

/** Without EVENT_IDX: asks for no events until virtq_device_want_events(). Else does nothing. */
void virtq_device_want_no_events(struct virtq_device *q);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_blk.c - see virtio_blk.h. What is asked for one buffer goes out in requests of as many
 * pages as fit into a chain of descriptors; those that find no room follow when others are done.
 */
#include "devices/virtio_blk.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "devices/virtio_pci.h"
#include "guests/room.h"
#include "mayfly/hypercall.h"
#include "tags.h"
#include "thread/idle.h"
#include "thread/thread.h"

#define DEVICE_BLOCK 2
#define DEVICE_BLOCK_TRANSITIONAL 0x1001

/* Features and configuration (5.2.3, 5.2.4) */
#define F_SIZE_MAX (1ull << 1)
#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_FLUSH (1ull << 9)
#define CONFIG_CAPACITY 0
#define CONFIG_SIZE_MAX 8
#define CONFIG_SEG_MAX 12
#define CONFIG_BYTES 16

/* Requests (5.2.6) */
#define TYPE_IN 0u
#define TYPE_OUT 1u
#define TYPE_FLUSH 4u
#define STATUS_OK 0u
#define STATUS_NONE 0xffu

#define SECTORS_PER_BLOCK 8u
#define PAGES_MAX (VIRTQ_CHAIN_MAX - 2u) /* of a request; head and status take one each */
#define REQUESTS 16u
#define FLUSH_OPERATION DISK_BUFFERS_ALL /* its number */
#define BAR_VA 0x3010000000u             /* behind the network card's */
#define BAR_ROOM 0x1000000u
#define ANSWER_NS (30 * MF_NS_PER_S)

/* What the disk reads and writes beside the data. */
struct head {
    uint32_t type, reserved;
    uint64_t sector;
    uint8_t status;
    uint8_t padding[15];
};

/* What was asked for one buffer, or the flush. */
struct operation {
    uint64_t at; /* block */
    uint32_t type;
    uint32_t count;           /* blocks */
    uint32_t sent, in_flight; /* blocks; requests */
    bool is_active, has_failed;
};

struct virtio_blk {
    struct disk disk; /* first */
    struct virtio_pci pci;
    uint32_t pages_max;
    bool has_flush, is_dead;
    uint32_t free_heads; /* a bit each */
    uint8_t of_head[REQUESTS];
    uint64_t heads_address;
    uint64_t addresses[DISK_BUFFERS_ALL * DISK_BUFFER_BLOCKS];
    struct operation operations[DISK_BUFFERS_ALL + 1];
    struct mf_waitq waiters;
    struct mf_event event;
    struct virtio_pci_queue queue;
    struct head heads[HV_PAGE_BYTES / sizeof(struct head)] __attribute__((aligned(4096)));
};

_Static_assert(sizeof(struct head) == 32, "a page of heads");

static struct virtio_blk disks[VIRTIO_BLK_MAX] __attribute__((section(".bss..cold.disks")));
static uint8_t buffers[DISK_BUFFERS_ALL][DISK_BUFFER_BLOCKS * DISK_BLOCK_BYTES]
    __attribute__((section(".bss..cold.disk_buffers"), aligned(4096)));

/* ---- requests ------------------------------------------------------------------------------ */

/* Sends the next request of operation `number`. Returns false when there is no room. */
static bool send_request(struct virtio_blk *b, uint32_t number)
{
    struct operation *const o = &b->operations[number];
    struct virtq_segment s[VIRTQ_CHAIN_MAX];
    const uint32_t left = o->count - o->sent;
    const uint32_t pages = left < b->pages_max ? left : b->pages_max;
    const bool is_write = o->type != TYPE_IN;

    if (b->free_heads == 0) {
        return false;
    }
    const uint32_t i = (uint32_t)__builtin_ctz(b->free_heads);
    const uint64_t head_at = b->heads_address + i * sizeof(struct head);
    b->heads[i] = (struct head){.type = o->type, .status = STATUS_NONE};
    b->heads[i].sector = o->type == TYPE_FLUSH ? 0 : (o->at + o->sent) * SECTORS_PER_BLOCK;
    s[0] = (struct virtq_segment){head_at, offsetof(struct head, status)};
    for (uint32_t k = 0; k < pages; k++) {
        s[1 + k] = (struct virtq_segment){b->addresses[number * DISK_BUFFER_BLOCKS + o->sent + k],
                                          DISK_BLOCK_BYTES};
    }
    s[1 + pages] = (struct virtq_segment){head_at + offsetof(struct head, status), 1};
    if (!virtq_driver_add(&b->queue.q, s, is_write ? 1 + pages : 1, is_write ? 1 : 1 + pages,
                          (void *)(uintptr_t)i)) {
        return false;
    }
    b->free_heads &= ~(1u << i);
    b->of_head[i] = (uint8_t)number;
    o->sent += pages;
    o->in_flight++;
    return true;
}

static bool has_more(const struct operation *o)
{
    return o->is_active && !o->has_failed &&
           (o->type == TYPE_FLUSH ? o->in_flight == 0 : o->sent < o->count);
}

static void send_all(struct virtio_blk *b)
{
    for (uint32_t n = 0; n <= FLUSH_OPERATION; n++) {
        while (has_more(&b->operations[n]) && send_request(b, n)) {
        }
    }
    if (virtq_driver_publish(&b->queue.q)) {
        virtio_pci_notify(&b->queue);
    }
}

/* Takes back what is done, also for another thread, which may sleep. */
static void reap(struct virtio_blk *b)
{
    void *token;
    uint32_t bytes;

    while (virtq_driver_take(&b->queue.q, &token, &bytes)) {
        const uint32_t i = (uint32_t)(uintptr_t)token;
        struct operation *const o = &b->operations[b->of_head[i]];
        const uint8_t status = __atomic_load_n(&b->heads[i].status, __ATOMIC_RELAXED);
        o->has_failed |= status != STATUS_OK;
        o->in_flight--;
        b->free_heads |= 1u << i;
        if (o->type == TYPE_FLUSH || o->has_failed || o->sent == o->count) {
            o->is_active = o->in_flight > 0;
        }
        mf_waitq_wake_all(&b->waiters);
    }
    b->is_dead |= b->queue.q.broken;
}

static void on_event(uint32_t tag, void *arg)
{
    struct virtio_blk *const b = arg;
    (void)tag;
    mf_waitq_wake_all(&b->waiters);
}

/* Sleeps until an operation is done. */
static const char *wait_for(struct virtio_blk *b, uint32_t number)
{
    struct operation *const o = &b->operations[number];
    const uint64_t deadline_ns = mf_clock_deadline(ANSWER_NS);

    while (o->is_active && !b->is_dead) {
        reap(b);
        send_all(b);
        if (!o->is_active || virtq_driver_want_events(&b->queue.q)) {
            continue;
        }
        if (mf_thread_wait(&b->waiters, deadline_ns) == -ETIMEDOUT) {
            b->is_dead = true;
        }
    }
    if (b->is_dead) {
        return "the disk does not answer";
    }
    const bool has_failed = o->has_failed;
    o->has_failed = false;
    return has_failed ? "the disk could not read or write what it was asked for" : NULL;
}

static void begin(struct virtio_blk *b, uint32_t number, const struct operation *o)
{
    b->operations[number] = *o;
    b->operations[number].is_active = true;
    reap(b);
    send_all(b);
}

static void disk_begin(struct disk *d, uint32_t buffer, uint64_t at, uint32_t count, bool write)
{
    const struct operation o = {.at = at, .count = count, .type = write ? TYPE_OUT : TYPE_IN};
    begin((struct virtio_blk *)(void *)d, buffer, &o);
}

static const char *disk_wait(struct disk *d, uint32_t buffer)
{
    return wait_for((struct virtio_blk *)(void *)d, buffer);
}

static const char *disk_flush(struct disk *d)
{
    struct virtio_blk *const b = (struct virtio_blk *)(void *)d;
    const struct operation o = {.type = TYPE_FLUSH};

    if (!b->has_flush) {
        return NULL; /* what it has taken is on the disk (5.2.6.2) */
    }
    begin(b, FLUSH_OPERATION, &o);
    return wait_for(b, FLUSH_OPERATION);
}

/* ---- finding and starting ------------------------------------------------------------------ */

static uint32_t config32(const struct virtio_blk *b, uint32_t at)
{
    return *(volatile uint32_t *)(volatile void *)(b->pci.config + at);
}

static const char *read_config(struct virtio_blk *b)
{
    if (b->pci.config_bytes < CONFIG_BYTES) {
        return "it does not say how large it is";
    }
    const uint64_t sectors =
        config32(b, CONFIG_CAPACITY) | (uint64_t)config32(b, CONFIG_CAPACITY + 4) << 32;
    b->disk.blocks = sectors / SECTORS_PER_BLOCK;
    b->disk.is_read_only = (b->pci.features & F_RO) != 0;
    b->has_flush = (b->pci.features & F_FLUSH) != 0;
    b->pages_max = PAGES_MAX;
    if ((b->pci.features & F_SEG_MAX) != 0) {
        const uint32_t max = config32(b, CONFIG_SEG_MAX);
        b->pages_max = max == 0 ? 1 : (max < PAGES_MAX ? max : PAGES_MAX);
    }
    if ((b->pci.features & F_SIZE_MAX) != 0 && config32(b, CONFIG_SIZE_MAX) < DISK_BLOCK_BYTES) {
        return "it takes less than 4 KiB at a time";
    }
    return NULL;
}

static bool find_addresses(struct virtio_blk *b)
{
    const int64_t heads = hv_dma_address(b->pci.device, (uint64_t)(uintptr_t)b->heads);
    b->heads_address = (uint64_t)heads;
    for (uint32_t i = 0; i < DISK_BUFFERS_ALL * DISK_BUFFER_BLOCKS; i++) {
        const int64_t address = hv_dma_address(b->pci.device, (uint64_t)(uintptr_t)buffers +
                                                                  (uint64_t)i * DISK_BLOCK_BYTES);
        if (address < 0) {
            return false;
        }
        b->addresses[i] = (uint64_t)address;
    }
    return heads >= 0;
}

static const char *start(struct virtio_blk *b, uint32_t index, uint32_t device)
{
    const char *problem =
        virtio_pci_open(&b->pci, device, BAR_VA + (uint64_t)index * BAR_ROOM,
                        F_SIZE_MAX | F_SEG_MAX | F_RO | F_FLUSH | VIRTIO_F_EVENT_IDX);
    if (problem == NULL) {
        problem = read_config(b);
    }
    if (problem == NULL) {
        problem = virtio_pci_queue_open(&b->pci, &b->queue, 0, 0, TAG_DISK + index);
    }
    if (problem == NULL && b->queue.q.size < VIRTQ_CHAIN_MAX) {
        problem = "its queue is too short";
    }
    if (problem == NULL && !find_addresses(b)) {
        problem = "no memory for its buffers";
    }
    if (problem != NULL) {
        virtio_pci_fail(&b->pci);
        b->is_dead = true;
        return problem;
    }
    for (uint32_t i = 0; i < DISK_BUFFERS_ALL; i++) {
        b->disk.buffers[i] = buffers[i];
    }
    b->free_heads = (1u << REQUESTS) - 1;
    b->event = (struct mf_event){TAG_DISK + index, 1, on_event, b, NULL};
    mf_event_register(&b->event);
    b->disk.begin = disk_begin;
    b->disk.wait = disk_wait;
    b->disk.flush = disk_flush;
    virtio_pci_start(&b->pci);
    return NULL;
}

/* The PCI device of the index-th disk; 0: there are fewer. */
static uint32_t find_device(uint32_t index)
{
    struct hv_machine_info machine;
    struct hv_pci_info pci;

    if (hv_machine_info(&machine) < 0) {
        return 0;
    }
    for (uint32_t device = 1; device <= machine.pci_count; device++) {
        if (hv_pci_info(device, &pci) >= 0 && pci.vendor == VIRTIO_PCI_VENDOR &&
            (pci.device == VIRTIO_PCI_MODERN + DEVICE_BLOCK ||
             pci.device == DEVICE_BLOCK_TRANSITIONAL) &&
            index-- == 0) {
            return device;
        }
    }
    return 0;
}

/* They stay: the next disk, and the next command, finds them. */
static bool has_room(struct virtio_blk *b)
{
    static bool has_buffers;
    has_buffers = has_buffers || room_claim(buffers, sizeof(buffers));
    return has_buffers && room_claim(b, sizeof(*b));
}

const char *virtio_blk_open(uint32_t index, struct disk **disk)
{
    *disk = NULL;
    if (index >= VIRTIO_BLK_MAX) {
        return NULL;
    }
    struct virtio_blk *const b = &disks[index];
    if (b->is_dead) {
        return "it failed before";
    }
    if (b->pci.device == 0) {
        const uint32_t device = find_device(index);
        if (device != 0 && !has_room(b)) {
            return "the machine has no memory left for the disk's buffers";
        }
        const char *const problem = device == 0 ? NULL : start(b, index, device);
        if (device == 0 || problem != NULL) {
            return problem;
        }
    }
    *disk = &b->disk;
    return NULL;
}

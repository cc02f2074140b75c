/* SPDX-License-Identifier: Apache-2.0 */
/* virtio_net.c - see virtio_net.h. */
#include "devices/virtio_net.h"

#include <stddef.h>

#include "devices/virtio_pci.h"
#include "mayfly/hypercall.h"
#include "net/cut.h"
#include "tags.h"
#include "virtq/virtio_net.h"

#define DEVICE_NET 1
#define DEVICE_NET_TRANSITIONAL 0x1000
#define F_CSUM (1ull << 0)       /* the card finishes partial checksums */
#define F_GUEST_CSUM (1ull << 1) /* we take packets with partial checksums */
#define F_MAC (1ull << 5)
#define F_HOST_TSO4 (1ull << 11) /* the card cuts TCP segments over IPv4; needs F_CSUM */
#define QUEUE_RX 0
#define QUEUE_TX 1
#define BUFFER_BYTES 2048u
#define BUFFERS VIRTIO_PCI_QUEUE_MAX
#define BAR_VA 0x3000000000u /* above the boot modules, far from the heap */
#define ROOM_AFTER 64        /* sent frames worth an event to those who wait for room */

struct buffers {
    uint64_t address[BUFFERS]; /* for the card */
    uint8_t data[BUFFERS][BUFFER_BYTES] __attribute__((aligned(4096)));
};

static struct virtio_pci card;
static struct virtio_pci_queue rx __attribute__((section(".bss..cold.rx")));
static struct virtio_pci_queue tx __attribute__((section(".bss..cold.tx")));
static struct buffers rx_buffers __attribute__((section(".bss..cold.rx_buffers")));
static struct buffers tx_buffers __attribute__((section(".bss..cold.tx_buffers")));
static uint16_t tx_free[BUFFERS]; /* a stack of buffer numbers */
static uint16_t tx_next[BUFFERS]; /* of the same frame: number + 1; 0: none */
static uint16_t cut_id;           /* IP identification of the next frame that was cut */
static uint32_t tx_free_count;
static uint8_t *taken[VIRTIO_NET_TAKEN_MAX]; /* the buffers of frames taken, oldest first */
static uint32_t taken_count;

/* Finds out where the buffers are for the card. */
static bool find_addresses(struct buffers *b, uint32_t count)
{
    const uint32_t per_page = HV_PAGE_BYTES / BUFFER_BYTES;
    for (uint32_t i = 0; i < count; i++) {
        if (i % per_page == 0) {
            const int64_t address = hv_dma_address(card.device, (uint64_t)(uintptr_t)b->data[i]);
            if (address < 0) {
                return false;
            }
            b->address[i] = (uint64_t)address;
        } else {
            b->address[i] = b->address[i - 1] + BUFFER_BYTES;
        }
    }
    return true;
}

static void post(uint8_t *buffer)
{
    const uint32_t i = (uint32_t)(buffer - rx_buffers.data[0]) / BUFFER_BYTES;
    const struct virtq_segment s = {rx_buffers.address[i], BUFFER_BYTES};
    virtq_driver_add(&rx.q, &s, 0, 1, buffer);
}

static const char *start(uint32_t device, uint8_t mac[6])
{
    const char *problem = virtio_pci_open(
        &card, device, BAR_VA, F_CSUM | F_GUEST_CSUM | F_MAC | F_HOST_TSO4 | VIRTIO_F_EVENT_IDX);
    if (problem == NULL && ((card.features & F_MAC) == 0 || card.config_bytes < 6)) {
        problem = "it has no MAC address";
    }
    if (problem == NULL) {
        problem = virtio_pci_queue_open(&card, &rx, QUEUE_RX, 0, TAG_NIC + QUEUE_RX);
    }
    if (problem == NULL) {
        problem = virtio_pci_queue_open(&card, &tx, QUEUE_TX, 1, TAG_NIC + QUEUE_TX);
    }
    if (problem == NULL &&
        (!find_addresses(&rx_buffers, rx.q.size) || !find_addresses(&tx_buffers, tx.q.size))) {
        problem = "no memory for its buffers";
    }
    if (problem != NULL) {
        virtio_pci_fail(&card);
        return problem;
    }
    for (uint32_t i = 0; i < 6; i++) {
        mac[i] = card.config[i];
    }
    virtio_pci_start(&card);
    for (uint32_t i = 0; i < rx.q.size; i++) {
        post(rx_buffers.data[i]);
    }
    for (uint32_t i = 0; i < tx.q.size; i++) {
        tx_free[tx_free_count++] = (uint16_t)i;
    }
    virtq_driver_want_no_events(&tx.q);
    virtio_net_flush();
    return NULL;
}

const char *virtio_net_open(uint8_t mac[6], bool *found)
{
    struct hv_machine_info machine;
    struct hv_pci_info pci;

    *found = false;
    if (hv_machine_info(&machine) < 0) {
        return "the machine's devices are not known";
    }
    for (uint32_t device = 1; device <= machine.pci_count; device++) {
        if (hv_pci_info(device, &pci) < 0 || pci.vendor != VIRTIO_PCI_VENDOR ||
            (pci.device != VIRTIO_PCI_MODERN + DEVICE_NET &&
             pci.device != DEVICE_NET_TRANSITIONAL)) {
            continue;
        }
        *found = true;
        return start(device, mac);
    }
    return "there is none";
}

static void reclaim(void)
{
    void *token;
    uint32_t bytes;
    while (virtq_driver_take(&tx.q, &token, &bytes)) {
        uint16_t i = (uint16_t)(uintptr_t)token;
        tx_free[tx_free_count++] = i;
        while (tx_next[i] != 0) {
            const uint16_t next = (uint16_t)(tx_next[i] - 1);
            tx_next[i] = 0;
            i = next;
            tx_free[tx_free_count++] = i;
        }
    }
}

bool virtio_net_has_room(uint32_t frames)
{
    const uint32_t wanted = frames < tx.q.size ? frames : tx.q.size;

    if (tx_free_count < wanted) {
        reclaim();
    }
    return tx_free_count >= wanted;
}

/* A frame in buffer i. */
static void send_one(uint16_t i, uint32_t bytes)
{
    const struct virtq_segment s = {tx_buffers.address[i], bytes};

    if (bytes == 0 || !virtq_driver_add(&tx.q, &s, 1, 0, (void *)(uintptr_t)i)) {
        tx_free[tx_free_count++] = i;
    }
}

/* The card cuts it. */
static void send_whole(const struct frame *f, uint32_t header_bytes)
{
    struct virtq_piece pieces[VIRTQ_CHAIN_MAX];
    struct virtq_segment segments[VIRTQ_CHAIN_MAX];
    uint32_t left = (uint32_t)sizeof(struct virtio_net_hdr) + frame_bytes(f), count = 0;
    uint16_t first = 0;

    _Static_assert(FRAME_LARGE_BYTES + sizeof(struct virtio_net_hdr) <=
                       VIRTQ_CHAIN_MAX * BUFFER_BYTES,
                   "it fits");
    if (left > tx_free_count * BUFFER_BYTES) {
        return; /* the card's queue is too short */
    }
    for (; left > 0; count++) {
        const uint16_t i = tx_free[--tx_free_count];
        const uint32_t part = left < BUFFER_BYTES ? left : BUFFER_BYTES;
        pieces[count] = (struct virtq_piece){tx_buffers.data[i], part};
        segments[count] = (struct virtq_segment){tx_buffers.address[i], part};
        tx_next[i] = first;
        first = (uint16_t)(i + 1);
        left -= part;
    }
    frame_store_whole(f, pieces, count, header_bytes);
    virtq_driver_add(&tx.q, segments, count, 0, (void *)(uintptr_t)(first - 1u));
}

static __attribute__((noinline)) void send_large(const struct frame *f, uint32_t frames)
{
    struct cut c;
    uint32_t bytes;

    cut_begin(&c, f);
    if ((~card.features & (F_HOST_TSO4 | F_CSUM)) == 0) {
        send_whole(f, c.header_bytes);
        return;
    }
    for (; frames > 0 && tx_free_count > 0; frames--) {
        const uint16_t i = tx_free[--tx_free_count];
        bytes = cut_next(&c, tx_buffers.data[i], (card.features & F_CSUM) == 0, cut_id++);
        send_one(i, bytes);
    }
}

void virtio_net_send(const struct frame *f)
{
    const uint32_t frames = cut_frames(f);

    if (!virtio_net_has_room(frames)) {
        return;
    }
    if (frames > 1) {
        send_large(f, frames);
        return;
    }
    const uint16_t i = tx_free[--tx_free_count];
    const struct virtq_piece piece = {tx_buffers.data[i], BUFFER_BYTES};
    send_one(i, frame_store(f, &piece, 1, (card.features & F_CSUM) == 0));
}

bool virtio_net_receive(struct frame *f)
{
    void *token;
    uint32_t bytes;

    while (virtq_driver_take(&rx.q, &token, &bytes)) {
        const struct virtq_piece piece = {token, bytes < BUFFER_BYTES ? bytes : BUFFER_BYTES};
        if (frame_load(f, &piece, 1)) {
            taken[taken_count++] = token;
            return true;
        }
        post(token);
    }
    return false;
}

void virtio_net_received(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        post(taken[i]);
    }
    taken_count -= count;
    for (uint32_t i = 0; i < taken_count; i++) {
        taken[i] = taken[count + i];
    }
}

void virtio_net_flush(void)
{
    if (virtq_driver_publish(&rx.q)) {
        virtio_pci_notify(&rx);
    }
    if (virtq_driver_publish(&tx.q)) {
        virtio_pci_notify(&tx);
    }
}

bool virtio_net_want_events(void)
{
    return virtq_driver_want_events(&rx.q);
}

bool virtio_net_want_room_event(void)
{
    return virtq_driver_want_events_after(&tx.q, ROOM_AFTER);
}

bool virtio_net_has_received(void)
{
    return virtq_driver_has_used(&rx.q);
}

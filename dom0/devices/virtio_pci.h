/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_pci.h - virtio devices over PCI, modern interface only (virtio 1.2, section 4.1): finds
 * the structures through the capabilities, negotiates, sets queues up. The queues are
 * virtq/virtq.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "virtq/virtq.h"

#define VIRTIO_PCI_VENDOR 0x1af4
#define VIRTIO_PCI_MODERN 0x1040 /* + device type */
#define VIRTIO_PCI_QUEUE_MAX 256 /* so that each area of a queue is within one page */

#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)

struct virtio_pci_common; /* the registers; see virtio_pci.c */

struct virtio_pci {
    uint32_t device;   /* handle */
    uint64_t features; /* negotiated */
    volatile struct virtio_pci_common *common;
    volatile uint8_t *config; /* of the device type; NULL: none */
    volatile uint8_t *notify;
    uint32_t notify_bytes, notify_multiplier, config_bytes;
    uint64_t next_va; /* where the next BAR is mapped */
    volatile uint8_t *bars[6];
    uint64_t bar_bytes[6];
};

/* A queue of 3 pages and where its doorbell is. */
struct virtio_pci_queue {
    struct virtq_driver q;
    volatile uint16_t *doorbell;
    uint16_t index;
    struct virtq_slot slots[VIRTIO_PCI_QUEUE_MAX];
    uint8_t memory[3][4096] __attribute__((aligned(4096)));
};

/**
 * Starts with PCI device `device` (a handle), whose BARs are mapped from `va` on: resets it and
 * negotiates `wanted` features, of which VERSION_1 is a must. Returns NULL or what is wrong (a
 * constant).
 */
const char *virtio_pci_open(struct virtio_pci *v, uint32_t device, uint64_t va, uint64_t wanted);

/**
 * Sets queue `index` up, with at most VIRTIO_PCI_QUEUE_MAX entries, its interrupts going to MSI-X
 * entry `vector`, an event with `tag`. Returns NULL or what is wrong.
 */
const char *virtio_pci_queue_open(struct virtio_pci *v, struct virtio_pci_queue *q, uint16_t index,
                                  uint16_t vector, uint32_t tag);

/** All is set up: the device may work. */
void virtio_pci_start(struct virtio_pci *v);

/** Something is wrong: the device is not to be used. */
void virtio_pci_fail(struct virtio_pci *v);

/** Tells the device of new buffers. */
static inline void virtio_pci_notify(const struct virtio_pci_queue *q)
{
    *q->doorbell = q->index;
}

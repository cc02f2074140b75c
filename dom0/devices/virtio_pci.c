/* SPDX-License-Identifier: Apache-2.0 */
/* virtio_pci.c - see virtio_pci.h. Section numbers: virtio 1.2. */
#include "devices/virtio_pci.h"

#include <stddef.h>

#include "mayfly/hypercall.h"

/* PCI configuration space. */
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2u
#define PCI_COMMAND_MASTER 0x4u
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x10u
#define PCI_CAPABILITIES 0x34
#define PCI_CAPABILITY_VENDOR 0x09
#define CAPABILITIES_MAX 48 /* as many as fit: the list may be a circle */

/* struct virtio_pci_cap (4.1.4) */
#define CAP_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_NOTIFY_MULTIPLIER 16
#define CAP_COMMON 1
#define CAP_NOTIFY 2
#define CAP_DEVICE 4

/* Device status (2.1) */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_FAILED 128u

#define NO_VECTOR 0xffffu
#define RESET_TRIES 100000

/* struct virtio_pci_common_cfg (4.1.4.3) */
struct virtio_pci_common {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t config_msix_vector, num_queues;
    uint8_t device_status, config_generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
    uint32_t queue_desc[2], queue_driver[2], queue_device[2];
};

_Static_assert(sizeof(struct virtio_pci_common) == 56, "virtio 1.2, 4.1.4.3");

/* Maps a BAR at the first use. Returns false when it is not there or is too small. */
static bool map_bar(struct virtio_pci *v, uint32_t bar, uint32_t offset, uint32_t length)
{
    if (bar >= 6) {
        return false;
    }
    if (v->bars[bar] == NULL) {
        const int64_t bytes = hv_pci_map_bar(v->device, bar, v->next_va);
        if (bytes <= 0) {
            return false;
        }
        v->bars[bar] = (volatile uint8_t *)(uintptr_t)v->next_va;
        v->bar_bytes[bar] = (uint64_t)bytes;
        v->next_va += ((uint64_t)bytes + HV_WINDOW_BYTES - 1) & ~(uint64_t)(HV_WINDOW_BYTES - 1);
    }
    return offset <= v->bar_bytes[bar] && length <= v->bar_bytes[bar] - offset;
}

static uint32_t read_config(const struct virtio_pci *v, uint32_t at, uint32_t bytes)
{
    return (uint32_t)hv_pci_read(v->device, at, bytes);
}

static void take_capability(struct virtio_pci *v, uint32_t at)
{
    const uint32_t type = read_config(v, at + CAP_TYPE, 1);
    const uint32_t bar = read_config(v, at + CAP_BAR, 1);
    const uint32_t offset = read_config(v, at + CAP_OFFSET, 4);
    const uint32_t length = read_config(v, at + CAP_LENGTH, 4);

    if ((type != CAP_COMMON && type != CAP_NOTIFY && type != CAP_DEVICE) ||
        !map_bar(v, bar, offset, length)) {
        return;
    }
    volatile uint8_t *p = v->bars[bar] + offset;
    if (type == CAP_COMMON && v->common == NULL && length >= sizeof(struct virtio_pci_common)) {
        v->common = (volatile struct virtio_pci_common *)(volatile void *)p;
    } else if (type == CAP_NOTIFY && v->notify == NULL) {
        v->notify = p;
        v->notify_bytes = length;
        v->notify_multiplier = read_config(v, at + CAP_NOTIFY_MULTIPLIER, 4);
    } else if (type == CAP_DEVICE && v->config == NULL) {
        v->config = p;
        v->config_bytes = length;
    }
}

static void find_structures(struct virtio_pci *v)
{
    uint32_t at = 0;
    if ((read_config(v, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES) != 0) {
        at = read_config(v, PCI_CAPABILITIES, 1) & 0xfcu;
    }
    for (int i = 0; i < CAPABILITIES_MAX && at != 0; i++) {
        if (read_config(v, at, 1) == PCI_CAPABILITY_VENDOR) {
            take_capability(v, at);
        }
        at = read_config(v, at + 1, 1) & 0xfcu;
    }
}

static void add_status(struct virtio_pci *v, uint8_t status)
{
    v->common->device_status = (uint8_t)(v->common->device_status | status);
}

static bool reset(struct virtio_pci *v)
{
    v->common->device_status = 0;
    for (int i = 0; i < RESET_TRIES; i++) {
        if (v->common->device_status == 0) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

static const char *negotiate(struct virtio_pci *v, uint64_t wanted)
{
    uint64_t offered;
    v->common->device_feature_select = 0;
    offered = v->common->device_feature;
    v->common->device_feature_select = 1;
    offered |= (uint64_t)v->common->device_feature << 32;
    v->features = offered & wanted;
    if ((v->features & VIRTIO_F_VERSION_1) == 0) {
        return "the device is older than virtio 1.0";
    }
    v->common->driver_feature_select = 0;
    v->common->driver_feature = (uint32_t)v->features;
    v->common->driver_feature_select = 1;
    v->common->driver_feature = (uint32_t)(v->features >> 32);
    add_status(v, STATUS_FEATURES_OK);
    if ((v->common->device_status & STATUS_FEATURES_OK) == 0) {
        return "the device does not accept our features";
    }
    return NULL;
}

const char *virtio_pci_open(struct virtio_pci *v, uint32_t device, uint64_t va, uint64_t wanted)
{
    *v = (struct virtio_pci){.device = device, .next_va = va};
    const uint32_t command = read_config(v, PCI_COMMAND, 2);
    if (hv_pci_write(device, PCI_COMMAND, 2, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER) <
        0) {
        return "it cannot be switched on";
    }
    find_structures(v);
    if (v->common == NULL || v->notify == NULL) {
        return "it has no modern virtio interface";
    }
    if (!reset(v)) {
        return "it does not reset";
    }
    add_status(v, STATUS_ACKNOWLEDGE);
    add_status(v, STATUS_DRIVER);
    v->common->config_msix_vector = NO_VECTOR;
    return negotiate(v, wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
}

/* Writes the machine address of one page of a queue to a pair of registers. */
static bool set_address(const struct virtio_pci *v, const void *page, volatile uint32_t out[2])
{
    const int64_t address = hv_dma_address(v->device, (uint64_t)(uintptr_t)page);
    if (address < 0) {
        return false;
    }
    out[0] = (uint32_t)address;
    out[1] = (uint32_t)((uint64_t)address >> 32);
    return true;
}

const char *virtio_pci_queue_open(struct virtio_pci *v, struct virtio_pci_queue *q, uint16_t index,
                                  uint16_t vector, uint32_t tag)
{
    volatile struct virtio_pci_common *c = v->common;
    struct virtq_place place = {.desc = 0, .avail = 4096, .used = 2 * 4096};

    c->queue_select = index;
    place.size = c->queue_size;
    if (place.size == 0) {
        return "it lacks a queue";
    }
    if (place.size > VIRTIO_PCI_QUEUE_MAX) {
        place.size = VIRTIO_PCI_QUEUE_MAX;
        c->queue_size = VIRTIO_PCI_QUEUE_MAX;
    }
    const uint64_t offset = (uint64_t)c->queue_notify_off * v->notify_multiplier;
    if (v->notify_bytes < 2 || offset > v->notify_bytes - 2) {
        return "a doorbell is outside of its BAR";
    }
    if (!set_address(v, q->memory[0], c->queue_desc) ||
        !set_address(v, q->memory[1], c->queue_driver) ||
        !set_address(v, q->memory[2], c->queue_device)) {
        return "no memory for a queue";
    }
    q->index = index;
    q->doorbell = (volatile uint16_t *)(volatile void *)(v->notify + offset);
    virtq_driver_init(&q->q, q->memory, &place, q->slots, (v->features & VIRTIO_F_EVENT_IDX) != 0);
    if (hv_pci_msix(v->device, vector, tag) < 0) {
        return "no interrupt for a queue";
    }
    c->queue_msix_vector = vector;
    if (c->queue_msix_vector != vector) {
        return "it does not accept an interrupt vector";
    }
    c->queue_enable = 1;
    return NULL;
}

void virtio_pci_start(struct virtio_pci *v)
{
    add_status(v, STATUS_DRIVER_OK);
}

void virtio_pci_fail(struct virtio_pci *v)
{
    if (v->common != NULL) {
        add_status(v, STATUS_FAILED);
    }
}

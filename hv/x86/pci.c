/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pci.c - finds PCI functions through memory-mapped configuration space (PCI Express 5.0, 7.2.2;
 * ACPI MCFG), lets their owner at the harmless part of it, and programs MSI-X. Bridges are hv's
 * business and are not listed. Firmware has assigned the BARs. Built once at boot; afterwards only
 * the device's owner calls, for one device from one CPU at a time.
 */
#include "acpi.h"
#include "arch.h"
#include "hv/printk.h"

#define CONFIG_BYTES 4096u
#define BUS_BYTES 0x100000ul
#define BARS 6

#define REG_VENDOR 0x00
#define REG_DEVICE 0x02
#define REG_COMMAND 0x04
#define REG_STATUS 0x06
#define REG_CLASS 0x08
#define REG_CACHE_LINE 0x0c
#define REG_LATENCY 0x0d
#define REG_HEADER 0x0e
#define REG_BAR 0x10
#define REG_SECONDARY_BUS 0x19 /* of a bridge */
#define REG_SUBSYSTEM_VENDOR 0x2c
#define REG_SUBSYSTEM 0x2e
#define REG_CAPABILITIES 0x34
#define REG_INTERRUPT_LINE 0x3c
#define STANDARD_END 0x40u
#define CAPABILITIES_END 0x100u

#define COMMAND_IO 0x001u
#define COMMAND_MEMORY 0x002u
#define COMMAND_MASTER 0x004u
#define COMMAND_PARITY 0x040u
#define COMMAND_SERR 0x100u
#define COMMAND_NO_INTX 0x400u
#define STATUS_CAPABILITIES 0x10u

#define CLASS_BRIDGE 0x06u
#define BAR_IO 0x1u
#define BAR_64_BIT 0x4u

#define CAPABILITY_MSI 0x05
#define CAPABILITY_MSIX 0x11
#define CAPABILITIES_MAX 48 /* more do not fit: the list is a loop */

#define MSIX_CONTROL 2
#define MSIX_TABLE 4
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_CONTROL_MASK_ALL 0x4000u
#define MSIX_CONTROL_COUNT 0x07ffu
#define MSIX_MASKED 1u
#define MSI_ADDRESS 0xfee00000u
#define MSI_DESTINATION_MAX 0xffu

struct msix_entry {
    uint32_t address_low, address_high, data, control;
};

struct pci_device {
    volatile uint8_t *config;
    struct hv_pci_info info;
    uint64_t bar_base[BARS];
    volatile struct msix_entry *msix; /* NULL: has none */
    uint32_t msix_capability;         /* offset in configuration space */
    uint32_t msix_bar, msix_offset;
};

#define CHUNK_DEVICES (PAGE_SIZE / sizeof(struct pci_device))
#define CHUNKS_MAX 16

static struct pci_device *chunks[CHUNKS_MAX];
static uint32_t device_count;

static uint32_t config_read(volatile const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    volatile const uint8_t *at = config + offset;
    if (bytes == 4) {
        return *(volatile const uint32_t *)at;
    }
    return bytes == 2 ? *(volatile const uint16_t *)at : *at;
}

static void config_write(volatile uint8_t *config, uint32_t offset, uint32_t bytes, uint32_t value)
{
    volatile uint8_t *at = config + offset;
    if (bytes == 4) {
        *(volatile uint32_t *)at = value;
    } else if (bytes == 2) {
        *(volatile uint16_t *)at = (uint16_t)value;
    } else {
        *at = (uint8_t)value;
    }
}

/* ---- finding devices ------------------------------------------------------------------------- */

/* Where the first capability of kind `id` begins; 0: there is none. */
static uint32_t capability_find(volatile const uint8_t *config, uint8_t id)
{
    if ((config_read(config, REG_STATUS, 2) & STATUS_CAPABILITIES) == 0) {
        return 0;
    }
    uint32_t at = config_read(config, REG_CAPABILITIES, 1) & ~3u;
    for (uint32_t i = 0; i < CAPABILITIES_MAX && at >= STANDARD_END; i++) {
        if (config_read(config, at, 1) == id) {
            return at;
        }
        at = config_read(config, at + 1, 1) & ~3u;
    }
    return 0;
}

/* What stays zero of all ones tells the size; decoding is off meanwhile. */
static void read_bars(struct pci_device *d)
{
    const uint32_t command = config_read(d->config, REG_COMMAND, 2);
    config_write(d->config, REG_COMMAND, 2, command & ~(COMMAND_IO | COMMAND_MEMORY));
    for (uint32_t i = 0; i < BARS; i++) {
        const uint32_t at = REG_BAR + i * 4;
        const uint32_t low = config_read(d->config, at, 4);
        if ((low & BAR_IO) != 0) {
            continue;
        }
        const bool is_64_bit = (low & BAR_64_BIT) != 0 && i + 1 < BARS;
        const uint32_t high = is_64_bit ? config_read(d->config, at + 4, 4) : 0;
        config_write(d->config, at, 4, UINT32_MAX);
        uint64_t mask = config_read(d->config, at, 4) & ~15u;
        config_write(d->config, at, 4, low);
        if (is_64_bit) {
            config_write(d->config, at + 4, 4, UINT32_MAX);
            mask |= (uint64_t)config_read(d->config, at + 4, 4) << 32;
            config_write(d->config, at + 4, 4, high);
        } else if (mask != 0) {
            mask |= 0xffffffff00000000ul;
        }
        const uint64_t base = (uint64_t)high << 32 | (low & ~15u);
        if (base != 0 && mask != 0) {
            d->bar_base[i] = base;
            d->info.bar_bytes[i] = 0 - mask;
        }
        i += is_64_bit;
    }
    config_write(d->config, REG_COMMAND, 2, command);
}

static void read_msix(struct pci_device *d)
{
    const uint32_t at = capability_find(d->config, CAPABILITY_MSIX);
    if (at == 0) {
        return;
    }
    const uint32_t count = (config_read(d->config, at + MSIX_CONTROL, 2) & MSIX_CONTROL_COUNT) + 1;
    const uint32_t table = config_read(d->config, at + MSIX_TABLE, 4);
    const uint32_t bar = table & 7, offset = table & ~7u;
    const uint64_t bytes = count * sizeof(struct msix_entry);
    if (bar >= BARS || d->bar_base[bar] >= STACKS_VA - MMIO_VA - d->info.bar_bytes[bar] ||
        offset > d->info.bar_bytes[bar] || bytes > d->info.bar_bytes[bar] - offset) {
        return;
    }
    d->msix = mmio_map((paddr_t){d->bar_base[bar] + offset}, bytes);
    d->msix_capability = at;
    d->msix_bar = bar;
    d->msix_offset = offset;
    d->info.msix_count = (uint16_t)count;
}

static void add_device(volatile uint8_t *config, const struct acpi_ecam *e, uint32_t bus,
                       uint32_t devfn)
{
    if (device_count == CHUNKS_MAX * CHUNK_DEVICES) {
        printk("pci: too many devices: %x:%x.%x is not used\n", bus, devfn >> 3, devfn & 7);
        return;
    }
    struct pci_device **chunk = &chunks[device_count / CHUNK_DEVICES];
    if (*chunk == NULL) {
        *chunk = phys_to_virt(bootmem_alloc(PAGE_SIZE));
    }
    struct pci_device *d = &(*chunk)[device_count % CHUNK_DEVICES];
    d->config = config;
    d->info.segment = e->segment;
    d->info.bus = (uint8_t)bus;
    d->info.devfn = (uint8_t)devfn;
    d->info.vendor = (uint16_t)config_read(config, REG_VENDOR, 2);
    d->info.device = (uint16_t)config_read(config, REG_DEVICE, 2);
    d->info.class_code = config_read(config, REG_CLASS, 4) >> 8;
    d->info.subsystem_vendor = (uint16_t)config_read(config, REG_SUBSYSTEM_VENDOR, 2);
    d->info.subsystem = (uint16_t)config_read(config, REG_SUBSYSTEM, 2);
    read_bars(d);
    read_msix(d);
    device_count++;
    printk("pci %04x:%02x:%02x.%x %04x:%04x class %06x, %u MSI-X\n", e->segment, bus, devfn >> 3,
           devfn & 7, d->info.vendor, d->info.device, d->info.class_code, d->info.msix_count);
}

/* Notes in `behind_bridge` which buses are known to exist. */
static void scan_bus(const struct acpi_ecam *e, volatile uint8_t *bus_config, uint32_t bus,
                     bool *behind_bridge)
{
    for (uint32_t devfn = 0; devfn < 256; devfn++) {
        volatile uint8_t *config = bus_config + devfn * CONFIG_BYTES;
        const bool exists = config_read(config, REG_VENDOR, 2) != 0xffff;
        const uint32_t header = exists ? config_read(config, REG_HEADER, 1) : 0;
        if (exists && config_read(config, REG_CLASS + 3, 1) != CLASS_BRIDGE) {
            add_device(config, e, bus, devfn);
        } else if (exists && (header & 0x7f) == 1) {
            behind_bridge[config_read(config, REG_SECONDARY_BUS, 1)] = true;
        }
        if (devfn % 8 == 0 && (header & 0x80) == 0) {
            devfn += 7; /* has one function only */
        }
    }
}

/* Bus numbers behind a bridge are higher than its own. Further root buses have no bridge that tells
 * of them: they are found by their first device. */
static void scan_ecam(const struct acpi_ecam *e)
{
    bool behind_bridge[256] = {false};
    const uint64_t bus_count = (uint64_t)e->last_bus - e->first_bus + 1;
    const paddr_t base = {e->base.v + e->first_bus * BUS_BYTES};
    volatile uint8_t *config = mmio_map(base, bus_count * BUS_BYTES);
    for (uint32_t bus = e->first_bus; bus <= e->last_bus; bus++, config += BUS_BYTES) {
        if (behind_bridge[bus] || config_read(config, REG_VENDOR, 2) != 0xffff) {
            scan_bus(e, config, bus, behind_bridge);
        }
    }
}

void pci_init(void)
{
    for (uint32_t i = 0; i < acpi.ecam_count; i++) {
        if (acpi.ecams[i].base.v != 0 && acpi.ecams[i].first_bus <= acpi.ecams[i].last_bus) {
            scan_ecam(&acpi.ecams[i]);
        }
    }
}

uint32_t pci_count(void)
{
    return device_count;
}

struct pci_device *pci_get(uint32_t index)
{
    return &chunks[index / CHUNK_DEVICES][index % CHUNK_DEVICES];
}

void pci_get_info(const struct pci_device *device, struct hv_pci_info *info)
{
    *info = device->info;
}

/* ---- configuration space --------------------------------------------------------------------- */

static enum hv_err check_access(uint32_t offset, uint32_t bytes)
{
    if (bytes != 1 && bytes != 2 && bytes != 4) {
        return HV_ERR_INVAL;
    }
    if (offset >= CONFIG_BYTES) {
        return HV_ERR_RANGE;
    }
    return offset % bytes == 0 ? HV_OK : HV_ERR_ALIGN;
}

enum hv_err pci_config_read(struct pci_device *device, uint32_t offset, uint32_t bytes,
                            uint32_t *value)
{
    const enum hv_err err = check_access(offset, bytes);
    if (err == HV_OK) {
        *value = config_read(device->config, offset, bytes);
    }
    return err;
}

/* The capability whose bytes hold `offset`: the one that begins last at or before it. */
static uint8_t capability_kind_at(volatile const uint8_t *config, uint32_t offset)
{
    uint32_t best = 0, at = config_read(config, REG_CAPABILITIES, 1) & ~3u;
    for (uint32_t i = 0; i < CAPABILITIES_MAX && at >= STANDARD_END; i++) {
        if (at <= offset && at > best) {
            best = at;
        }
        at = config_read(config, at + 1, 1) & ~3u;
    }
    return best == 0 ? 0 : (uint8_t)config_read(config, best, 1);
}

/* What an owner may write: no BARs (they could come to lie over RAM or other devices), no message
 * interrupts (they could hit any vector of any CPU), no extended capabilities. */
static bool may_write(const struct pci_device *device, uint32_t offset, uint32_t bytes)
{
    if (offset >= CAPABILITIES_END) {
        return false;
    }
    if (offset >= STANDARD_END) {
        const uint8_t kind = capability_kind_at(device->config, offset);
        return kind != 0 && kind != CAPABILITY_MSI && kind != CAPABILITY_MSIX;
    }
    return (offset == REG_COMMAND && bytes == 2) || (offset == REG_STATUS && bytes == 2) ||
           (offset == REG_CACHE_LINE && bytes == 1) || (offset == REG_LATENCY && bytes == 1) ||
           (offset == REG_INTERRUPT_LINE && bytes == 1);
}

enum hv_err pci_config_write(struct pci_device *device, uint32_t offset, uint32_t bytes,
                             uint32_t value)
{
    const enum hv_err err = check_access(offset, bytes);
    if (err != HV_OK) {
        return err;
    }
    if (!may_write(device, offset, bytes)) {
        return HV_ERR_PERM;
    }
    if (offset == REG_COMMAND) {
        value &= COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_PARITY | COMMAND_SERR |
                 COMMAND_NO_INTX;
        value |= COMMAND_NO_INTX; /* nobody handles line interrupts */
    }
    config_write(device->config, offset, bytes, value);
    return HV_OK;
}

enum hv_err pci_bar(const struct pci_device *device, uint32_t bar, paddr_t *base, uint64_t *bytes,
                    uint64_t *msix_page_first, uint64_t *msix_page_count)
{
    if (bar >= BARS || device->info.bar_bytes[bar] == 0) {
        return HV_ERR_NOENT;
    }
    base->v = device->bar_base[bar];
    *bytes = device->info.bar_bytes[bar];
    *msix_page_first = 0;
    *msix_page_count = 0;
    if (device->msix != NULL && device->msix_bar == bar) {
        const uint64_t first = device->msix_offset;
        const uint64_t end = first + device->info.msix_count * sizeof(struct msix_entry);
        *msix_page_first = first >> PAGE_SHIFT;
        *msix_page_count = ((end + PAGE_SIZE - 1) >> PAGE_SHIFT) - *msix_page_first;
    }
    return HV_OK;
}

/* ---- MSI-X (PCI Express 5.0, 6.1.4)
 * -------------------------------------------------------------- */

enum hv_err pci_msix_set(struct pci_device *device, uint32_t index, uint32_t apic_id,
                         uint8_t vector)
{
    if (index >= device->info.msix_count || apic_id > MSI_DESTINATION_MAX) {
        return HV_ERR_RANGE;
    }
    volatile struct msix_entry *e = &device->msix[index];
    const uint32_t at = device->msix_capability + MSIX_CONTROL;
    const uint32_t command = config_read(device->config, REG_COMMAND, 2);
    config_write(device->config, REG_COMMAND, 2, command | COMMAND_MEMORY); /* else no table */
    e->control |= MSIX_MASKED; /* an entry changes only while it is masked */
    e->address_low = MSI_ADDRESS | apic_id << 12;
    e->address_high = 0;
    e->data = vector;
    e->control &= ~MSIX_MASKED;
    const uint32_t control = config_read(device->config, at, 2);
    config_write(device->config, at, 2, (control | MSIX_CONTROL_ENABLE) & ~MSIX_CONTROL_MASK_ALL);
    return HV_OK;
}

void pci_msix_mask(struct pci_device *device, uint32_t index)
{
    if (index < device->info.msix_count) {
        device->msix[index].control |= MSIX_MASKED;
    }
}

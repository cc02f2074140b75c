/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acpi.c - reads the static tables of ACPI (specification 6.5; HPET: IA-PC HPET 1.0a; MCFG: PCI
 * Firmware 3.3) and powers the machine off. No AML interpreter: of the DSDT only \_S5 is looked up.
 * Every table's length and checksum is checked, and every field read lies within its table.
 */
#include "acpi.h"
#include "arch.h"
#include "hv/lib.h"
#include "hv/printk.h"
#include "paging.h"

#define TABLE_BYTES_MAX 0x1000000u
#define HEADER_BYTES 36u

#define MADT_ENTRIES 44u
#define FADT_FLAG_TIMER_32_BIT (1u << 8)
#define FADT_FLAG_RESET (1u << 10)
#define PM1_SCI_ENABLED 0x0001u
#define PM1_SLEEP_ENABLE 0x2000u
#define SLEEP_CONTROL_ENABLE 0x20u

struct acpi_tables acpi;

/* A table of checked length; signature NULL: no such table. */
struct table {
    const uint8_t *data;
    uint32_t bytes;
};

/* Reads `bytes` (1..8) of a table, little-endian; 0 beyond its end, which is what old, shorter
 * tables mean by leaving a field out. */
static uint64_t get(const struct table *t, uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;
    if (offset > t->bytes || bytes > t->bytes - offset) {
        return 0;
    }
    memcpy(&value, t->data + offset, bytes);
    return value;
}

static uint32_t get32(const struct table *t, uint32_t offset)
{
    return (uint32_t)get(t, offset, 4);
}

static uint8_t get8(const struct table *t, uint32_t offset)
{
    return (uint8_t)get(t, offset, 1);
}

static bool sum_is_zero(const uint8_t *data, uint32_t bytes)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + data[i]);
    }
    return sum == 0;
}

/* The table at `pa`; empty when it is damaged or of another kind. */
static struct table table_at(uint64_t pa, const char *signature)
{
    struct table t = {NULL, 0};
    if (pa == 0) {
        return t;
    }
    const uint8_t *head = firmware_map((paddr_t){pa}, HEADER_BYTES);
    uint32_t bytes;
    memcpy(&bytes, head + 4, sizeof(bytes));
    if (memcmp(head, signature, 4) != 0) {
        return t;
    }
    if (bytes < HEADER_BYTES || bytes > TABLE_BYTES_MAX) {
        return t;
    }
    t.data = firmware_map((paddr_t){pa}, bytes);
    t.bytes = bytes;
    if (!sum_is_zero(t.data, bytes)) {
        printk("acpi: table %s at %lx has a bad checksum: ignored\n", signature, pa);
        t.bytes = 0;
    }
    return t;
}

static struct table table_find(const struct table *root, uint32_t entry_bytes,
                               const char *signature)
{
    for (uint32_t at = HEADER_BYTES; at + entry_bytes <= root->bytes; at += entry_bytes) {
        const struct table t = table_at(get(root, at, entry_bytes), signature);
        if (t.bytes != 0) {
            return t;
        }
    }
    return (struct table){NULL, 0};
}

static struct table root_find(uint64_t rsdp_pa, uint32_t *entry_bytes)
{
    if (rsdp_pa == 0) {
        panic("acpi: the loader found no ACPI tables: switch ACPI on in the firmware");
    }
    struct table rsdp = {firmware_map((paddr_t){rsdp_pa}, 36), 20};
    if (memcmp(rsdp.data, "RSD PTR ", 8) != 0 || !sum_is_zero(rsdp.data, 20)) {
        panic("acpi: the RSDP at %lx is damaged", rsdp_pa);
    }
    if (get8(&rsdp, 15) >= 2 && sum_is_zero(rsdp.data, 36)) {
        rsdp.bytes = 36;
        *entry_bytes = 8;
        const struct table xsdt = table_at(get(&rsdp, 24, 8), "XSDT");
        if (xsdt.bytes != 0) {
            return xsdt;
        }
    }
    *entry_bytes = 4;
    return table_at(get32(&rsdp, 16), "RSDT");
}

/* ---- MADT: processors and interrupt controllers ---------------------------------------------- */

static void add_cpu(uint32_t id, uint32_t flags)
{
    if ((flags & 1) == 0) {
        return;
    }
    for (uint32_t i = 0; i < acpi.cpu_count; i++) {
        if (acpi.apic_ids[i] == id) {
            return; /* the boot CPU, or listed as APIC and as x2APIC */
        }
    }
    if (acpi.cpu_count == CPUS_MAX) {
        printk("acpi: CPU with APIC id %u is not used: %u is the limit\n", id, CPUS_MAX);
        return;
    }
    acpi.apic_ids[acpi.cpu_count++] = id;
}

static void read_madt_entry(const struct table *e)
{
    const uint8_t type = get8(e, 0);
    if (type == 0) {
        add_cpu(get8(e, 3), get32(e, 4));
    } else if (type == 9) {
        add_cpu(get32(e, 4), get32(e, 8));
    } else if (type == 1 && acpi.ioapic_count < ACPI_IOAPICS_MAX) {
        acpi.ioapics[acpi.ioapic_count++] =
            (struct acpi_ioapic){.base = {get32(e, 4)}, .gsi_base = get32(e, 8)};
    } else if (type == 2 && get8(e, 3) < ACPI_ISA_IRQS) {
        const uint32_t flags = (uint32_t)get(e, 8, 2); /* bits 0-1 polarity, 2-3 trigger mode */
        acpi.isa[get8(e, 3)] = (struct acpi_isa_irq){
            .gsi = get32(e, 4),
            .active_low = (flags & 3) == 3,
            .level = (flags >> 2 & 3) == 3,
        };
    }
}

static void read_madt(const struct table *madt)
{
    if (madt->bytes < MADT_ENTRIES) {
        panic("acpi: no MADT: the firmware does not say which CPUs there are");
    }
    acpi.apic_ids[0] = apic_id();
    acpi.cpu_count = 1;
    for (uint32_t irq = 0; irq < ACPI_ISA_IRQS; irq++) {
        acpi.isa[irq].gsi = irq;
    }
    for (uint32_t at = MADT_ENTRIES; at + 2 <= madt->bytes;) {
        const uint32_t bytes = get8(madt, at + 1);
        if (bytes < 2 || bytes > madt->bytes - at) {
            printk("acpi: the MADT ends in the middle of an entry\n");
            break;
        }
        const struct table entry = {madt->data + at, bytes};
        read_madt_entry(&entry);
        at += bytes;
    }
}

/* ---- FADT, DSDT: power and time -------------------------------------------------------------- */

/* A generic address structure (ACPI 5.2.3.2), or the legacy port when that is empty. */
static struct acpi_register read_register(const struct table *t, uint32_t offset, uint32_t legacy)
{
    struct acpi_register r = {NULL, 0};
    const uint64_t address = get(t, offset + 4, 8);
    const uint8_t space = get8(t, offset);
    if (address == 0) {
        r.port = legacy == 0 ? 0 : (uint16_t)get32(t, legacy);
    } else if (space == 0) {
        r.memory = mmio_map((paddr_t){address}, 4);
    } else if (space == 1) {
        r.port = (uint16_t)address;
    }
    return r;
}

uint32_t acpi_register_read(const struct acpi_register *r)
{
    return r->memory != NULL ? *(const volatile uint32_t *)r->memory : inl(r->port);
}

/* A small integer in AML: ZeroOp, OneOp, or BytePrefix and a byte. */
static bool aml_integer(const struct table *t, uint32_t *at, uint8_t *value)
{
    const uint8_t op = get8(t, (*at)++);
    if (op == 0x0a) {
        *value = get8(t, (*at)++);
        return *at <= t->bytes;
    }
    *value = op;
    return op <= 1 && *at <= t->bytes;
}

/* Finds Name(_S5, Package() {a, b, ...}) in AML (ACPI 20.2): NameOp, maybe '\', name, PackageOp,
 * package length in 1 to 4 bytes, number of elements, elements. */
static void read_s5(const struct table *dsdt)
{
    for (uint32_t i = HEADER_BYTES + 2; i + 8 < dsdt->bytes; i++) {
        const uint8_t *p = dsdt->data + i;
        if (memcmp(p, "_S5_", 4) != 0 || p[4] != 0x12 ||
            !(p[-1] == 0x08 || (p[-1] == '\\' && p[-2] == 0x08))) {
            continue;
        }
        uint32_t at = i + 5u + 1u + (uint32_t)(p[5] >> 6) + 1u;
        acpi.has_s5 = aml_integer(dsdt, &at, &acpi.s5_a);
        if (acpi.has_s5 && !aml_integer(dsdt, &at, &acpi.s5_b)) {
            acpi.s5_b = acpi.s5_a;
        }
        return;
    }
}

/* Firmware that starts in legacy mode ignores PM1 sleep requests until it is told to leave it. */
static void leave_legacy_mode(const struct table *fadt)
{
    const uint16_t smi_port = (uint16_t)get32(fadt, 48);
    const uint8_t enable = get8(fadt, 52);
    if (smi_port != 0 && enable != 0 && acpi.pm1a_control.port != 0 &&
        (inw(acpi.pm1a_control.port) & PM1_SCI_ENABLED) == 0) {
        outb(smi_port, enable);
    }
}

static void read_fadt(const struct table *fadt)
{
    const uint32_t flags = get32(fadt, 112);
    acpi.pm_timer = read_register(fadt, 208, 76);
    acpi.pm_timer_is_32_bit = (flags & FADT_FLAG_TIMER_32_BIT) != 0;
    acpi.pm1a_control = read_register(fadt, 172, 64);
    acpi.pm1b_control = read_register(fadt, 184, 68);
    acpi.sleep_control = read_register(fadt, 244, 0);
    acpi.century_register = get8(fadt, 108);
    if ((flags & FADT_FLAG_RESET) != 0) {
        acpi.reset = read_register(fadt, 116, 0);
        acpi.reset_value = get8(fadt, 128);
    }
    const uint64_t dsdt_pa = get(fadt, 140, 8);
    const struct table dsdt = table_at(dsdt_pa != 0 ? dsdt_pa : get32(fadt, 40), "DSDT");
    read_s5(&dsdt);
    leave_legacy_mode(fadt);
}

static void write_sleep(const struct acpi_register *r, uint8_t type)
{
    const uint16_t bits = (uint16_t)((type & 7u) << 10 | PM1_SLEEP_ENABLE);
    if (r->memory != NULL) {
        volatile uint16_t *control = r->memory;
        *control = (uint16_t)((*control & ~0x3c00u) | bits);
    } else if (r->port != 0) {
        outw(r->port, (uint16_t)((inw(r->port) & ~0x3c00u) | bits));
    }
}

static void write_byte(const struct acpi_register *r, uint8_t value)
{
    if (r->memory != NULL) {
        *(volatile uint8_t *)r->memory = value;
    } else if (r->port != 0) {
        outb(r->port, value);
    }
}

void acpi_power_off(void)
{
    if (acpi.has_s5) {
        write_sleep(&acpi.pm1a_control, acpi.s5_a);
        write_sleep(&acpi.pm1b_control, acpi.s5_b);
        write_byte(&acpi.sleep_control, (uint8_t)((uint32_t)acpi.s5_a << 2 | SLEEP_CONTROL_ENABLE));
        for (uint32_t i = 0; i < 1000000; i++) {
            inb(0x80); /* about a microsecond each: real machines take their time */
        }
    }
    write_byte(&acpi.reset, acpi.reset_value);
}

/* ---- MCFG ------------------------------------------------------------------------------------ */

static void read_mcfg(const struct table *mcfg)
{
    for (uint32_t at = 44; at + 16 <= mcfg->bytes && acpi.ecam_count < ACPI_ECAMS_MAX; at += 16) {
        acpi.ecams[acpi.ecam_count++] = (struct acpi_ecam){
            .base = {get(mcfg, at, 8)},
            .segment = (uint16_t)get(mcfg, at + 8, 2),
            .first_bus = get8(mcfg, at + 10),
            .last_bus = get8(mcfg, at + 11),
        };
    }
}

void acpi_init(uint64_t rsdp)
{
    uint32_t entry_bytes;
    const struct table root = root_find(rsdp, &entry_bytes);
    const struct table madt = table_find(&root, entry_bytes, "APIC");
    const struct table fadt = table_find(&root, entry_bytes, "FACP");
    const struct table mcfg = table_find(&root, entry_bytes, "MCFG");
    const struct table hpet = table_find(&root, entry_bytes, "HPET");
    read_madt(&madt);
    read_fadt(&fadt);
    read_mcfg(&mcfg);
    if (get8(&hpet, 40) == 0) { /* in memory space */
        acpi.hpet.v = get(&hpet, 44, 8);
    }
}

uint32_t acpi_cpu_count(void)
{
    return acpi.cpu_count;
}

uint32_t acpi_cpu_apic_id(uint32_t index)
{
    return acpi.apic_ids[index];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* acpi.h - what the machine layer takes from the ACPI tables. Written by acpi_init(), then
 * constant. */
#pragma once

#include "hv/machine.h"

#define ACPI_IOAPICS_MAX 16
#define ACPI_ISA_IRQS 16
#define ACPI_ECAMS_MAX 16

struct acpi_ioapic {
    paddr_t base;
    uint32_t gsi_base; /* global number of its first input */
};

struct acpi_isa_irq {
    uint32_t gsi;
    bool active_low, level;
};

/* One range of PCI buses with memory-mapped configuration space. */
struct acpi_ecam {
    paddr_t base; /* of bus 0, whatever first_bus is */
    uint16_t segment;
    uint8_t first_bus, last_bus;
};

/* A register in I/O or memory space; neither: there is none. */
struct acpi_register {
    volatile void *memory;
    uint16_t port;
};

struct acpi_tables {
    uint32_t cpu_count, ioapic_count, ecam_count;
    uint32_t apic_ids[CPUS_MAX]; /* the boot CPU first */
    struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
    struct acpi_isa_irq isa[ACPI_ISA_IRQS];
    struct acpi_ecam ecams[ACPI_ECAMS_MAX];
    paddr_t hpet; /* 0: none */
    struct acpi_register pm_timer, pm1a_control, pm1b_control, reset, sleep_control;
    bool pm_timer_is_32_bit;
    bool has_s5;
    uint8_t s5_a, s5_b; /* sleep types */
    uint8_t reset_value;
    uint8_t century_register; /* of the CMOS clock; 0: none */
};

extern struct acpi_tables acpi;

uint32_t acpi_register_read(const struct acpi_register *r);

/* SPDX-License-Identifier: Apache-2.0 */
/* ioapic.c - I/O APICs (Intel 82093AA): every input is masked, but for ISA interrupts that hv
 * uses. */
#include "ioapic.h"
#include "acpi.h"
#include "arch.h"

#define REG_VERSION 0x01
#define REG_INPUT 0x10 /* two registers per input */
#define INPUT_ACTIVE_LOW (1u << 13)
#define INPUT_LEVEL (1u << 15)
#define INPUT_MASKED (1u << 16)

/* Where the register number is written and where the value then appears. */
static volatile uint32_t *select_window[ACPI_IOAPICS_MAX];

static uint32_t ioapic_read(uint32_t index, uint32_t reg)
{
    select_window[index][0] = reg;
    return select_window[index][4];
}

static void ioapic_write(uint32_t index, uint32_t reg, uint32_t value)
{
    select_window[index][0] = reg;
    select_window[index][4] = value;
}

static uint32_t input_count(uint32_t index)
{
    return (ioapic_read(index, REG_VERSION) >> 16 & 0xff) + 1;
}

void ioapic_init(void)
{
    outb(0x21, 0xff); /* the two 8259s: all masked */
    outb(0xa1, 0xff);
    for (uint32_t i = 0; i < acpi.ioapic_count; i++) {
        select_window[i] = mmio_map(acpi.ioapics[i].base, 0x20);
        for (uint32_t input = input_count(i); input-- > 0;) {
            ioapic_write(i, REG_INPUT + input * 2, INPUT_MASKED);
        }
    }
}

bool ioapic_route_isa(uint32_t irq, uint8_t vector)
{
    if (irq >= ACPI_ISA_IRQS) {
        return false;
    }
    const struct acpi_isa_irq *isa = &acpi.isa[irq];
    for (uint32_t i = 0; i < acpi.ioapic_count; i++) {
        const uint32_t input = isa->gsi - acpi.ioapics[i].gsi_base;
        if (isa->gsi < acpi.ioapics[i].gsi_base || input >= input_count(i)) {
            continue;
        }
        ioapic_write(i, REG_INPUT + input * 2 + 1, acpi_cpu_apic_id(0) << 24);
        ioapic_write(i, REG_INPUT + input * 2,
                     vector | (isa->active_low ? INPUT_ACTIVE_LOW : 0) |
                         (isa->level ? INPUT_LEVEL : 0));
        return true;
    }
    return false;
}

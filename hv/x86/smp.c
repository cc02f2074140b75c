/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.c - starts the other CPUs (SDM vol. 3A, 9.4.4): INIT, start-up message, and on through
 * trampoline.S to the core's entry. One at a time, so that they share the variables below.
 */
#include "smp.h"
#include "apic.h"
#include "arch.h"
#include "bootmem.h"
#include "clock.h"
#include "hv/cpu.h"
#include "hv/lib.h"
#include "hv/printk.h"
#include "image_map.h"
#include "paging.h"

#define INIT_US                                                                                    \
    200 /* what CPUs of this century need; the 10 ms of the manual are for older ones              \
         */
#define STARTUP_US 300 /* then the message is sent again */
#define ARRIVE_US 1000000

static volatile uint32_t arrived;

/* Read by trampoline.S. */
uint64_t smp_cr3;
uint64_t smp_stack_top;
void (*smp_entry)(uint32_t index);
uint32_t smp_index;

/* Puts the trampoline below 1 MiB, where nobody else writes. */
static void place_trampoline(paddr_t page)
{
    uint8_t *to = phys_to_virt(page);
    memcpy(to, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    struct trampoline_values *values =
        (struct trampoline_values *)(to + (trampoline_values - trampoline_start));
    values->cr3 = (uint32_t)image_to_phys(early_pml4).v;
    values->gdt_base = (uint32_t)image_to_phys(early_gdt).v;
}

static void wait_for_arrival(uint32_t count, uint64_t us)
{
    const uint64_t end = clock_ns() + us * 1000;
    while (arrived < count && clock_ns() < end) {
        cpu_pause();
    }
}

void smp_start(void (*entry)(uint32_t index))
{
    const paddr_t page = bootmem_low_page();
    if (acpi_cpu_count() == 1) {
        return;
    }
    if (page.v == 0) {
        panic("smp: no free page below 1 MiB to start the other CPUs from");
    }
    place_trampoline(page);
    smp_cr3 = read_cr3();
    smp_entry = entry;
    for (uint32_t i = 1; i < acpi_cpu_count(); i++) {
        const uint32_t id = acpi_cpu_apic_id(i);
        smp_stack_top = cpu_get(i)->stack_top;
        smp_index = i;
        apic_send_init(id);
        clock_delay_us(INIT_US);
        apic_send_startup(id, (uint8_t)(page.v >> PAGE_SHIFT));
        wait_for_arrival(i, STARTUP_US);
        if (arrived < i) {
            apic_send_startup(id, (uint8_t)(page.v >> PAGE_SHIFT));
            wait_for_arrival(i, ARRIVE_US);
        }
        if (arrived < i) {
            panic("smp: the CPU with APIC id %u does not start", id);
        }
    }
}

void smp_arrived(void)
{
    __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
}

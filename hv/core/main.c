/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - hv's start, in the order in which things come to life. Read this file first. */
#include "arch.h"
#include "hv/cpu.h"
#include "hv/frame.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/modules.h"
#include "hv/printk.h"
#include "hv/random.h"
#include "hv/sched.h"
#include "image_map.h"
#include "ioapic.h"

#define SERIAL_IRQ 4 /* COM1 */

static void cpu_main(uint32_t index)
{
    cpu_init(index);
    sched_init_cpu(index);
    apic_init_cpu();
    smp_arrived();
    sched_run();
}

void hv_main(struct boot_info *info)
{
    serial_init(); /* from here on messages and panics are seen */
    printk("Mayfly hv %s\n", HV_VERSION);
    if (info->magic != BOOT_INFO_MAGIC) {
        panic("boot: the loader and hv.elf do not fit together: install both from one build");
    }

    /* Memory: early allocation, then hv's own map. Everything up to bootmem_finish() that needs
     * memory takes whole pages from bootmem. */
    bootmem_init(info);
    paging_init(info);
    paging_unmap_page(boot_stack_guard);

    /* The machine: tables, time, interrupt controllers. All interrupts stay off and masked. */
    acpi_init(info->rsdp);
    ioapic_init();
    clock_init(info);
    apic_init_cpu();
    pci_init();

    /* The core: frames, what all domains see, CPUs. */
    const paddr_t hypercall_page = cpu_init_boot();
    const paddr_t zero_page = bootmem_alloc(PAGE_SIZE);
    const uint64_t page_limit = bootmem_page_limit();
    const paddr_t frames = bootmem_alloc(page_limit * sizeof(struct frame));
    cpu_init(0);
    sched_init_cpu(0);
    frame_init(phys_to_virt(frames), page_limit);
    bootmem_finish(frame_add_range);
    printk("%lu MiB of free memory, %u CPUs, TSC %lu kHz, %u modules\n", frame_free_count() >> 8,
           acpi_cpu_count(), clock_tsc_khz(), info->module_count);
    aspace_init(hypercall_page, clock_time_page(), zero_page);
    random_init(info->seed, sizeof(info->seed));
    smp_start(cpu_main);
    if (!ioapic_route_isa(SERIAL_IRQ, VECTOR_SERIAL)) {
        printk("no I/O APIC: the serial console takes no input\n");
    }

    modules_start_first_domain(info);
    sched_run();
}

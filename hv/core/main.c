/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - hv's start, in the order in which things come to life. Read this file first. */
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"
#include "image_map.h"
#include "ioapic.h"

#define HV_VERSION "0.1"

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
    smp_prepare();
    pci_init();
    printk("%lu MiB of RAM, %u CPUs, TSC %lu kHz, %u modules\n", bootmem_page_limit() >> 8,
           acpi_cpu_count(), clock_tsc_khz(), info->module_count);
    machine_off(0);
}

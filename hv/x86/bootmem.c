/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootmem.c - memory before the frame allocator: takes pages from the front of the boot ranges.
 * Boot CPU only. Memory below 1 MiB is left alone (firmware writes there), but for one page where
 * the other CPUs start.
 */
#include "bootmem.h"
#include "arch.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"

#define LOW_END 0x100000ul
#define EARLY_MAP_END 0x100000000ul /* what start.S maps */

static struct boot_range free_ranges[BOOT_RANGES_MAX];
static uint32_t range_count;
static uint64_t page_limit;
static paddr_t low_page;
static uint64_t reach = EARLY_MAP_END;

void bootmem_init(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->range_count && i < BOOT_RANGES_MAX; i++) {
        struct boot_range r = info->ranges[i];
        if (r.kind == BOOT_MEM_OTHER) {
            continue;
        }
        page_limit = (r.base + r.bytes) >> PAGE_SHIFT;
        if (r.kind != BOOT_MEM_FREE) {
            continue;
        }
        if (r.base < LOW_END) {
            const uint64_t end = min_u64(r.base + r.bytes, LOW_END);
            const uint64_t last = (end & ~(PAGE_SIZE - 1)) - PAGE_SIZE;
            if (end - r.base >= 2 * PAGE_SIZE) {
                low_page.v = last; /* the highest: firmware prefers the lowest */
            }
            r.bytes -= end - r.base;
            r.base = end;
        }
        if (r.bytes >= PAGE_SIZE) {
            free_ranges[range_count++] = r;
        }
    }
}

paddr_t bootmem_low_page(void)
{
    return low_page;
}

void bootmem_reach_all(void)
{
    reach = UINT64_MAX;
}

paddr_t bootmem_alloc(uint64_t bytes)
{
    bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    for (uint32_t i = 0; i < range_count; i++) {
        struct boot_range *r = &free_ranges[i];
        if (r->bytes >= bytes && r->base + bytes <= reach) {
            const paddr_t pa = {r->base};
            r->base += bytes;
            r->bytes -= bytes;
            memset(phys_to_virt(pa), 0, bytes);
            return pa;
        }
    }
    panic("out of memory at boot: %lu KiB more are needed; give the machine more", bytes / 1024);
}

void bootmem_finish(void (*add)(paddr_t base, uint64_t pages))
{
    for (uint32_t i = 0; i < range_count; i++) {
        const struct boot_range *r = &free_ranges[i];
        if (r->bytes >= PAGE_SIZE) {
            add((paddr_t){r->base}, r->bytes >> PAGE_SHIFT);
        }
    }
    range_count = 0;
}

uint64_t bootmem_page_limit(void)
{
    return page_limit;
}

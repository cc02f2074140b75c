/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paging.c - hv's half of every address space (Intel SDM vol. 3A, 4.5). Built once by the boot CPU;
 * all CPUs' top-level tables share what lies below. Every entry is global, and accessed and dirty
 * from the start. Nothing is ever writable and executable.
 */
#include "paging.h"
#include "arch.h"
#include "bootmem.h"
#include "cpu_ops.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"
#include "image_map.h"

#define PTE_PRESENT 0x001ul
#define PTE_WRITE 0x002ul
#define PTE_UNCACHED 0x018ul /* PCD, PWT: PAT entry 3, UC after reset */
#define PTE_ACCESSED_DIRTY 0x060ul
#define PTE_LARGE 0x080ul
#define PTE_GLOBAL 0x100ul
#define PTE_NX (1ul << 63)
#define PTE_ADDRESS 0x000ffffffffff000ul

#define MAP_TEXT (PTE_PRESENT | PTE_ACCESSED_DIRTY | PTE_GLOBAL)
#define MAP_RODATA (MAP_TEXT | PTE_NX)
#define MAP_DATA (MAP_RODATA | PTE_WRITE)
#define MAP_MMIO (MAP_DATA | PTE_UNCACHED)

#define TABLE_ENTRIES 512
#define HV_HALF 256 /* first entry of the top-level table that is hv's */
#define GIB 0x40000000ul

static uint64_t *top;
static uint64_t image_base;
static uint64_t largest_page;
static bool top_copied; /* from then on `top` must not change */

static uint64_t *entry_table(uint64_t entry)
{
    return phys_to_virt((paddr_t){entry & PTE_ADDRESS});
}

/* The table below `entry`, made when there is none. */
static uint64_t *table_below(uint64_t *entry)
{
    if ((*entry & PTE_PRESENT) == 0) {
        *entry = bootmem_alloc(PAGE_SIZE).v | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED_DIRTY;
    }
    return entry_table(*entry);
}

/* Maps one page of the largest size that fits, or passes over one that is mapped already. Returns
 * its bytes. */
static uint64_t map_step(uint64_t va, uint64_t pa, uint64_t bytes, uint64_t flags)
{
    uint64_t *entry = &top[va >> 39 & (TABLE_ENTRIES - 1)];
    HV_BUG_ON(top_copied && (*entry & PTE_PRESENT) == 0);
    uint64_t size = GIB;
    for (uint32_t shift = 30;; shift -= 9, size >>= 9) {
        entry = &table_below(entry)[va >> shift & (TABLE_ENTRIES - 1)];
        const bool is_leaf = size == PAGE_SIZE || (*entry & PTE_LARGE) != 0;
        if ((*entry & PTE_PRESENT) != 0) {
            if (is_leaf) {
                return size - (va & (size - 1));
            }
        } else if (size <= largest_page && ((va | pa) & (size - 1)) == 0 && bytes >= size) {
            *entry = pa | flags | (size == PAGE_SIZE ? 0 : PTE_LARGE);
            return size;
        }
    }
}

static void map_range(uint64_t va, uint64_t pa, uint64_t end, uint64_t flags)
{
    while (pa < end) {
        const uint64_t step = map_step(va, pa, end - pa, flags);
        va += step;
        pa += step;
    }
}

static void map_image(uint64_t hv_base, const char *start, const char *end, uint64_t flags)
{
    const uint64_t pa = hv_base + ((uint64_t)start - HV_IMAGE_VA);
    map_range((uint64_t)start, pa, pa + (uint64_t)(end - start), flags);
}

/* Maps RAM, with hv's text and read-only data protected here too. */
static void map_direct(uint64_t base, uint64_t end, uint64_t ro_base, uint64_t ro_end)
{
    if (base < ro_end && end > ro_base) {
        map_range(base + DIRECT_MAP_VA, base, ro_base, MAP_DATA);
        map_range(ro_base + DIRECT_MAP_VA, ro_base, ro_end, MAP_RODATA);
        base = ro_end;
    }
    map_range(base + DIRECT_MAP_VA, base, end, MAP_DATA);
}

void paging_init(const struct boot_info *info)
{
    const bool has_gib_pages =
        cpuid(0x80000000, 0).eax >= 0x80000001 && (cpuid(0x80000001, 0).edx & 1u << 26) != 0;
    const uint64_t ro_end = info->hv_base + (uint64_t)(hv_rodata_end - hv_text_start);
    image_base = info->hv_base;
    largest_page = has_gib_pages ? GIB : HUGE_SIZE;
    top = phys_to_virt(bootmem_alloc(PAGE_SIZE));
    for (uint32_t i = 0; i < info->range_count;) {
        const uint64_t base = info->ranges[i].base;
        uint64_t end = base;
        /* Neighbours are mapped as one, so that large pages span them. */
        for (; i < info->range_count && info->ranges[i].kind != BOOT_MEM_OTHER &&
               info->ranges[i].base == end;
             i++) {
            end += info->ranges[i].bytes;
        }
        if (base == end) {
            i++;
            continue;
        }
        map_direct(base, end, info->hv_base, ro_end);
    }
    map_image(info->hv_base, hv_text_start, hv_text_end, MAP_TEXT);
    map_image(info->hv_base, hv_rodata_start, hv_rodata_end, MAP_RODATA);
    map_image(info->hv_base, hv_data_start, hv_end, MAP_DATA);
    write_cr3(virt_to_phys(top).v);
    bootmem_reach_all();
}

uint64_t *paging_new_top(void)
{
    uint64_t *new_top = phys_to_virt(bootmem_alloc(PAGE_SIZE));
    memcpy(new_top + HV_HALF, top + HV_HALF, (TABLE_ENTRIES - HV_HALF) * sizeof(*top));
    top_copied = true;
    return new_top;
}

static void map_pages(uint64_t va_base, paddr_t base, uint64_t bytes, uint64_t flags)
{
    const uint64_t first = base.v & ~(PAGE_SIZE - 1);
    const uint64_t end = (base.v + bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    HV_BUG_ON(end <= first || end > STACKS_VA - MMIO_VA);
    map_range(va_base + first, first, end, flags);
}

volatile void *mmio_map(paddr_t base, uint64_t bytes)
{
    map_pages(MMIO_VA, base, bytes, MAP_MMIO);
    return (volatile void *)(uintptr_t)(MMIO_VA + base.v);
}

const void *firmware_map(paddr_t base, uint64_t bytes)
{
    map_pages(DIRECT_MAP_VA, base, bytes, MAP_RODATA);
    return phys_to_virt(base);
}

paddr_t image_to_phys(const void *va)
{
    return (paddr_t){(uint64_t)va - HV_IMAGE_VA + image_base};
}

void paging_unmap_page(const void *va)
{
    const uint64_t v = (uint64_t)va;
    uint64_t *table = top;
    for (uint32_t shift = 39; shift > PAGE_SHIFT; shift -= 9) {
        const uint64_t entry = table[v >> shift & (TABLE_ENTRIES - 1)];
        HV_BUG_ON((entry & PTE_PRESENT) == 0 || (entry & PTE_LARGE) != 0);
        table = entry_table(entry);
    }
    table[v >> PAGE_SHIFT & (TABLE_ENTRIES - 1)] = 0;
    invlpg(v);
}

void *paging_new_stack(uint64_t bytes)
{
    static uint64_t next = STACKS_VA;
    const uint64_t va = next + PAGE_SIZE; /* the page below stays unmapped */
    const paddr_t pa = bootmem_alloc(bytes);

    map_range(va, pa.v, pa.v + bytes, MAP_DATA);
    next = va + bytes;
    return (void *)next;
}

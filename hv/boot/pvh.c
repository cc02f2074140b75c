/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pvh.c - boot by the PVH protocol (Xen: docs/misc/pvh.pandoc, public/arch-x86/hvm/start_info.h),
 * as QEMU's -kernel does it: fills struct boot_info and unpacks the boot folder, a newc cpio
 * archive
 * (-initrd), into modules. Runs on the early tables: addresses below 4 GiB only.
 */
#include "arch.h"
#include "hv/boot_info.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"
#include "image_map.h"

#define START_MAGIC 0x336ec578u
#define MEMORY_RAM 1u
#define REACH_END 0x100000000ul
#define LOW_END 0x100000ul
#define LOAD_PA 0x200000ul /* hv.ld */

struct pvh_start {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    uint64_t memory_map; /* version 1 and later */
    uint32_t memory_count, reserved;
};

struct pvh_module {
    uint64_t base, bytes, command_line, reserved;
};

struct pvh_memory {
    uint64_t base, bytes;
    uint32_t type, reserved;
};

/* Header of a file in a newc archive: 13 fields of 8 hexadecimal digits after the magic. */
struct cpio_header {
    char magic[6];
    char field[13][8];
};
#define CPIO_MODE 1
#define CPIO_FILE_BYTES 6
#define CPIO_NAME_BYTES 11
#define CPIO_TYPE_MASK 0170000u
#define CPIO_TYPE_FILE 0100000u

struct cpio_entry {
    uint32_t mode;
    const char *name;
    const uint8_t *data;
    uint64_t bytes;
};

void pvh_main(uint32_t start_pa);

static struct boot_info boot;

static const void *early_virt(uint64_t pa)
{
    return phys_to_virt((paddr_t){pa});
}

static uint64_t page_up(uint64_t v)
{
    return (v + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static void range_insert(uint32_t at, uint64_t base, uint64_t end, uint32_t kind)
{
    if (base >= end) {
        return;
    }
    if (boot.range_count == BOOT_RANGES_MAX) {
        panic("boot: more than %d memory ranges", BOOT_RANGES_MAX);
    }
    memmove(&boot.ranges[at + 1], &boot.ranges[at],
            (boot.range_count - at) * sizeof(boot.ranges[0]));
    boot.ranges[at] = (struct boot_range){.base = base, .bytes = end - base, .kind = kind};
    boot.range_count++;
}

/* Gives [base, end), which lies in one free range, to the loader. */
static void range_claim(uint64_t base, uint64_t end)
{
    for (uint32_t i = 0; i < boot.range_count; i++) {
        const struct boot_range r = boot.ranges[i];
        if (r.kind == BOOT_MEM_FREE && r.base <= base && end <= r.base + r.bytes) {
            boot.range_count--;
            memmove(&boot.ranges[i], &boot.ranges[i + 1],
                    (boot.range_count - i) * sizeof(boot.ranges[0]));
            range_insert(i, end, r.base + r.bytes, BOOT_MEM_FREE);
            range_insert(i, base, end, BOOT_MEM_LOADER);
            range_insert(i, r.base, base, BOOT_MEM_FREE);
            return;
        }
    }
    panic("boot: [%lx, %lx) is not in RAM", base, end);
}

/* Only RAM gets into the ranges, in whole pages: what is not there is not touched. */
static void read_memory_map(const struct pvh_start *start)
{
    const struct pvh_memory *m = early_virt(start->memory_map);
    for (uint32_t i = 0; i < start->memory_count; i++) {
        if (m[i].type != MEMORY_RAM) {
            continue;
        }
        const uint64_t base = page_up(m[i].base);
        const uint64_t end = (m[i].base + m[i].bytes) & ~(PAGE_SIZE - 1);
        uint32_t at = 0;
        while (at < boot.range_count && boot.ranges[at].base < base) {
            at++;
        }
        range_insert(at, base, end, BOOT_MEM_FREE);
    }
}

/* Free memory for `bytes` of modules, from the top of what the early tables reach, outside of
 * [used, used_end): the archive, which is free again once it is unpacked. */
static uint64_t place_modules(uint64_t bytes, uint64_t used, uint64_t used_end)
{
    for (uint32_t i = boot.range_count; i-- > 0;) {
        const struct boot_range *r = &boot.ranges[i];
        const uint64_t end = min_u64(r->base + r->bytes, REACH_END);
        if (r->kind != BOOT_MEM_FREE || r->base < LOW_END || end <= r->base) {
            continue;
        }
        if (end <= used || r->base >= used_end) {
            if (end - r->base >= bytes) {
                return end - bytes;
            }
            continue;
        }
        if (end > used_end && end - page_up(used_end) >= bytes) {
            return end - bytes;
        }
        const uint64_t below = used & ~(PAGE_SIZE - 1);
        if (below > r->base && below - r->base >= bytes) {
            return below - bytes;
        }
    }
    panic("boot: no room to unpack %lu KiB of boot files; give the machine more memory",
          bytes / 1024);
}

static uint32_t cpio_field(const struct cpio_header *h, uint32_t index)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < 8; i++) {
        const uint32_t c = (uint8_t)h->field[index][i];
        const uint32_t letter = (c | 0x20) - 'a';
        if (c - '0' > 9 && letter > 5) {
            panic("boot: the initrd is damaged: bad number in a cpio header");
        }
        value = value << 4 | (letter <= 5 ? letter + 10 : c - '0');
    }
    return value;
}

/* Reads the entry at *at and moves *at behind it. False: end of archive. */
static bool cpio_next(const uint8_t *archive, uint64_t bytes, uint64_t *at,
                      struct cpio_entry *entry)
{
    if (bytes - *at < sizeof(struct cpio_header)) {
        panic("boot: the initrd is damaged: it ends without a trailer");
    }
    const struct cpio_header *h = (const struct cpio_header *)(archive + *at);
    if (memcmp(h->magic, "070701", sizeof(h->magic)) != 0) {
        panic("boot: the initrd is not a newc cpio archive: make it with `cpio -o -H newc`");
    }
    const uint64_t name_bytes = cpio_field(h, CPIO_NAME_BYTES);
    const uint64_t name = *at + sizeof(*h);
    const uint64_t data = (name + name_bytes + 3) & ~3ul;
    entry->bytes = cpio_field(h, CPIO_FILE_BYTES);
    if (name_bytes == 0 || data > bytes || entry->bytes > bytes - data ||
        archive[name + name_bytes - 1] != '\0') {
        panic("boot: the initrd is damaged: a file goes beyond its end");
    }
    entry->mode = cpio_field(h, CPIO_MODE);
    entry->name = (const char *)archive + name;
    entry->data = archive + data;
    *at = min_u64((data + entry->bytes + 3) & ~3ul, bytes);
    if (strncmp(entry->name, "./", 2) == 0) {
        entry->name += 2;
    }
    return strcmp(entry->name, "TRAILER!!!") != 0;
}

static bool cpio_next_file(const uint8_t *archive, uint64_t bytes, uint64_t *at,
                           struct cpio_entry *entry)
{
    while (cpio_next(archive, bytes, at, entry)) {
        if ((entry->mode & CPIO_TYPE_MASK) == CPIO_TYPE_FILE) {
            return true;
        }
    }
    return false;
}

static void unpack(uint64_t archive_pa, uint64_t bytes)
{
    const uint8_t *archive = early_virt(archive_pa);
    struct cpio_entry entry;
    uint64_t at = 0, total = 0;
    while (cpio_next_file(archive, bytes, &at, &entry)) {
        total += page_up(entry.bytes);
    }
    uint64_t pa = place_modules(total, archive_pa, archive_pa + bytes);
    range_claim(pa, pa + total);
    for (at = 0; cpio_next_file(archive, bytes, &at, &entry); pa += page_up(entry.bytes)) {
        if (boot.module_count == BOOT_MODULES_MAX) {
            panic("boot: more than %d files in the initrd", BOOT_MODULES_MAX);
        }
        struct boot_module *m = &boot.modules[boot.module_count++];
        if (strlen(entry.name) >= sizeof(m->name)) {
            panic("boot: file name too long: %s", entry.name);
        }
        str_copy(m->name, entry.name, sizeof(m->name));
        m->base = pa;
        m->bytes = entry.bytes;
        uint8_t *to = phys_to_virt((paddr_t){pa});
        memcpy(to, entry.data, entry.bytes);
        memset(to + entry.bytes, 0, page_up(entry.bytes) - entry.bytes);
    }
}

void pvh_main(uint32_t start_pa)
{
    const struct pvh_start *start = early_virt(start_pa);
    serial_init();
    if (start->magic != START_MAGIC || start->version < 1 || start->memory_map == 0) {
        panic("boot: the loader gives no PVH start info of version 1 with a memory map");
    }
    boot.magic = BOOT_INFO_MAGIC;
    boot.hv_base = LOAD_PA;
    boot.hv_bytes = (uint64_t)(hv_end - hv_text_start);
    boot.rsdp = start->rsdp;
    if (start->command_line != 0) {
        str_copy(boot.command_line, early_virt(start->command_line), sizeof(boot.command_line));
    }
    read_memory_map(start);
    range_claim(LOAD_PA, LOAD_PA + boot.hv_bytes);
    if (start->module_count != 0) {
        const struct pvh_module *m = early_virt(start->modules);
        unpack(m->base, m->bytes);
    }
    hv_main(&boot);
}

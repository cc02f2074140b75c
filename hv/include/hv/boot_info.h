/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_info.h - what the two ways into hv (UEFI loader, PVH entry) tell hv_main(). Physical
 * addresses as integers, since the loader is a program of its own. Everything it points to lies in
 * ranges of kind BOOT_MEM_LOADER, which hv keeps until the modules are handed over.
 */
#pragma once

#include <stdint.h>

#define BOOT_INFO_MAGIC 0x544f4f42594c464dull /* "MFLYBOOT" */
#define BOOT_RANGES_MAX 128
#define BOOT_MODULES_MAX 64

enum boot_mem_kind {
    BOOT_MEM_FREE = 1,   /* hv may use it */
    BOOT_MEM_LOADER = 2, /* hv image, modules, early page tables, this structure */
    BOOT_MEM_OTHER = 3,  /* firmware, ACPI, MMIO: not touched */
};

struct boot_range {
    uint64_t base, bytes;
    uint32_t kind; /* enum boot_mem_kind */
    uint32_t reserved;
};

struct boot_module {
    char name[64]; /* path below the boot folder: "mayfly.conf", "dom0.elf", "images/http.img" */
    uint64_t base, bytes; /* base is page-aligned; the rest of the last page is zero */
};

struct boot_info {
    uint64_t magic;
    uint64_t hv_base; /* physical address of the hv image's first byte, multiple of 2 MiB */
    uint64_t hv_bytes;
    uint64_t rsdp;        /* 0: none */
    uint64_t wall_ns;     /* since 1970-01-01 UTC; 0: unknown (hv reads the CMOS clock) */
    uint32_t range_count; /* sorted by base, not overlapping */
    uint32_t module_count;
    uint8_t seed[32];       /* from EFI_RNG_PROTOCOL, else zero */
    char command_line[512]; /* PVH: QEMU's -append; settings that override mayfly.conf */
    struct boot_range ranges[BOOT_RANGES_MAX];
    struct boot_module modules[BOOT_MODULES_MAX];
};

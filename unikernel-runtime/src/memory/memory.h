/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - the address space above the image. [HV_HEAP_BASE, MF_MAP_BASE) is the heap (sbrk),
 * [MF_MAP_BASE, MF_MAP_END) is for mappings, stacks and devices. Pages are demand-zero: address
 * space costs nothing, touched pages count.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mayfly/layout.h"

#define MF_MAP_BASE 0x1000000000ull
#define MF_MAP_END HV_MODULES_VA

/**
 * Reserves address space, nothing is mapped there: for hv_mem_map(), hv_pci_map_bar(). bytes: a
 * multiple of the page size; align: a power of two >= the page size. Returns 0 when none is left.
 */
uint64_t mf_va_alloc(uint64_t bytes, uint64_t align);

/** Gives back a part of what mf_va_alloc() gave, nothing being mapped there any more. */
void mf_va_free(uint64_t va, uint64_t bytes);

/**
 * A stack of at least `bytes` (0: the default) with an unmapped guard page below *low, its lowest
 * byte. Returns its top (page-aligned), or NULL. Stacks of default size are cached.
 */
char *mf_stack_alloc(size_t bytes, char **low);
void mf_stack_free(char *low, char *top);

#define MF_STACK_BYTES (63 * (size_t)HV_PAGE_BYTES) /* default; with its guard 256 KiB */

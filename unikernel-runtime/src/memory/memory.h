/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - the address space above the image. [HV_HEAP_BASE, MF_MAP_BASE) is the heap (sbrk),
 * [MF_MAP_BASE, MF_MAP_END) is for mappings, stacks and devices, [MF_FLAT_BASE, MF_FLAT_END) for
 * the contents of files that are mapped shared (files/contents.c). Pages are demand-zero: address
 * space costs nothing, touched pages count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mayfly/layout.h"

#define MF_MAP_BASE 0x1000000000ull
#define MF_MAP_END 0x3000000000ull
#define MF_FLAT_BASE MF_MAP_END
#define MF_FLAT_END HV_MODULES_VA

/**
 * Reserves address space, nothing is mapped there: for hv_mem_map(), hv_pci_map_bar(). bytes: a
 * multiple of the page size; align: a power of two >= the page size. Returns 0 when none is left.
 */
uint64_t mf_va_alloc(uint64_t bytes, uint64_t align);

/** Gives back address space, nothing being mapped there any more. Parts may be free already. */
void mf_va_free(uint64_t va, uint64_t bytes);

/** Whether nobody has a part of the range, which lies in [MF_MAP_BASE, MF_MAP_END). */
bool mf_va_is_free(uint64_t va, uint64_t bytes);

/** Reserves what is free of that range. Returns false: no memory for that. */
bool mf_va_take(uint64_t va, uint64_t bytes);

/* The same for an area of its own. */
struct mf_va_area;
extern struct mf_va_area mf_va_maps, mf_va_flats;
uint64_t mf_va_alloc_in(struct mf_va_area *a, uint64_t bytes, uint64_t align);
void mf_va_free_in(struct mf_va_area *a, uint64_t va, uint64_t bytes);

/**
 * A stack of at least `bytes` (0: the default) with an unmapped guard page below *low, its lowest
 * byte. Returns its top (page-aligned), or NULL. Stacks of default size are cached.
 */
char *mf_stack_alloc(size_t bytes, char **low);
void mf_stack_free(char *low, char *top);

#define MF_STACK_BYTES (63 * (size_t)HV_PAGE_BYTES) /* default; with its guard 256 KiB */

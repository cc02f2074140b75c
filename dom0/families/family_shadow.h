/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family_shadow.h - shared memory of a family in a template. Templates have no windows, so what a guest
 * has in its own (family_memory.h) is put at addresses of ordinary memory that no program uses: first a
 * description, then the pages, each as far behind the next as they were. It is saved, restored and
 * shared like all memory. Guests never have it: it is taken out before they run.
 *
 * Trust    Whether a template has it dom0 keeps beside the memory (launch_source.has_shadow). Disks can
 *          be forged, so a description is checked whenever it is read.
 * Errors   HV_ERR_*; INVAL: what is there is no description.
 */
#pragma once

#include <stdint.h>

#include "mayfly/family.h"
#include "mayfly/layout.h"

#define SHADOW_VA 0x3e00000000ull  /* whole gigabytes: no table stays when it goes */
#define SHADOW_BYTES 0x40000000ull /* above what the runtime maps, below dom0's modules */
#define SHADOW_AREAS_MAX 1024u
#define SHADOW_FIRST_PAGES 1u /* of unit 0: struct mf_memory_window, which is not copied */

/* Areas of files and others are never in the same unit. */
enum kind { KIND_NONE = 0, KIND_PLAIN, KIND_FILE };

struct shadow_unit {
    uint8_t kind; /* enum kind; NONE: there is no such window */
    uint8_t reserved;
    uint16_t fresh; /* pages from here on were never handed out */
};

struct shadow_area {
    uint32_t first, pages; /* in ascending order; pages from MF_MEMORY_VA on */
};

/* What lies at SHADOW_VA. */
struct shadow {
    uint64_t magic;
    uint32_t area_count;
    uint32_t reserved;
    struct shadow_unit units[MF_MEMORY_UNITS];
    struct shadow_area areas[SHADOW_AREAS_MAX];
};

/** Takes it out of `dom`, which does not run. */
int64_t shadow_clear(uint32_t dom);

/** Begins one in paused `dom`: all but s->magic is set. Its pages are zero. */
int64_t shadow_begin(uint32_t dom, struct shadow *s);

/** Sets a page: its number from MF_MEMORY_VA on. */
int64_t shadow_write(uint32_t dom, uint32_t page, const void *content);

/** Reads the description from `dom`, which does not run. It is sound if there is no error. */
int64_t shadow_read(uint32_t dom, struct shadow *s);

/** Calls put() for each page with content, until it returns an error. `va`: where hv_dom_read() finds it. */
int64_t shadow_each(uint32_t dom, int64_t (*put)(void *arg, uint32_t page, uint64_t va), void *arg);

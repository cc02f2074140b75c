/* SPDX-License-Identifier: Apache-2.0 */
/* family_shadow.c - see family_shadow.h. */
#include "families/family_shadow.h"

#include <stdbool.h>
#include <stddef.h>

#include "mayfly/hypercall.h"

#define MAGIC 0x574f444148534d46ull /* "FMSHADOW" */
#define EXTENTS 32u
#define UNIT_PAGES HV_WINDOW_PAGES
#define ALL_PAGES (MF_MEMORY_UNITS * UNIT_PAGES)
#define HEADER_PAGES ((sizeof(struct shadow) + HV_PAGE_BYTES - 1) / HV_PAGE_BYTES)
#define PAGES_VA (SHADOW_VA + HEADER_PAGES * HV_PAGE_BYTES)
#define PAGES_END (PAGES_VA + ALL_PAGES * (uint64_t)HV_PAGE_BYTES)
#define PROT (HV_PROT_READ | HV_PROT_WRITE)

_Static_assert(PAGES_END <= SHADOW_VA + SHADOW_BYTES, "room for all units");
_Static_assert(SHADOW_VA + SHADOW_BYTES <= HV_MODULES_VA, "below dom0's modules");
_Static_assert(sizeof(struct shadow) <= HV_COPY_MAX_BYTES, "read at once");

static uint64_t va_of(uint32_t page)
{
    return PAGES_VA + page * (uint64_t)HV_PAGE_BYTES;
}

int64_t shadow_clear(uint32_t dom)
{
    return hv_dom_unmap(dom, SHADOW_VA, SHADOW_BYTES / HV_PAGE_BYTES);
}

int64_t shadow_begin(uint32_t dom, struct shadow *s)
{
    int64_t err = shadow_clear(dom); /* a guest may have mapped something there */

    s->magic = MAGIC;
    if (err >= 0) {
        err = hv_dom_map(dom, SHADOW_VA, HEADER_PAGES, PROT);
    }
    for (uint32_t i = 0; err >= 0 && i < MF_MEMORY_UNITS; i++) {
        if (s->units[i].fresh != 0) {
            err = hv_dom_map(dom, va_of(i * UNIT_PAGES), s->units[i].fresh, PROT);
        }
    }
    const size_t bytes =
        offsetof(struct shadow, areas) + s->area_count * sizeof(struct shadow_area);
    return err < 0 ? err : hv_dom_write(dom, SHADOW_VA, s, bytes);
}

int64_t shadow_write(uint32_t dom, uint32_t page, const void *content)
{
    return hv_dom_write(dom, va_of(page), content, HV_PAGE_BYTES);
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool units_are_sound(const struct shadow *s)
{
    for (uint32_t i = 0; i < MF_MEMORY_UNITS; i++) {
        const struct shadow_unit *const t = &s->units[i];
        if (t->kind > KIND_FILE || t->fresh > UNIT_PAGES ||
            (t->kind == KIND_NONE && t->fresh != 0)) {
            return false;
        }
    }
    return s->units[0].kind == KIND_PLAIN && s->units[0].fresh >= SHADOW_FIRST_PAGES;
}

/* Whether [first, end) lies in units that are there, of one kind, and was handed out. */
static bool is_covered(const struct shadow *s, uint32_t first, uint32_t end)
{
    const uint8_t kind = s->units[first / UNIT_PAGES].kind;

    for (uint32_t i = first / UNIT_PAGES; i * UNIT_PAGES < end; i++) {
        const uint32_t left = end - i * UNIT_PAGES;
        const struct shadow_unit *const t = &s->units[i];
        if (t->kind == KIND_NONE || t->kind != kind ||
            t->fresh < (left < UNIT_PAGES ? left : UNIT_PAGES)) {
            return false;
        }
    }
    return true;
}

static bool is_sound(const struct shadow *s)
{
    uint32_t at = SHADOW_FIRST_PAGES;

    if (s->magic != MAGIC || s->area_count > SHADOW_AREAS_MAX || !units_are_sound(s)) {
        return false;
    }
    for (uint32_t i = 0; i < s->area_count; i++) {
        const struct shadow_area *const a = &s->areas[i];
        if (a->first < at || a->first >= ALL_PAGES || a->pages == 0 ||
            a->pages > ALL_PAGES - a->first || !is_covered(s, a->first, a->first + a->pages)) {
            return false;
        }
        at = a->first + a->pages;
    }
    return true;
}

int64_t shadow_read(uint32_t dom, struct shadow *s)
{
    const int64_t err = hv_dom_read(dom, SHADOW_VA, s, sizeof(*s));

    return err >= 0 && !is_sound(s) ? HV_ERR_INVAL : err;
}

int64_t shadow_each(uint32_t dom, int64_t (*put)(void *arg, uint32_t page, uint64_t va), void *arg)
{
    struct hv_extent extents[EXTENTS];
    uint64_t va = PAGES_VA;

    while (va < PAGES_END) {
        const int64_t count = hv_dom_pages(dom, HV_SELF, &va, extents, EXTENTS);
        if (count < 0) {
            return count;
        }
        for (int64_t i = 0; i < count; i++) {
            const struct hv_extent *const e = &extents[i];
            const uint64_t end = e->va + e->pages * HV_PAGE_BYTES;
            for (uint64_t at = e->va;
                 e->kind == HV_EXTENT_DATA && at < end && at >= PAGES_VA && at < PAGES_END;
                 at += HV_PAGE_BYTES) {
                const int64_t err = put(arg, (uint32_t)((at - PAGES_VA) / HV_PAGE_BYTES), at);
                if (err < 0) {
                    return err;
                }
            }
        }
    }
    return 0;
}

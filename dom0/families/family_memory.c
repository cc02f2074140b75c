/* SPDX-License-Identifier: Apache-2.0 */
/* family_memory.c - see family_memory.h. */
#include "families/family_memory.h"

#include <stdlib.h>

#include "mayfly/hypercall.h"

#define AREAS_MAX SHADOW_AREAS_MAX

struct area {
    struct area *next; /* in ascending order */
    uint32_t first, pages;
    bool is_file;
    uint64_t holders[MF_FAMILY_WORDS];
};

struct family_memory {
    uint32_t area_count;
    struct area *areas;
    struct units units;
};

static bool is_empty(const uint64_t set[MF_FAMILY_WORDS])
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        all |= set[i];
    }
    return all == 0;
}

static uint32_t first_unit(const struct area *a)
{
    return a->first / UNIT_PAGES;
}

static uint32_t end_unit(const struct area *a)
{
    return (a->first + a->pages + UNIT_PAGES - 1) / UNIT_PAGES;
}

/* How many units the family may have: as much as the guest may have memory. */
static uint32_t unit_limit(const struct guest *g)
{
    const uint64_t units = g->memory_pages / UNIT_PAGES + (g->memory_pages % UNIT_PAGES != 0);
    return units > 0 && units < MF_MEMORY_UNITS ? (uint32_t)units : MF_MEMORY_UNITS;
}

/* ---- areas -------------------------------------------------------------------------------------- */

static void count_pages(struct family_memory *m, const struct area *a, bool comes)
{
    for (uint32_t i = first_unit(a); i < end_unit(a); i++) {
        const uint32_t start = i * UNIT_PAGES, end = start + UNIT_PAGES;
        const uint32_t from = a->first > start ? a->first : start;
        const uint32_t to = a->first + a->pages < end ? a->first + a->pages : end;
        struct unit *const t = m->units.at[i];
        t->used_pages =
            (uint16_t)(comes ? t->used_pages + (to - from) : t->used_pages - (to - from));
        if (comes && to - start > t->fresh) {
            t->fresh = (uint16_t)(to - start);
        }
    }
}

static struct area **find_area(struct family_memory *m, uint64_t va)
{
    struct area **link = &m->areas;
    const uint64_t page = (va - MF_MEMORY_VA) / HV_PAGE_BYTES;
    while (*link != NULL && (*link)->first != page) {
        link = &(*link)->next;
    }
    return link;
}

/* The first page of a gap of `pages` in the unit, or UINT32_MAX. */
static uint32_t find_gap(const struct family_memory *m, uint32_t unit, uint32_t pages)
{
    const uint32_t start = unit * UNIT_PAGES, end = start + UNIT_PAGES;
    uint32_t at = start + (unit == 0 ? UNIT_FIRST_PAGES : 0);

    for (const struct area *a = m->areas; a != NULL && a->first < end; a = a->next) {
        if (a->first + a->pages <= at) {
            continue;
        }
        if (a->first >= at + pages) {
            break;
        }
        at = a->first + a->pages;
    }
    return at < end && pages <= end - at ? at : UINT32_MAX;
}

/* Where there is room for `pages`, in a unit that is there or in new ones, which are made. */
static int64_t find_room(struct family_memory *m, const struct memory_user *u, enum kind kind,
                         uint32_t pages, uint32_t *first)
{
    for (uint32_t i = 0; pages < UNIT_PAGES && i < MF_MEMORY_UNITS; i++) {
        const bool fits = m->units.at[i] != NULL && m->units.at[i]->kind == kind &&
                          m->units.at[i]->used_pages + pages <= UNIT_PAGES;
        *first = fits ? find_gap(m, i, pages) : UINT32_MAX;
        if (*first != UINT32_MAX) {
            return 0;
        }
    }
    const uint32_t count = (pages + UNIT_PAGES - 1) / UNIT_PAGES;
    const uint32_t start = units_find_gap(&m->units, count);
    if (start == MF_MEMORY_UNITS || m->units.count + count > unit_limit(u->guest)) {
        return HV_ERR_NOMEM;
    }
    for (uint32_t i = start; i < start + count; i++) {
        const int64_t err = units_make(&m->units, i, kind, u);
        if (err < 0) {
            while (i-- > start) {
                units_unmap(&m->units, i, u->member, u->guest);
                units_free(&m->units, i);
            }
            return err;
        }
    }
    *first = start * UNIT_PAGES;
    return 0;
}

static int64_t map_units(struct family_memory *m, const struct area *a, const struct memory_user *u)
{
    int64_t err = units_map(&m->units, 0, u);
    for (uint32_t i = first_unit(a); err >= 0 && i < end_unit(a); i++) {
        err = units_map(&m->units, i, u);
    }
    return err;
}

/* Nobody holds it any more, and nobody's units are of use for it only. */
static void free_area(struct family_memory *m, struct area **link)
{
    struct area *const a = *link;
    *link = a->next;
    m->area_count--;
    count_pages(m, a, false);
    for (uint32_t i = first_unit(a); i < end_unit(a); i++) {
        if (i != 0 && m->units.at[i]->used_pages == 0 && m->units.at[i]->kind == KIND_PLAIN) {
            units_free(&m->units, i);
        }
    }
    free(a);
}

static bool holds_any_in(const struct family_memory *m, uint32_t unit, uint32_t member)
{
    for (const struct area *a = m->areas; a != NULL && first_unit(a) <= unit; a = a->next) {
        if (end_unit(a) > unit && members_has(a->holders, member)) {
            return true;
        }
    }
    return false;
}

/* The member does not hold it any more, nor units in which it holds nothing else. */
static void let_go(struct family_memory *m, struct area **link, const struct memory_user *u)
{
    struct area *const a = *link;

    members_remove(a->holders, u->member);
    for (uint32_t i = first_unit(a); i < end_unit(a); i++) {
        if (i != 0 && !a->is_file && !holds_any_in(m, i, u->member)) {
            units_unmap(&m->units, i, u->member, u->guest);
        }
    }
    if (is_empty(a->holders)) {
        free_area(m, link);
    }
}

static bool is_used(const struct family_memory *m, uint32_t first, uint32_t pages)
{
    const struct unit *const t = m->units.at[first / UNIT_PAGES];
    return pages < UNIT_PAGES && first % UNIT_PAGES < t->fresh;
}

static int64_t add_area(struct family_memory *m, const struct memory_user *u,
                        const struct memory_user *files, uint32_t pages, uint64_t *value)
{
    struct area *const a = calloc(1, sizeof(*a));
    if (a == NULL) {
        return HV_ERR_NOMEM;
    }
    const enum kind kind = files != NULL ? KIND_FILE : KIND_PLAIN;
    int64_t err = find_room(m, u, kind, pages, &a->first);
    if (err < 0) {
        free(a);
        return err;
    }
    a->pages = pages;
    a->is_file = files != NULL;
    *value = MF_MEMORY_VA + a->first * (uint64_t)HV_PAGE_BYTES;
    *value |= is_used(m, a->first, pages) ? MF_MEMORY_USED : 0;
    members_add(a->holders, u->member);
    struct area **link = &m->areas;
    while (*link != NULL && (*link)->first < a->first) {
        link = &(*link)->next;
    }
    a->next = *link;
    *link = a;
    m->area_count++;
    count_pages(m, a, true);
    err = map_units(m, a, u);
    if (err >= 0 && files != NULL && files->member != u->member) {
        err = map_units(m, a, files);
    }
    if (err < 0) {
        let_go(m, link, u);
    }
    return err;
}

int64_t family_memory_make(struct family_memory **m, const struct memory_user *u,
                           const struct memory_user *files, uint64_t pages, uint64_t *value)
{
    if (pages == 0) {
        return HV_ERR_INVAL;
    }
    if (pages > (uint64_t)MF_MEMORY_UNITS * UNIT_PAGES) {
        return HV_ERR_NOMEM;
    }
    if (*m == NULL) {
        *m = calloc(1, sizeof(**m));
    }
    if (*m == NULL) {
        return HV_ERR_NOMEM;
    }
    if ((*m)->area_count == AREAS_MAX) {
        return HV_ERR_LIMIT;
    }
    const int64_t err = (*m)->units.at[0] != NULL ? 0 : units_make(&(*m)->units, 0, KIND_PLAIN, u);
    return err < 0 ? err : add_area(*m, u, files, (uint32_t)pages, value);
}

int64_t family_memory_drop(struct family_memory *m, const struct memory_user *u, uint64_t va)
{
    struct area **const link = m != NULL ? find_area(m, va) : NULL;
    struct area *const a = link != NULL ? *link : NULL;

    if (a == NULL || a->is_file || !members_has(a->holders, u->member)) {
        return HV_ERR_NOENT;
    }
    let_go(m, link, u);
    return 0;
}

int64_t family_memory_map(struct family_memory *m, const struct memory_user *u, uint64_t va)
{
    const struct area *const a = m != NULL ? *find_area(m, va) : NULL;

    return a != NULL && a->is_file ? map_units(m, a, u) : HV_ERR_NOENT;
}

/* ---- members ------------------------------------------------------------------------------------ */

int64_t family_memory_inherit(struct family_memory *m, const struct memory_user *child,
                              uint32_t parent)
{
    int64_t err = 0;

    for (uint32_t i = 0; m != NULL && err >= 0 && i < MF_MEMORY_UNITS; i++) {
        if (units_has(&m->units, i, parent)) {
            err = units_map(&m->units, i, child);
        }
    }
    for (struct area *a = m != NULL ? m->areas : NULL; err >= 0 && a != NULL; a = a->next) {
        if (!a->is_file && members_has(a->holders, parent)) {
            members_add(a->holders, child->member);
        }
    }
    return err;
}

bool family_memory_is_used(const struct family_memory *m, uint32_t member)
{
    return m != NULL && units_has(&m->units, 0, member);
}

/* Adds one, after all others, to units that are there. */
static bool append_area(struct family_memory *m, struct area **end, uint32_t first, uint32_t pages,
                        uint32_t member)
{
    struct area *const a = calloc(1, sizeof(*a));
    if (a == NULL) {
        return false;
    }
    a->first = first;
    a->pages = pages;
    a->is_file = m->units.at[first / UNIT_PAGES]->kind == KIND_FILE;
    members_add(a->holders, member);
    *end = a;
    m->area_count++;
    count_pages(m, a, true);
    return true;
}

/* ---- in templates ------------------------------------------------------------------------------- */

/* What the member has. */
static void describe(const struct family_memory *m, uint32_t member, struct shadow *s)
{
    for (uint32_t i = 0; i < MF_MEMORY_UNITS; i++) {
        if (units_has(&m->units, i, member)) {
            const struct unit *const t = m->units.at[i];
            s->units[i] = (struct shadow_unit){.kind = t->kind, .fresh = t->fresh};
        }
    }
    for (const struct area *a = m->areas; a != NULL; a = a->next) {
        bool is_whole = a->is_file || members_has(a->holders, member);
        for (uint32_t i = first_unit(a); i < end_unit(a); i++) {
            is_whole = is_whole && s->units[i].kind != KIND_NONE;
        }
        if (is_whole) {
            s->areas[s->area_count++] = (struct shadow_area){a->first, a->pages};
        }
    }
}

int64_t family_memory_freeze(const struct family_memory *m, const struct memory_user *u,
                             uint32_t dom)
{
    struct shadow *const s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return HV_ERR_NOMEM;
    }
    describe(m, u->member, s);
    int64_t err = shadow_begin(dom, s);
    if (err >= 0) {
        err = units_freeze(s, u->guest->handle, dom);
    }
    free(s);
    return err;
}

static int64_t thaw(struct family_memory *m, uint32_t dom, const struct shadow *s,
                    const struct memory_user *u)
{
    struct area **end = &m->areas;

    for (uint32_t i = 0; i < MF_MEMORY_UNITS; i++) {
        const enum kind kind = (enum kind)s->units[i].kind;
        const int64_t err = kind != KIND_NONE ? units_make(&m->units, i, kind, u) : 0;
        if (err < 0) {
            return err;
        }
    }
    for (uint32_t i = 0; i < s->area_count; i++) {
        if (!append_area(m, end, s->areas[i].first, s->areas[i].pages, u->member)) {
            return HV_ERR_NOMEM;
        }
        end = &(*end)->next;
    }
    for (uint32_t i = 0; i < MF_MEMORY_UNITS; i++) {
        if (m->units.at[i] != NULL) {
            m->units.at[i]->fresh = s->units[i].fresh;
        }
    }
    return units_thaw(&m->units, dom);
}

int64_t family_memory_thaw(uint32_t dom, struct family_memory **to, const struct memory_user *u)
{
    struct shadow *const s = calloc(1, sizeof(*s));
    *to = calloc(1, sizeof(**to));
    int64_t err = s != NULL && *to != NULL ? shadow_read(dom, s) : HV_ERR_NOMEM;
    if (err >= 0) {
        err = thaw(*to, dom, s, u);
    }
    free(s);
    return err;
}

bool family_memory_is_others(const struct family_memory *m, uint32_t member)
{
    return m != NULL && units_are_others(&m->units, member);
}

static void wake_all(struct mf_memory_window *w, uint32_t member, uint64_t wakes[MF_FAMILY_WORDS])
{
    __atomic_store_n(&w->pids[member], 0, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&w->ends, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < MF_MEMORY_BUCKETS; i++) {
        members_take(w->waits[i], wakes);
    }
}

void family_memory_leave(struct family_memory *m, uint32_t member, struct guest *g,
                         uint64_t wakes[MF_FAMILY_WORDS])
{
    if (m == NULL) {
        return;
    }
    if (units_has(&m->units, 0, member)) {
        wake_all(units_window(&m->units), member, wakes);
    }
    for (uint32_t i = 0; i < MF_MEMORY_UNITS; i++) {
        units_unmap(&m->units, i, member, g);
    }
    for (struct area **link = &m->areas, *a; (a = *link) != NULL;) {
        members_remove(a->holders, member);
        if (!a->is_file && is_empty(a->holders)) {
            free_area(m, link);
        } else {
            link = &a->next;
        }
    }
}

bool family_memory_event(const struct family_memory *m, uint64_t wakes[MF_FAMILY_WORDS])
{
    return m != NULL && m->units.at[0] != NULL &&
           members_take(units_window(&m->units)->wakes, wakes);
}

void family_memory_free(struct family_memory *m)
{
    while (m != NULL && m->areas != NULL) {
        struct area *const a = m->areas;
        m->areas = a->next;
        free(a);
    }
    for (uint32_t i = 0; m != NULL && i < MF_MEMORY_UNITS; i++) {
        if (m->units.at[i] != NULL) {
            units_free(&m->units, i);
        }
    }
    free(m);
}

uint64_t family_memory_bytes(const struct family_memory *m)
{
    return m != NULL ? m->units.count * (uint64_t)HV_WINDOW_BYTES : 0;
}

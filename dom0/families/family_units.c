/* SPDX-License-Identifier: Apache-2.0 */
/* family_units.c - see family_units.h. */
#include "families/family_units.h"

#include <stdlib.h>

#include "fault/touch.h"
#include "guests/hold.h"
#include "guests/room.h"
#include "mayfly/hypercall.h"

#define PAGES_PER_LOOK 16u /* whether there is memory for so many more */

static uint64_t va_of(uint32_t unit)
{
    return MF_MEMORY_VA + unit * (uint64_t)HV_WINDOW_BYTES;
}

struct mf_memory_window *units_window(const struct units *all)
{
    return all->at[0] != NULL ? members_window(all->at[0]->slot) : NULL;
}

bool units_has(const struct units *all, uint32_t unit, uint32_t member)
{
    return all->at[unit] != NULL && members_has(all->at[unit]->mapped, member);
}

int64_t units_map(struct units *all, uint32_t unit, const struct memory_user *u)
{
    struct unit *const t = all->at[unit];
    bool ran;

    if (members_has(t->mapped, u->member)) {
        return 0;
    }
    int64_t err = hold_stop(u->guest, HOLD_NOW, &ran);
    if (err < 0) {
        return err;
    }
    err = hv_window_share(HV_SELF, (uint64_t)(uintptr_t)members_window(t->slot), u->guest->handle,
                          va_of(unit));
    hold_resume(u->guest, ran);
    if (err < 0) {
        return err;
    }
    members_add(t->mapped, u->member);
    if (unit == 0) {
        units_window(all)->pids[u->member] = u->pid;
    }
    return 0;
}

void units_unmap(struct units *all, uint32_t unit, uint32_t member, struct guest *g)
{
    struct unit *const t = all->at[unit];
    bool ran;

    if (!units_has(all, unit, member)) {
        return;
    }
    members_remove(t->mapped, member);
    if (g != NULL && hold_stop(g, HOLD_NOW, &ran) >= 0) {
        hv_window_close(g->handle, va_of(unit));
        hold_resume(g, ran);
    }
}

void units_free(struct units *all, uint32_t unit)
{
    members_close_window(&all->at[unit]->slot);
    free(all->at[unit]);
    all->at[unit] = NULL;
    all->count--;
}

int64_t units_make(struct units *all, uint32_t unit, enum kind kind, const struct memory_user *u)
{
    struct unit *const t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return HV_ERR_NOMEM;
    }
    const size_t touched = unit == 0 ? sizeof(struct mf_memory_window) : 1;
    const int64_t err = members_make_window(u->guest, va_of(unit), touched, &t->slot);
    if (err < 0) {
        free(t);
        return err;
    }
    t->kind = (uint8_t)kind;
    all->at[unit] = t;
    all->count++;
    members_add(t->mapped, u->member);
    if (unit == 0) {
        t->fresh = t->used_pages = UNIT_FIRST_PAGES;
        units_window(all)->pids[u->member] = u->pid;
    }
    return 0;
}

uint32_t units_find_gap(const struct units *all, uint32_t count)
{
    uint32_t free = 0;
    for (uint32_t i = 1; i < MF_MEMORY_UNITS; i++) {
        free = all->at[i] != NULL ? 0 : free + 1;
        if (free == count) {
            return i + 1 - count;
        }
    }
    return MF_MEMORY_UNITS;
}

bool units_are_others(const struct units *all, uint32_t member)
{
    for (uint32_t i = 0; i < MF_MEMORY_UNITS; i++) {
        for (uint32_t w = 0; all->at[i] != NULL && w < MF_FAMILY_WORDS; w++) {
            const uint64_t self = w == member / 64 ? 1ul << member % 64 : 0;
            if ((all->at[i]->mapped[w] & ~self) != 0) {
                return true;
            }
        }
    }
    return false;
}

/* ---- in templates ------------------------------------------------------------------------------- */

static bool is_zero(const uint64_t *page)
{
    for (uint32_t i = 0; i < HV_PAGE_BYTES / sizeof(*page); i++) {
        if (page[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Pages that nobody has touched take no memory, neither there nor in the shadow. */
static int64_t freeze(uint32_t from, uint32_t unit, uint32_t page_count, uint32_t dom)
{
    static uint64_t page[HV_PAGE_BYTES / sizeof(uint64_t)];
    int64_t err = 0;

    for (uint32_t i = unit == 0 ? UNIT_FIRST_PAGES : 0; err >= 0 && i < page_count; i++) {
        if (i % PAGES_PER_LOOK == 0 && !room_is_there(0)) {
            return HV_ERR_NOMEM;
        }
        err = hv_dom_read(from, va_of(unit) + i * HV_PAGE_BYTES, page, sizeof(page));
        if (err >= 0 && !is_zero(page)) {
            err = shadow_write(dom, unit * UNIT_PAGES + i, page);
        }
    }
    return err;
}

int64_t units_freeze(const struct shadow *s, uint32_t from, uint32_t dom)
{
    int64_t err = 0;

    for (uint32_t i = 0; err >= 0 && i < MF_MEMORY_UNITS; i++) {
        err = freeze(from, i, s->units[i].fresh, dom);
    }
    return err;
}

struct thaw {
    const struct units *to;
    uint32_t dom;
    uint32_t pages; /* so far */
};

/* What was never handed out has no content, but in a forged template: it is left out. */
static int64_t thaw_page(void *arg, uint32_t page, uint64_t va)
{
    struct thaw *const x = arg;
    const struct unit *const t = x->to->at[page / UNIT_PAGES];

    if (t == NULL || page < UNIT_FIRST_PAGES || page % UNIT_PAGES >= t->fresh) {
        return 0;
    }
    if (x->pages++ % PAGES_PER_LOOK == 0 && !room_is_there(0)) {
        return HV_ERR_NOMEM;
    }
    char *const to = (char *)members_window(t->slot) + page % UNIT_PAGES * HV_PAGE_BYTES;
    return mf_touch(to, 1) ? hv_dom_read(x->dom, va, to, HV_PAGE_BYTES) : HV_ERR_NOMEM;
}

int64_t units_thaw(const struct units *all, uint32_t dom)
{
    struct thaw x = {.to = all, .dom = dom};

    return shadow_each(dom, thaw_page, &x);
}

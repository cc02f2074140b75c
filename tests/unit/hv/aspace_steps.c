/* SPDX-License-Identifier: Apache-2.0 */
/* aspace_steps.c - runs the cases of test_aspace.c. All spaces run on one CPU with one MMU. */
#include "aspace_steps.h"

#include <stdlib.h>
#include <string.h>

#include "audit.h"

#define VIEW_MAX 64u

struct run {
    const struct step *steps;
    struct aspace space[CASE_SPACES];
    paddr_t window[CASE_WINDOWS];
    struct mmu mmu;
};

/* What a guest can find at one address. */
struct view {
    struct peek peek;
    uint64_t word;
};

static struct run run;

/* ---- nothing has changed --------------------------------------------------------------------- */

static bool is_place(enum step_kind kind)
{
    return kind != STEP_WINDOW && kind != STEP_LIVE && kind != STEP_RESIDENT && kind != STEP_END;
}

/* All places that the case names, in all spaces, with the pages before and behind. */
static uint32_t views_take(struct view *views)
{
    uint32_t n = 0;

    for (const struct step *s = run.steps; s->kind != STEP_END; s++) {
        const uint64_t places[] = {s->va, s->va - PAGE_SIZE, s->va + PAGE_SIZE,
                                   s->va + (s->count - 1) * PAGE_SIZE,
                                   s->va + s->count * PAGE_SIZE};
        for (uint32_t i = 0; is_place(s->kind) && i < CASE_SPACES * ARRAY_COUNT(places); i++) {
            const struct aspace *as = &run.space[i % CASE_SPACES];
            const uint64_t va = places[i / CASE_SPACES];
            if (as->root.v != 0 && va < HV_GUEST_END) {
                struct peek p = mmu_peek(as, va);
                p.pa = p.pa == fake_pages.zero.v ? 0 : p.pa;
                views[n].peek = p;
                views[n++].word = mmu_peek_word(as, va);
            }
        }
    }
    return n;
}

static void audit_all(void)
{
    audit_begin();
    for (uint32_t i = 0; i < CASE_SPACES; i++) {
        if (run.space[i].root.v != 0) {
            audit_space(&run.space[i]);
        }
    }
    for (uint32_t i = 0; i < CASE_WINDOWS; i++) {
        if (run.window[i].v != 0) {
            audit_window(run.window[i]);
        }
    }
    audit_end();
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void load(struct aspace *as)
{
    if (run.mmu.as != as) {
        mmu_load(&run.mmu, as);
    }
}

static enum hv_err step_whole(const struct step *s, struct aspace *as)
{
    const struct aspace untouched = {{0}, 11, 22, 33};
    struct aspace made = untouched;
    enum hv_err err = HV_OK;

    if (s->kind == STEP_DROP) {
        if (run.mmu.as == as) {
            mmu_load(&run.mmu, NULL);
        }
        assert_true(aspace_destroy_slice(as, INT64_MAX));
        return HV_OK;
    }
    struct aspace *to = s->kind == STEP_CLONE ? &run.space[s->other] : as;
    if (s->kind == STEP_CLONE) {
        load(as); /* the worst case: the source runs */
        err = aspace_clone(as, &made, s->count);
        mmu_flush(&run.mmu);
    } else {
        err = aspace_create(&made, s->count);
    }
    if (err) {
        assert_memory_equal(&made, &untouched, sizeof(made));
    } else {
        *to = made;
    }
    return err;
}

static enum hv_err step_range(const struct step *s, struct aspace *as)
{
    const gva_t va = {s->va};
    const gva_t end = {s->va + s->count * PAGE_SIZE};
    gva_t at = va;

    load(as);
    if (s->kind == STEP_MAP) {
        return aspace_map_zero(as, va, s->count, s->prot);
    }
    if (s->kind == STEP_DEVICE) {
        return aspace_map_phys(as, va, (paddr_t){FAKE_DEVICE}, s->count, s->prot, true);
    }
    if (s->kind == STEP_MAPPED) {
        assert_int_equal(mmu_is_mapped(as, va, end), s->prot);
        return HV_OK;
    }
    while (at.v < end.v) {
        gva_t next = at;
        const enum hv_err err = s->kind == STEP_UNMAP
                                    ? aspace_unmap_step(as, at, end, &next)
                                    : aspace_protect_step(as, at, end, s->prot, &next);
        if (err) {
            assert_int_equal(next.v, at.v);
            mmu_flush(&run.mmu);
            return err;
        }
        assert_in_range(next.v, at.v + PAGE_SIZE, end.v);
        at = next;
    }
    mmu_flush(&run.mmu);
    return HV_OK;
}

static enum hv_err step_access(const struct step *s, struct aspace *as)
{
    uint64_t value = 0;
    enum hv_err err;

    load(as);
    switch (s->kind) {
    case STEP_WRITE:
        return mmu_write(&run.mmu, s->va, s->count);
    case STEP_SPECULATE:
        mmu_speculate(&run.mmu, s->va);
        return HV_OK;
    case STEP_EXEC:
        return mmu_touch(&run.mmu, s->va, HV_PROT_EXEC, &value);
    case STEP_TOUCH_DEVICE:
        err = mmu_touch(&run.mmu, s->va, HV_PROT_WRITE, &value);
        break;
    default:
        err = mmu_read(&run.mmu, s->va, &value);
        break;
    }
    if (!err) {
        assert_int_equal(value, s->count);
    }
    return err;
}

static enum hv_err step_page(const struct step *s, struct aspace *as)
{
    const bool write = s->kind == STEP_POKE;
    paddr_t pa = {0};

    load(as);
    const enum hv_err err = aspace_page(as, (gva_t){s->va}, write, &pa);
    if (err) {
        assert_int_equal(pa.v, 0);
    } else if (write) {
        assert_int_not_equal(pa.v, fake_pages.zero.v);
        *(uint64_t *)phys_to_virt(pa) = s->count;
    } else {
        assert_int_equal(*(uint64_t *)phys_to_virt(pa), s->count);
    }
    return err;
}

static enum hv_err step_window(const struct step *s, struct aspace *as)
{
    paddr_t *window = s->kind == STEP_MOVE ? NULL : &run.window[s->other];

    switch (s->kind) {
    case STEP_WINDOW:
        *window = aspace_window_new((uint32_t)s->va, (uint32_t)s->count);
        return window->v != 0 ? HV_OK : HV_ERR_NOMEM;
    case STEP_ATTACH:
        load(as);
        return aspace_window_attach(as, (gva_t){s->va}, *window);
    case STEP_DETACH: {
        load(as);
        const paddr_t at = aspace_window_at(as, (gva_t){s->va});
        assert_int_not_equal(at.v, 0);
        assert_int_equal(aspace_window_detach(as, (gva_t){s->va}).v, at.v);
        mmu_flush(&run.mmu);
        aspace_window_put(at);
        return HV_OK;
    }
    case STEP_MOVE:
        load(as);
        aspace_move_windows(as, &run.space[s->other]);
        mmu_flush(&run.mmu);
        return HV_OK;
    case STEP_NO_WINDOW:
        assert_int_equal(aspace_window_at(as, (gva_t){s->va}).v, 0);
        assert_int_equal(aspace_window_detach(as, (gva_t){s->va}).v, 0);
        return HV_OK;
    default:
        aspace_window_put(*window);
        window->v = 0;
        return HV_OK;
    }
}

static enum hv_err step_do(const struct step *s)
{
    struct aspace *as = &run.space[s->space];

    switch (s->kind) {
    case STEP_CREATE:
    case STEP_CLONE:
    case STEP_DROP:
        return step_whole(s, as);
    case STEP_MAP:
    case STEP_DEVICE:
    case STEP_UNMAP:
    case STEP_PROTECT:
    case STEP_MAPPED:
        return step_range(s, as);
    case STEP_PEEK:
    case STEP_POKE:
        return step_page(s, as);
    case STEP_LIVE:
        assert_int_equal(fake_live(), s->count);
        return HV_OK;
    case STEP_RESIDENT:
        assert_int_equal(as->resident, s->count);
        return HV_OK;
    case STEP_READ:
    case STEP_WRITE:
    case STEP_EXEC:
    case STEP_TOUCH_DEVICE:
    case STEP_SPECULATE:
        return step_access(s, as);
    default:
        return step_window(s, as);
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* A step, and when the allocation that is to fail was one of its own, the same step again. */
static void step_run(const struct step *s)
{
    static struct view before[VIEW_MAX * 20], after[VIEW_MAX * 20];
    const bool had_failed = fake_has_failed();
    const uint32_t views = views_take(before);
    enum hv_err err = step_do(s);

    assert_in_range(views, 0, ARRAY_COUNT(before));
    if (fake_has_failed() && !had_failed) {
        assert_int_equal(err, HV_ERR_NOMEM);
        if (s->kind != STEP_UNMAP && s->kind != STEP_PROTECT) { /* those work in steps */
            assert_int_equal(views_take(after), views);
            assert_memory_equal(before, after, views * sizeof(before[0]));
        }
        audit_all();
        err = step_do(s);
    }
    if (err != s->err) {
        fail_msg("step %u reports %d instead of %d", (uint32_t)(s - run.steps), err, s->err);
    }
    audit_all();
}

/* True when the n-th allocation was reached (n = 0: none is to fail). */
static bool run_once(const struct step *steps, uint64_t n)
{
    fake_start(FAKE_RAM_PAGES);
    run.steps = steps;
    mmu_load(&run.mmu, NULL);
    fake_fail_alloc(n);
    for (const struct step *s = steps; s->kind != STEP_END; s++) {
        step_run(s);
    }
    const bool has_failed = fake_has_failed();
    fake_fail_alloc(0);
    mmu_load(&run.mmu, NULL);
    for (uint32_t i = 0; i < CASE_SPACES; i++) {
        assert_true(aspace_destroy_slice(&run.space[i], INT64_MAX));
    }
    for (uint32_t i = 0; i < CASE_WINDOWS; i++) {
        if (run.window[i].v != 0) {
            aspace_window_put(run.window[i]);
            run.window[i].v = 0;
        }
    }
    assert_int_equal(fake_live(), 0);
    assert_true(fake_stop());
    return has_failed;
}

int case_start(void **state)
{
    (void)state;
    memset(&run, 0, sizeof(run));
    return 0;
}

int case_stop(void **state)
{
    (void)state;
    mmu_load(&run.mmu, NULL);
    return 0;
}

void case_test(void **state)
{
    uint64_t n = 1;

    run_once(*state, 0);
    while (run_once(*state, n)) {
        n++;
    }
    assert_true(n > 1);
}

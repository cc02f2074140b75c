/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - see world.h. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "audit.h"
#include "choose.h"
#include "list_check.h"
#include "mmu.h"
#include "model.h"

#define SPACES 16u
#define WINDOWS 6u
#define LOG_STEPS 24u
#define AUDIT_EVERY 400u
#define TABLES_MAX 4u /* that one step can need, with the page */

struct window {
    paddr_t table; /* the world holds a reference; {0}: none */
    uint32_t first, pages;
    uint64_t word[HV_WINDOW_PAGES][2];
};

struct log_entry {
    const char *what;
    uint32_t space, other;
    uint64_t page, count;
    int err;
};

static struct {
    struct aspace as[SPACES];
    struct model model[SPACES];
    bool is_alive[SPACES];
    struct window window[WINDOWS + 1]; /* 0 is not used */
    struct mmu mmu;
    uint32_t loaded;
    uint64_t step, value;
    uint64_t free_before, resident_before;
    struct log_entry log[LOG_STEPS];
} w;

static const uint64_t slot_va[MODEL_SLOTS] = {0, HV_WINDOW_HIGH_VA + HV_WINDOW_BYTES,
                                              HV_GUEST_END - HV_WINDOW_BYTES};

/* ---- judging --------------------------------------------------------------------------------- */

static uint32_t choose_space(void)
{
    uint32_t n = once_in(4) ? (uint32_t)choose(SPACES) : w.loaded;

    while (!w.is_alive[n]) {
        n = (n + 1) % SPACES;
    }
    return n;
}

#define ON_STACKS 128u /* free frames that frame_is_low() does not see: frame.c */

static void world_fail(const char *what, uint64_t a, uint64_t b)
{
    for (uint64_t i = 0; i < LOG_STEPS; i++) {
        const struct log_entry *e = &w.log[(w.step + 1 + i) % LOG_STEPS];
        if (e->what != NULL) {
            print_error("# space %u (%u): %s page %#lx count %#lx: %d\n", e->space, e->other,
                        e->what, e->page, e->count, e->err);
        }
    }
    fail_msg("step %lu: %s (%#lx, %#lx)", w.step, what, a, b);
}

static void step_begin(const char *what, uint32_t space, uint64_t page, uint64_t count)
{
    w.log[w.step % LOG_STEPS] = (struct log_entry){what, space, 0, page, count, 1};
    w.free_before = frame_free_count();
    w.resident_before = w.as[space].resident;
    w.as[space].wanted = 0;
    fake_fail_alloc(once_in(12) ? 1 + choose(3) : 0);
}

/* Brings what is absent in the 2 MiB around `va`, as a toolstack does, through `space`. What an absent page
 * holds is what the model of any space that has it says: nobody could write to it. */
static void bring_region(uint32_t space, uint64_t va)
{
    const uint64_t first = va >> PAGE_SHIFT & ~511ul;
    uint64_t lacked = 0;

    for (uint64_t n = first; n < first + 512; n++) {
        if (!mmu_peek(&w.as[space], n << PAGE_SHIFT).is_absent) {
            continue;
        }
        const struct model_page *page = model_page(&w.model[space], n, false);
        const paddr_t pa = frame_alloc_zero();
        lacked++;
        if (pa.v == 0) {
            return;
        }
        uint64_t *words = phys_to_virt(pa);
        words[0] = page != NULL ? page->word[0] : 0;
        words[0xff8 / 8] = page != NULL ? page->word[1] : 0;
        if (aspace_bring(&w.as[space], (gva_t){n << PAGE_SHIFT}, pa)) {
            world_fail("an absent page cannot be brought", n, 0);
        }
    }
    if (lacked == 0) {
        world_fail("nothing is absent where something is wanted", va, 0);
    }
}

/* Ends a step. True when it did what was `expected`, false when it ran out of something. */
static bool step_end(uint32_t space, enum hv_err err, enum hv_err expected)
{
    const bool is_injected = fake_has_failed();

    fake_fail_alloc(0);
    w.log[w.step % LOG_STEPS].err = err;
    if (is_injected && err != HV_ERR_NOMEM) {
        world_fail("an allocation failed and was not reported", (uint64_t)err, 0);
    }
    if (err == HV_ERR_ABSENT) {
        bring_region(space, w.as[space].wanted);
        return false;
    }
    const uint64_t page = w.log[w.step % LOG_STEPS].page;
    const bool is_window = page < 512 || page >= HV_WINDOW_HIGH_VA >> PAGE_SHIFT;
    if (err == HV_ERR_NOMEM &&
        (is_injected || w.free_before <= TABLES_MAX ||
         (is_window && w.free_before <= FRAME_RESERVE + ON_STACKS + TABLES_MAX))) {
        return false;
    }
    if (err == HV_ERR_LIMIT && w.resident_before + TABLES_MAX >= w.as[space].limit) {
        return false;
    }
    if (err != expected) {
        world_fail("an error that the model does not have", (uint64_t)err, (uint64_t)expected);
    }
    return true;
}

static void flush_if_loaded(uint32_t space)
{
    if (space == w.loaded) {
        mmu_flush(&w.mmu);
    }
}

static void load(uint32_t space)
{
    if (space != w.loaded || w.mmu.as == NULL) {
        w.loaded = space;
        mmu_load(&w.mmu, &w.as[space]);
    }
}

/* ---- comparing everything -------------------------------------------------------------------- */

static void compare_page(uint32_t space, uint64_t number, uint64_t e)
{
    const struct model_run *run = model_find(&w.model[space], number);
    const struct model_page *page = model_page(&w.model[space], number, false);
    const struct peek p = mmu_peek(&w.as[space], number << PAGE_SHIFT);

    if (run == NULL) {
        world_fail("a page that is not mapped is there", number, e);
    }
    if (p.prot != run->prot || p.is_device != run->is_device) {
        world_fail("wrong protection or kind", number, e);
    }
    for (uint32_t i = 0; i < 2 && !run->is_device && !p.is_absent; i++) {
        const uint64_t word = mmu_peek_word(&w.as[space], (number << PAGE_SHIFT) + i * 0xff8);
        if (word != (page != NULL ? page->word[i] : 0)) {
            world_fail("wrong content", number, word);
        }
    }
}

/* Compares what a table maps and returns how many pages it does. */
static uint64_t compare_table(uint32_t space, uint64_t table, uint64_t first, int level)
{
    const uint64_t *entries = phys_to_virt((paddr_t){table});
    const uint64_t span = 1ul << 9 * (level - 1);
    uint64_t count = 0;

    for (uint32_t i = 0; i < 512; i++) {
        const uint64_t e = entries[i];
        const uint64_t number = first + i * span;
        if (e == 0 || (e & PTE_SW_WINDOW)) {
            continue;
        }
        if ((e & PTE_P) && level > 1) {
            count += compare_table(space, e & PTE_ADDRESS, number, level - 1);
        } else if (number >= FIRST_PAGE) {
            if (e & PTE_P) {
                compare_page(space, number, e);
            }
            count += span;
        }
    }
    return count;
}

static void compare_space(uint32_t space)
{
    struct model *m = &w.model[space];
    uint64_t count = 0;

    for (uint32_t i = 0; i < m->run_count; i++) {
        const struct model_run *run = &m->run[i];
        compare_page(space, run->first, 0);
        compare_page(space, run->end - 1, 0);
        count += run->end - run->first;
        if (!mmu_is_mapped(&w.as[space], (gva_t){run->first << PAGE_SHIFT},
                           (gva_t){run->end << PAGE_SHIFT})) {
            world_fail("a run is not mapped", run->first, run->end);
        }
    }
    for (uint32_t i = 0; i < m->page_count; i++) {
        compare_page(space, m->page[i].number, 0);
    }
    const uint64_t mapped = compare_table(space, w.as[space].root.v, 0, 3);
    if (mapped != count) {
        world_fail("the number of mapped pages differs", mapped, count);
    }
}

static void audit_world(void)
{
    audit_begin();
    for (uint32_t i = 0; i < SPACES; i++) {
        if (w.is_alive[i]) {
            audit_space(&w.as[i]);
        }
    }
    for (uint32_t i = 1; i <= WINDOWS; i++) {
        if (w.window[i].table.v != 0) {
            audit_window(w.window[i].table);
        }
    }
    audit_end();
}

/* ---- steps: ranges --------------------------------------------------------------------------- */

static void do_map(void)
{
    const uint32_t space = choose_space();
    struct model *m = &w.model[space];
    const uint64_t page = choose_place(m);
    const bool is_device = once_in(8);
    const uint64_t count = is_device ? 1 + choose(once_in(6) ? 520 : 5) : choose_count(page);
    const uint64_t end = min_u64(page + count, END_PAGE);
    const uint32_t prot = choose_prot();
    const gva_t va = {page << PAGE_SHIFT};
    enum hv_err err;

    if (model_is_full(m)) {
        return;
    }
    step_begin(is_device ? "map device" : "map", space, page, end - page);
    if (is_device) {
        err = aspace_map_phys(&w.as[space], va, (paddr_t){FAKE_DEVICE + va.v}, end - page, prot,
                              true);
    } else {
        err = aspace_map_zero(&w.as[space], va, end - page, prot);
    }
    const bool is_taken = model_has_some(m, page, end);
    if (step_end(space, err, is_taken ? HV_ERR_EXISTS : HV_OK) && !is_taken) {
        model_map(m, page, end, prot, is_device);
    } else if (once_in(4)) {
        compare_space(space);
    }
}

/* Pages whose contents come later. Some of them are known to the model from now on. */
static void do_promise(void)
{
    const uint32_t space = choose_space();
    struct model *m = &w.model[space];
    const uint64_t page = choose_place(m);
    const uint64_t end = min_u64(page + 1 + choose(once_in(4) ? 512 : 6), (page | 511) + 1);
    const uint32_t prot = choose_prot();
    const gva_t va = {page << PAGE_SHIFT};

    if (model_is_full(m)) {
        return;
    }
    step_begin("promise", space, page, end - page);
    const enum hv_err err = aspace_map_absent(&w.as[space], va, end - page, prot | HV_PROT_ABSENT);
    w.resident_before += end - page; /* each counts at once */
    flush_if_loaded(space);
    const bool is_taken = model_has_some(m, page, end);
    if (step_end(space, err, is_taken ? HV_ERR_EXISTS : HV_OK) && !is_taken) {
        model_map(m, page, end, prot, false);
        for (uint64_t n = page; n < end && n < page + 3; n++) {
            struct model_page *p = model_page(m, n, true);
            p->word[0] = ++w.value;
            p->word[1] = ++w.value;
        }
    } else if (err == HV_ERR_LIMIT) { /* a first part is mapped: as many as were counted */
        gva_t at = va;
        while (at.v < end << PAGE_SHIFT &&
               !aspace_unmap_step(&w.as[space], at, (gva_t){end << PAGE_SHIFT}, &at)) {
        }
        flush_if_loaded(space);
    }
}

/* A page of an absent 2 MiB comes before anybody asks, or is brought twice. */
static void do_bring(void)
{
    const uint32_t space = choose_space();
    const uint64_t page = choose_page(&w.model[space]);

    if (mmu_peek(&w.as[space], page << PAGE_SHIFT).is_absent) {
        bring_region(space, page << PAGE_SHIFT);
    } else if (aspace_bring(&w.as[space], (gva_t){page << PAGE_SHIFT}, fake_pages.zero) !=
               HV_ERR_STATE) {
        world_fail("a page that is there was brought", page, 0);
    }
}

/* Whether a page of [first, end) is a device's: its protection stays as it is. */
static bool has_device(const struct model *m, uint64_t first, uint64_t end)
{
    for (uint32_t i = 0; i < m->run_count; i++) {
        if (m->run[i].is_device && m->run[i].first < end && m->run[i].end > first) {
            return true;
        }
    }
    return false;
}

static void do_change(void)
{
    const uint32_t space = choose_space();
    struct model *m = &w.model[space];
    const uint64_t page = choose_page(m);
    const gva_t end = {min_u64(page + choose_count(page), END_PAGE) << PAGE_SHIFT};
    const bool is_unmap = once_in(3);
    const uint32_t prot = choose_prot();
    gva_t at = {page << PAGE_SHIFT};
    enum hv_err err = HV_OK;

    if (model_is_full(m)) {
        return;
    }
    const bool is_mapped = model_has_all(m, page, end.v >> PAGE_SHIFT);
    if (is_mapped != mmu_is_mapped(&w.as[space], at, end)) {
        world_fail("what is mapped is wrong", page, end.v);
    }
    if (!is_unmap && (!is_mapped || has_device(m, page, end.v >> PAGE_SHIFT))) {
        return;
    }
    step_begin(is_unmap ? "unmap" : "protect", space, page, (end.v - at.v) >> PAGE_SHIFT);
    while (at.v < end.v && !err) {
        w.free_before = frame_free_count();
        w.resident_before = w.as[space].resident;
        err = is_unmap ? aspace_unmap_step(&w.as[space], at, end, &at)
                       : aspace_protect_step(&w.as[space], at, end, prot, &at);
    }
    flush_if_loaded(space);
    (void)step_end(space, err, HV_OK);
    if (is_unmap) {
        model_unmap(m, page, at.v >> PAGE_SHIFT);
    } else if (at.v != page << PAGE_SHIFT) {
        model_protect(m, page, at.v >> PAGE_SHIFT, prot);
    }
}

/* ---- steps: accesses ------------------------------------------------------------------------- */

struct target {
    enum hv_err expected;
    uint64_t va;
    uint64_t *word; /* in the model; NULL: reads as 0, or a device */
    bool is_device;
};

static struct target choose_window_word(uint32_t space, uint32_t slot, uint32_t i)
{
    struct window *window = &w.window[w.model[space].window[slot]];
    const uint32_t page =
        once_in(8) ? (uint32_t)choose(512) : window->first + (uint32_t)choose(window->pages);
    struct target t = {HV_OK, slot_va[slot] + page * PAGE_SIZE + i * 0xff8, NULL, false};

    if (page < window->first || page >= window->first + window->pages) {
        t.expected = HV_ERR_NOENT;
    } else {
        t.word = &window->word[page][i];
    }
    return t;
}

/* A word to access. With HV_PROT_WRITE the model gets a page for it. */
static struct target choose_word(uint32_t space, uint32_t access, bool is_forced)
{
    struct model *m = &w.model[space];
    const uint32_t i = (uint32_t)choose(2), slot = (uint32_t)choose(MODEL_SLOTS);

    if (m->window[slot] != 0 && once_in(4)) {
        struct target t = choose_window_word(space, slot, i);
        t.expected = !t.expected && (access & HV_PROT_EXEC) ? HV_ERR_PERM : t.expected;
        return t;
    }
    const uint64_t page = choose_page(m);
    const struct model_run *run = model_find(m, page);
    struct target t = {HV_OK, (page << PAGE_SHIFT) + i * 0xff8, NULL, false};
    if (run == NULL) {
        t.expected = HV_ERR_NOENT;
    } else if (is_forced && run->is_device) {
        t.expected = HV_ERR_PERM;
    } else if (!is_forced && (access & ~run->prot)) {
        t.expected = HV_ERR_PERM;
    } else if (run->is_device) {
        t.is_device = true;
    } else {
        struct model_page *p = model_page(m, page, access & HV_PROT_WRITE);
        t.word = p != NULL ? &p->word[i] : NULL;
    }
    return t;
}

static void do_access(void)
{
    static const uint32_t accesses[] = {0, HV_PROT_WRITE, HV_PROT_WRITE, HV_PROT_EXEC};
    const uint32_t access = accesses[choose(ARRAY_COUNT(accesses))];
    uint64_t pa = 0;

    if (model_is_full(&w.model[w.loaded])) {
        return;
    }
    const struct target t = choose_word(w.loaded, access, false);
    step_begin(access == 0              ? "read"
               : access & HV_PROT_WRITE ? "write"
                                        : "execute",
               w.loaded, t.va >> PAGE_SHIFT, 1);
    const enum hv_err err = mmu_touch(&w.mmu, t.va, access, &pa);
    if (!step_end(w.loaded, err, t.expected) || err) {
        return;
    }
    if (t.is_device) {
        if (pa != FAKE_DEVICE + t.va) {
            world_fail("wrong device page", t.va, pa);
        }
        return;
    }
    uint64_t *word = phys_to_virt((paddr_t){pa & ~0xffful});
    word += (pa & 0xfff) / 8;
    if (*word != (t.word != NULL ? *t.word : 0)) {
        world_fail("the guest sees something else", *word, t.word != NULL ? *t.word : 0);
    }
    if (access & HV_PROT_WRITE) {
        *word = *t.word = ++w.value;
    }
}

/* hv reads or writes a page of a space that may be loaded. */
static void do_page(void)
{
    const uint32_t space = choose_space();
    const bool write = once_in(2);
    paddr_t pa = {0};

    if (model_is_full(&w.model[space])) {
        return;
    }
    const struct target t = choose_word(space, write ? HV_PROT_WRITE : 0, true);
    step_begin(write ? "page for writing" : "page", space, t.va >> PAGE_SHIFT, 1);
    const enum hv_err err = aspace_page(&w.as[space], (gva_t){t.va}, write, &pa);
    if (!step_end(space, err, t.expected) || err) {
        return;
    }
    uint64_t *word = (uint64_t *)phys_to_virt(pa) + (t.va & 0xfff) / 8;
    if (*word != (t.word != NULL ? *t.word : 0)) {
        world_fail("hv sees something else", *word, t.word != NULL ? *t.word : 0);
    }
    if (write) {
        *word = *t.word = ++w.value;
    }
}

static void do_speculate(void)
{
    const uint32_t slot = (uint32_t)choose(MODEL_SLOTS);

    mmu_speculate(&w.mmu, once_in(8) ? slot_va[slot] + choose(512) * PAGE_SIZE
                                     : choose_page(&w.model[w.loaded]) << PAGE_SHIFT);
}

/* ---- steps: spaces --------------------------------------------------------------------------- */

static uint32_t free_space(void)
{
    for (uint32_t i = 0; i < SPACES; i++) {
        if (!w.is_alive[i]) {
            return i;
        }
    }
    return SPACES;
}

static uint64_t choose_limit(uint64_t resident)
{
    return once_in(4) ? resident + choose(30) : UINT64_MAX;
}

static void do_create(void)
{
    const uint32_t space = free_space();

    if (space == SPACES) {
        return;
    }
    w.as[space] = (struct aspace){{0}, 0, UINT64_MAX, 0};
    step_begin("create", space, 0, 0);
    const enum hv_err err = aspace_create(&w.as[space], choose_limit(3));
    if (step_end(space, err, HV_OK)) {
        memset(&w.model[space], 0, sizeof(w.model[space]));
        w.is_alive[space] = true;
    }
}

static void do_clone(void)
{
    const uint32_t from = choose_space();
    const uint32_t to = free_space();

    if (to == SPACES) {
        return;
    }
    w.as[to] = (struct aspace){{0}, 0, UINT64_MAX, 0};
    step_begin("clone", to, 0, from);
    const enum hv_err err = aspace_clone(&w.as[from], &w.as[to], choose_limit(w.as[from].resident));
    flush_if_loaded(from);
    if (step_end(to, err, HV_OK)) {
        if (w.free_before - frame_free_count() != 2) {
            world_fail("a clone did not cost two frames", w.free_before, frame_free_count());
        }
        w.model[to] = w.model[from];
        memset(w.model[to].window, 0, sizeof(w.model[to].window));
        w.is_alive[to] = true;
    }
}

static void destroy(uint32_t space)
{
    w.is_alive[space] = false;
    if (space == w.loaded) {
        mmu_load(&w.mmu, NULL);
    }
    for (;;) {
        const long budget = once_in(3) ? 1 + (long)choose(20) : 2000;
        const uint64_t before = frame_free_count();
        const bool is_done = aspace_destroy_slice(&w.as[space], budget);
        if (frame_free_count() - before > (uint64_t)budget + 3) {
            world_fail("a slice freed too much", frame_free_count() - before, (uint64_t)budget);
        }
        if (is_done) {
            break;
        }
    }
}

/* A space becomes a clone of another one and keeps its windows. */
static void do_rollback(void)
{
    const uint32_t space = choose_space(), to = choose_space();
    struct aspace made = {{0}, 0, UINT64_MAX, 0};

    if (space == to) {
        return;
    }
    step_begin("rollback", space, 0, to);
    const enum hv_err err = aspace_clone(&w.as[to], &made, w.as[space].limit);
    flush_if_loaded(to);
    if (step_end(space, err, HV_OK)) {
        uint32_t window[MODEL_SLOTS];
        memcpy(window, w.model[space].window, sizeof(window));
        aspace_move_windows(&w.as[space], &made);
        destroy(space);
        w.as[space] = made;
        w.model[space] = w.model[to];
        memcpy(w.model[space].window, window, sizeof(window));
        w.is_alive[space] = true;
        load(w.loaded);
    }
}

/* All but the last. */
static void do_destroy(void)
{
    const uint32_t space = choose_space();
    uint32_t alive = 0;

    for (uint32_t i = 0; i < SPACES; i++) {
        alive += w.is_alive[i] ? 1 : 0;
    }
    if (alive > 1) {
        step_begin("destroy", space, 0, 0);
        destroy(space);
        (void)step_end(space, HV_OK, HV_OK);
        load(choose_space());
    }
}

static void do_load(void)
{
    load(choose_space());
}

/* ---- steps: windows -------------------------------------------------------------------------- */

static void do_window(void)
{
    const uint32_t n = 1 + (uint32_t)choose(WINDOWS);
    struct window *window = &w.window[n];

    if (window->table.v == 0) {
        step_begin("window new", w.loaded, 0, n);
        memset(window, 0, sizeof(*window));
        window->first = (uint32_t)choose(once_in(2) ? 500 : 17);
        window->pages = 1 + (uint32_t)choose(once_in(4) ? 512 - window->first : 12);
        window->table = aspace_window_new(window->first, window->pages);
        (void)step_end(w.loaded, window->table.v != 0 ? HV_OK : HV_ERR_NOMEM, HV_OK);
        return;
    }
    const uint32_t space = choose_space(), slot = (uint32_t)choose(MODEL_SLOTS);
    uint32_t *at = &w.model[space].window[slot];
    if (*at != 0 && once_in(2)) {
        step_begin("detach", space, slot, *at);
        const paddr_t was = aspace_window_detach(&w.as[space], (gva_t){slot_va[slot]});
        if (was.v != w.window[*at].table.v) {
            world_fail("another window was there", was.v, w.window[*at].table.v);
        }
        flush_if_loaded(space);
        aspace_window_put(was);
        (void)step_end(space, HV_OK, HV_OK);
        *at = 0;
        return;
    }
    step_begin("attach", space, slot, n);
    const enum hv_err err =
        aspace_window_attach(&w.as[space], (gva_t){slot_va[slot]}, window->table);
    if (step_end(space, err, *at != 0 ? HV_ERR_EXISTS : HV_OK) && *at == 0) {
        *at = n;
    }
    if (aspace_window_at(&w.as[space], (gva_t){slot_va[slot]}).v != w.window[*at].table.v) {
        world_fail("the wrong window is there", slot, *at);
    }
}

/* The world's own reference; the window goes on where it is attached, but that is not followed. */
static void do_window_put(void)
{
    const uint32_t n = 1 + (uint32_t)choose(WINDOWS);

    for (uint32_t i = 0; i < SPACES * MODEL_SLOTS; i++) {
        if (w.is_alive[i % SPACES] && w.model[i % SPACES].window[i / SPACES] == n) {
            return;
        }
    }
    if (w.window[n].table.v != 0) {
        aspace_window_put(w.window[n].table);
        w.window[n].table.v = 0;
    }
}

/* Lists a space, or what differs in it from another one. */
static void do_list(void)
{
    const uint32_t space = choose_space(), base = choose_space();
    const bool is_whole = space == base;
    uint64_t page;

    step_begin("list", space, 0, base);
    fake_fail_alloc(0);
    const char *wrong =
        list_check(&w.as[space], &w.model[space], is_whole ? NULL : &w.as[base],
                   is_whole ? NULL : &w.model[base], 1 + (uint32_t)choose(9), &page);
    if (wrong != NULL) {
        world_fail(wrong, page, base);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

void world_start(uint64_t seed, uint32_t frames)
{
    memset(&w, 0, sizeof(w));
    choose_seed(seed);
    fake_start(frames);
    mmu_load(&w.mmu, NULL);
    if (aspace_create(&w.as[0], UINT64_MAX)) {
        world_fail("the first space", 0, 0);
    }
    w.is_alive[0] = true;
    load(0);
}

void world_step(void)
{
    static const struct {
        void (*call)(void);
        uint64_t weight;
    } steps[] = {
        {do_access, 560}, {do_page, 140},   {do_map, 140}, {do_change, 60},  {do_speculate, 120},
        {do_clone, 14},   {do_destroy, 10}, {do_load, 40}, {do_window, 40},  {do_window_put, 10},
        {do_create, 2},   {do_rollback, 3}, {do_list, 6},  {do_promise, 40}, {do_bring, 4},
    };
    uint64_t n = choose(1189);

    w.step++;
    for (uint32_t i = 0; i < ARRAY_COUNT(steps); i++) {
        if (n < steps[i].weight) {
            steps[i].call();
            break;
        }
        n -= steps[i].weight;
    }
    if (w.step % AUDIT_EVERY == 0) {
        audit_world();
        compare_space(w.loaded);
        compare_space(choose_space());
    }
}

void world_stop(void)
{
    audit_world();
    for (uint32_t i = 0; i < SPACES; i++) {
        if (w.is_alive[i]) {
            compare_space(i);
        }
    }
    for (uint32_t i = 1; i <= WINDOWS; i++) {
        if (w.window[i].table.v != 0) {
            aspace_window_put(w.window[i].table);
        }
    }
    for (uint32_t i = 0; i < SPACES; i++) { /* the last one takes the windows with it */
        if (w.is_alive[i]) {
            destroy(i);
        }
    }
    if (fake_live() != 0 || !fake_stop()) {
        world_fail("frames are missing in the end", fake_live(), 0);
    }
}

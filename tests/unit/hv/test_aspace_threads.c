// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/aspace.c hv/core/frame.c tests/unit/hv/fake/fake.c tests/unit/hv/mmu.c
// sources: tests/unit/hv/audit.c tests/unit/hv/model.c
// cflags: -Itests/unit/hv/fake -fno-sanitize=address -fsanitize=thread
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
// libs: -fno-sanitize=address -fsanitize=thread -lpthread
/*
 * Several CPUs (host threads, under ThreadSanitizer) that own different clones of one template and
 * share a window: what aspace.h says is shared is all that is. Every space has its model; now and
 * then all stop and everything is audited.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "audit.h"
#include "hv/lock.h"
#include "mmu.h"
#include "model.h"

#define CPUS 3u
#define SPACES 5u /* of each CPU */
#define ROUNDS 30
#define STEPS 600 /* in a round */
#define REGION_PAGES 700u
#define WINDOW_PAGES 24u
#define WINDOW_VA HV_WINDOW_HIGH_VA
#define HEAP_PAGE (HV_HEAP_BASE >> PAGE_SHIFT)

#define require(ok)                                                                                \
    do {                                                                                           \
        if (!(ok)) {                                                                               \
            fprintf(stderr, "%s:%d: CPU %u: %s\n", __FILE__, __LINE__, fake_cpu, #ok);             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct cpu {
    pthread_t thread;
    struct mmu mmu;
    struct aspace as[SPACES];
    struct model model[SPACES];
    bool is_alive[SPACES];
    uint64_t random, value;
    uint64_t window_word[WINDOW_PAGES]; /* what it has written to its own word of each page */
};

static struct cpu cpus[CPUS];
static struct aspace template;
static struct model template_model;
static struct lock template_lock; /* stands for domain.lock */
static paddr_t window;
static pthread_barrier_t barrier;

/* First pages of three regions: next to the image, and on both sides of a directory's end. */
static const uint64_t regions[] = {0x400, HEAP_PAGE + 100, HEAP_PAGE + 0x40000 - 300};

static uint32_t choose(struct cpu *c, uint32_t n)
{
    c->random = c->random * 6364136223846793005ul + 1442695040888963407ul;
    return (uint32_t)(c->random >> 33) % n;
}

static uint64_t choose_page(struct cpu *c)
{
    const uint64_t first = regions[choose(c, ARRAY_COUNT(regions))];

    return first + (choose(c, 3) ? choose(c, 12) : choose(c, REGION_PAGES));
}

static uint64_t *word_at(uint64_t pa)
{
    return (uint64_t *)phys_to_virt((paddr_t){pa & ~0xffful}) + (pa & 0xfff) / 8;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void do_access(struct cpu *c, uint32_t n)
{
    struct model *m = &c->model[n];
    const uint64_t page = choose_page(c);
    const struct model_run *run = model_find(m, page);
    const uint32_t i = choose(c, 2), access = choose(c, 2) ? HV_PROT_WRITE : 0;
    uint64_t pa;

    if (model_is_full(m)) {
        return;
    }
    const enum hv_err err = mmu_touch(&c->mmu, (page << PAGE_SHIFT) + i * 0xff8, access, &pa);
    if (run == NULL || (access & ~run->prot)) {
        require(err == (run == NULL ? HV_ERR_NOENT : HV_ERR_PERM));
        return;
    }
    require(!err);
    struct model_page *p = model_page(m, page, access != 0);
    require(*word_at(pa) == (p != NULL ? p->word[i] : 0));
    if (access) {
        *word_at(pa) = p->word[i] = ++c->value;
    }
}

static void do_page(struct cpu *c, uint32_t n)
{
    const uint64_t page = choose_page(c);
    const bool write = choose(c, 2);
    paddr_t pa;

    if (model_is_full(&c->model[n]) || model_find(&c->model[n], page) == NULL) {
        return;
    }
    require(!aspace_page(&c->as[n], (gva_t){page << PAGE_SHIFT}, write, &pa));
    struct model_page *p = model_page(&c->model[n], page, write);
    require(*word_at(pa.v) == (p != NULL ? p->word[0] : 0));
    if (write) {
        *word_at(pa.v) = p->word[0] = ++c->value;
    }
}

static void do_range(struct cpu *c, uint32_t n)
{
    struct model *m = &c->model[n];
    const uint64_t page = choose_page(c);
    const uint64_t last = page + 1 + (choose(c, 4) ? choose(c, 6) : choose(c, 600));
    const uint32_t prot = HV_PROT_READ | (choose(c, 3) ? HV_PROT_WRITE : 0);
    const gva_t end = {last << PAGE_SHIFT};
    gva_t at = {page << PAGE_SHIFT};

    if (model_is_full(m)) {
        return;
    }
    if (!model_has_some(m, page, last)) {
        require(!aspace_map_zero(&c->as[n], at, last - page, prot));
        model_map(m, page, last, prot, false);
        return;
    }
    const bool is_unmap = choose(c, 2) || !model_has_all(m, page, last);
    require(mmu_is_mapped(&c->as[n], at, end) == model_has_all(m, page, last));
    require(aspace_map_zero(&c->as[n], at, last - page, prot) == HV_ERR_EXISTS);
    while (at.v < end.v) {
        require(!(is_unmap ? aspace_unmap_step(&c->as[n], at, end, &at)
                           : aspace_protect_step(&c->as[n], at, end, prot, &at)));
    }
    mmu_flush(&c->mmu);
    if (is_unmap) {
        model_unmap(m, page, last);
    } else {
        model_protect(m, page, last, prot);
    }
}

static void do_window(struct cpu *c, uint32_t n)
{
    const gva_t va = {WINDOW_VA};
    const uint32_t page = choose(c, WINDOW_PAGES);
    uint64_t pa;

    if (aspace_window_at(&c->as[n], va).v == 0) {
        require(!aspace_window_attach(&c->as[n], va, window));
    } else if (choose(c, 8) == 0) {
        const paddr_t was = aspace_window_detach(&c->as[n], va);
        mmu_flush(&c->mmu);
        aspace_window_put(was);
    } else if (choose(c, 3) == 0) { /* with page 24 of the table as the first */
        paddr_t frame;
        require(!aspace_page(&c->as[n], (gva_t){va.v + (24 + page) * PAGE_SIZE}, true, &frame));
        require(word_at(frame.v)[fake_cpu] == c->window_word[page]);
    } else {
        require(!mmu_touch(&c->mmu, va.v + (24 + page) * PAGE_SIZE, HV_PROT_WRITE, &pa));
        require(word_at(pa)[fake_cpu] == c->window_word[page]);
        word_at(pa)[fake_cpu] = c->window_word[page] = ++c->value;
    }
}

static void do_destroy(struct cpu *c, uint32_t n)
{
    mmu_load(&c->mmu, NULL);
    while (!aspace_destroy_slice(&c->as[n], 1 + choose(c, 60))) {
    }
    c->is_alive[n] = false;
}

/* A space that is not alive becomes a clone of the template, or of another one of this CPU. */
static void do_clone(struct cpu *c, uint32_t n)
{
    const uint32_t from = choose(c, SPACES);

    if (choose(c, 3) == 0 && c->is_alive[from]) {
        require(!aspace_clone(&c->as[from], &c->as[n], UINT64_MAX));
        c->model[n] = c->model[from];
    } else {
        lock_take(&template_lock);
        require(!aspace_clone(&template, &c->as[n], UINT64_MAX));
        lock_drop(&template_lock);
        c->model[n] = template_model;
    }
    c->is_alive[n] = true;
}

static void step(struct cpu *c)
{
    const uint32_t n = choose(c, SPACES), what = choose(c, 40);

    if (!c->is_alive[n]) {
        do_clone(c, n);
    }
    if (c->mmu.as != &c->as[n]) {
        mmu_load(&c->mmu, &c->as[n]);
    }
    if (what < 24) {
        for (int i = 0; i < 4; i++) {
            do_access(c, n);
        }
    } else if (what < 28) {
        do_page(c, n);
    } else if (what < 32) {
        do_range(c, n);
    } else if (what < 36) {
        do_window(c, n);
    } else {
        do_destroy(c, n);
    }
}

/* ---- the threads ----------------------------------------------------------------------------- */

static void audit_all(void)
{
    audit_begin();
    audit_space(&template);
    audit_window(window);
    for (uint32_t i = 0; i < CPUS * SPACES; i++) {
        if (cpus[i / SPACES].is_alive[i % SPACES]) {
            audit_space(&cpus[i / SPACES].as[i % SPACES]);
        }
    }
    audit_end();
}

static void template_make(void)
{
    require(!aspace_create(&template, UINT64_MAX));
    memset(&template_model, 0, sizeof(template_model));
    for (uint32_t i = 0; i < ARRAY_COUNT(regions); i++) {
        const uint64_t first = regions[i], end = first + REGION_PAGES - 100 * i;
        require(!aspace_map_zero(&template, (gva_t){first << PAGE_SHIFT}, end - first,
                                 HV_PROT_READ | HV_PROT_WRITE));
        model_map(&template_model, first, end, HV_PROT_READ | HV_PROT_WRITE, false);
        for (uint64_t page = first; page < first + 8; page++) {
            paddr_t pa;
            require(!aspace_page(&template, (gva_t){page << PAGE_SHIFT}, true, &pa));
            *word_at(pa.v) = model_page(&template_model, page, true)->word[0] = page;
        }
    }
}

static void template_destroy(void)
{
    for (uint32_t i = 0; i < template_model.page_count; i++) { /* nobody has changed it */
        const struct model_page *p = &template_model.page[i];
        require(mmu_peek_word(&template, p->number << PAGE_SHIFT) == p->word[0]);
    }
    require(aspace_destroy_slice(&template, INT64_MAX));
}

/* The clones go on with the old one's memory; the entries of the new one have W set. */
static void template_replace(void)
{
    template_destroy();
    template_make();
}

static void *cpu_main(void *context)
{
    struct cpu *c = context;

    fake_cpu = (uint32_t)(c - cpus);
    mmu_load(&c->mmu, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < STEPS; i++) {
            step(c);
        }
        pthread_barrier_wait(&barrier);
        if (fake_cpu == 0) {
            audit_all();
            template_replace();
        }
        pthread_barrier_wait(&barrier);
    }
    for (uint32_t i = 0; i < SPACES; i++) {
        if (c->is_alive[i]) {
            do_destroy(c, i);
        }
    }
    return NULL;
}

static void cpus_share_only_what_is_said(void **state)
{
    (void)state;
    fake_start(FAKE_RAM_PAGES);
    template_make();
    window = aspace_window_new(24, WINDOW_PAGES);
    pthread_barrier_init(&barrier, NULL, CPUS);
    for (uint32_t i = 0; i < CPUS; i++) {
        cpus[i].random = 17 + i;
        assert_int_equal(pthread_create(&cpus[i].thread, NULL, cpu_main, &cpus[i]), 0);
    }
    for (uint32_t i = 0; i < CPUS; i++) {
        pthread_join(cpus[i].thread, NULL);
    }
    template_destroy();
    aspace_window_put(window);
    assert_int_equal(fake_live(), 0);
    assert_true(fake_stop());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cpus_share_only_what_is_said)};
    return cmocka_run_group_tests_name("aspace threads", tests, NULL, NULL);
}

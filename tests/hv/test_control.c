// SPDX-License-Identifier: Apache-2.0
// cpus: 2 4
// Several domains hold the same domain by handles and start, pause, roll back and destroy it at once.
#include "hvtest.h"

#define HEAP HV_HEAP_BASE
#define PAGES 64u
#define FOR_NS (6000 * MS)
#define RW (HV_PROT_READ | HV_PROT_WRITE)

static volatile uint32_t target, template; /* handles of a controller, written before it starts */

/* Writes all the time, so that its tables change as long as it runs. */
static void work(void *arg)
{
    (void)arg;
    for (uint64_t n = 0;; n++) {
        *(volatile uint64_t *)(uintptr_t)(HEAP + n % PAGES * HV_PAGE_BYTES) = n;
    }
}

static void start_and_pause(void *arg)
{
    (void)arg;
    while (hv_dom_start(target) != HV_ERR_HANDLE) {
        hv_dom_pause(target);
    }
}

static void roll_back(void *arg)
{
    (void)arg;
    for (;;) {
        hv_dom_start(target);
        hv_dom_pause(target);
        hv_dom_rollback(target, template);
    }
}

static void destroy_soon(void *arg)
{
    const uint64_t end = now_ns() + (uint64_t)(uintptr_t)arg;

    while (now_ns() < end) {
        hv_dom_start(target);
    }
    hv_dom_destroy(target);
}

static void give(const struct child *to, volatile uint32_t *where, uint32_t handle)
{
    const int64_t given = hv_handle_grant((uint32_t)to->handle, handle, HV_RIGHT_ALL);
    const uint32_t number = (uint32_t)given;

    if (given < 0 || hv_dom_write((uint32_t)to->handle, (uint64_t)(uintptr_t)where, &number,
                                  sizeof(number)) != HV_OK) {
        give_up("a controller gets no handle");
    }
}

static void fight(uint32_t round)
{
    static void (*const job[])(void *) = {start_and_pause, roll_back, destroy_soon};
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    const struct child worker = child_create(work, NULL, NULL);
    const uint32_t h = (uint32_t)worker.handle;
    const uint32_t to = (uint32_t)hv_dom_clone(h, &frozen);
    struct child child[ARRAY_COUNT(job)];
    struct hv_report r;

    for (uint32_t i = 0; i < ARRAY_COUNT(job); i++) {
        child[i] = child_create(job[i], (void *)(uintptr_t)(round % 7 * MS), NULL);
        give(&child[i], &target, h);
        give(&child[i], &template, to);
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(job); i++) {
        hv_dom_start((uint32_t)child[i].handle);
    }
    child_wait(child[2], &r);
    for (uint32_t i = 0; i < 2; i++) {
        hv_dom_destroy((uint32_t)child[i].handle);
    }
    hv_dom_destroy(to);
    hv_dom_destroy(h);
}

void test_main(void)
{
    uint32_t rounds = 0;

    hv_mem_map(HEAP, PAGES, RW);
    fight(0);
    const uint64_t before = free_frames();
    for (const uint64_t end = now_ns() + FOR_NS; now_ns() < end || rounds < 10; rounds++) {
        fight(rounds);
    }
    CHECK_EQUAL(free_frames(), before, "after %u fights all frames are back", rounds);
}

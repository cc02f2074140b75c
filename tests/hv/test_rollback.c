// SPDX-License-Identifier: Apache-2.0
// cpus: 1 2 4
// A domain that has run on another CPU is rolled back: memory, registers and FPU are the template's.
#include "hvtest.h"

#define WINDOW HV_WINDOW_HIGH_VA
#define ROUNDS 20

/* In a window, which a rollback leaves as it is. */
struct shared {
    volatile uint32_t order, done;
    volatile uint64_t fpu, memory;
};

static struct shared *const shared = (struct shared *)(uintptr_t)WINDOW;
static volatile uint64_t memory = 1;

static uint64_t swap_fpu(uint64_t value)
{
    uint64_t old;

    __asm__ volatile("movq %%xmm7, %0\n movq %1, %%xmm7" : "=&r"(old) : "r"(value));
    return old;
}

/* Answers each order with what it finds, and leaves something else there. */
static void answer(void *arg)
{
    (void)arg;
    swap_fpu(1);
    for (uint32_t done = 0;; done = shared->order) {
        shared->done = done;
        while (shared->order == shared->done) {
            hv_yield();
        }
        shared->fpu = swap_fpu(shared->order + 100);
        shared->memory = memory;
        memory = shared->order + 200;
    }
}

static void order(uint32_t number)
{
    const uint64_t end = now_ns() + 20000 * MS;

    shared->order = number;
    while (shared->done != number) {
        hv_yield();
        if (now_ns() > end) {
            give_up("the child does not answer");
        }
    }
}

/* Where there are more CPUs than one, the two, which never sleep, come to run on two of them. */
static void wait_for_another_cpu(uint32_t child)
{
    const uint64_t end = now_ns() + 20000 * MS;
    struct hv_machine_info machine;
    struct hv_dom_info self, other;

    hv_machine_info(&machine);
    do {
        hv_dom_info(HV_SELF, &self);
        hv_dom_info(child, &other);
    } while (machine.cpu_count > 1 && self.cpu == other.cpu && now_ns() < end);
    CHECK(machine.cpu_count == 1 || self.cpu != other.cpu, "it runs on a CPU of its own");
}

static uint32_t freeze_when_ready(struct child child)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};

    shared->done = 1; /* until it says 0 */
    CHECK_EQUAL(hv_dom_start((uint32_t)child.handle), HV_OK, "a child runs");
    order(0);
    hv_dom_pause((uint32_t)child.handle);
    const int64_t to = hv_dom_clone((uint32_t)child.handle, &frozen);
    if (to <= 0) {
        give_up("no template");
    }
    return (uint32_t)to;
}

void test_main(void)
{
    const struct child child = child_create(answer, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;
    uint32_t good_fpu = 0, good_memory = 0;

    CHECK_EQUAL(hv_window_create(h, WINDOW, WINDOW, 0, 1), HV_OK, "a window is made");
    const uint32_t template = freeze_when_ready(child);
    hv_dom_start(h);
    for (uint32_t n = 1; n <= ROUNDS; n++) {
        if (n == 1) {
            wait_for_another_cpu(h);
        }
        order(n);
        good_fpu += shared->fpu == 1;
        good_memory += shared->memory == 1;
        hv_dom_pause(h);
        if (hv_dom_rollback(h, template) != HV_OK || hv_dom_start(h) != HV_OK) {
            give_up("rollback");
        }
    }
    CHECK_EQUAL(good_memory, ROUNDS, "its memory is the template's each time");
    CHECK_EQUAL(good_fpu, ROUNDS, "and so is its FPU");
    hv_dom_destroy(h);
    hv_dom_destroy(template);
}

// SPDX-License-Identifier: Apache-2.0
// What hv's operations cost, in instructions: an image that boots in place of dom0, under QEMU with
// `-icount shift=0,sleep=off`, where a difference of the TSC is a number of instructions. Each figure is the
// median of RUNS after a warm-up; the cost of reading the TSC twice is taken off.
// Prints lines `metric NAME VALUE UNIT RUNS`.
#include "hvtest.h"

#define RUNS 201
#define PAGES 256
#define AREA HV_HEAP_BASE
#define PARENT_TAG 7
#define CHILD_SIDE_TAG 8

static uint64_t samples[RUNS];
static uint64_t overhead;
static volatile uint32_t child_port;
/* In a window, written by a clone. */
static volatile uint64_t *const first_insn = (volatile uint64_t *)HV_WINDOW_HIGH_VA;

static uint64_t median(void)
{
    for (uint32_t i = 1; i < RUNS; i++) {
        for (uint32_t j = i; j > 0 && samples[j] < samples[j - 1]; j--) {
            const uint64_t t = samples[j];
            samples[j] = samples[j - 1];
            samples[j - 1] = t;
        }
    }
    return samples[RUNS / 2];
}

static void report(const char *name, uint64_t divide)
{
    say("metric %s %lu insns %u", name, (median() - overhead) / divide, RUNS);
}

#define MEASURE(name, divide, before, what, after)                                                 \
    do {                                                                                           \
        for (int run = -8; run < RUNS; run++) {                                                    \
            before;                                                                                \
            const uint64_t start = rdtsc();                                                        \
            what;                                                                                  \
            const uint64_t end = rdtsc();                                                          \
            after;                                                                                 \
            samples[run < 0 ? 0 : run] = end - start;                                              \
        }                                                                                          \
        report(name, divide);                                                                      \
    } while (0)

static void measure_overhead(void)
{
    for (int run = 0; run < RUNS; run++) {
        const uint64_t start = rdtsc();
        samples[run] = rdtsc() - start;
    }
    overhead = median();
}

static void answer_events(void *arg)
{
    uint32_t tag;
    (void)arg;
    for (;;) {
        hv_event_wait(HV_WAIT_FOREVER, &tag);
        hv_event_send(child_port);
    }
}

static void event_roundtrip(void)
{
    uint32_t other, tag;
    const struct child c = child_create(answer_events, NULL, NULL);
    const int64_t port = hv_event_bind(HV_SELF, PARENT_TAG, (uint32_t)c.handle, CHILD_SIDE_TAG, &other);

    if (port < 0 || hv_dom_write((uint32_t)c.handle, (uint64_t)(uintptr_t)&child_port, &other, 4) ||
        hv_dom_start((uint32_t)c.handle)) {
        give_up("no partner for the round trip");
    }
    MEASURE("event_roundtrip_insns", 1, , (hv_event_send((uint32_t)port), hv_event_wait(HV_WAIT_FOREVER, &tag)), );
    hv_dom_destroy((uint32_t)c.handle);
    hv_event_close((uint32_t)port);
}

static void yield_forever(void *arg)
{
    (void)arg;
    for (;;) {
        hv_yield();
    }
}

static void vcpu_switch(void)
{
    const struct child c = child_create(yield_forever, NULL, NULL);

    hv_dom_start((uint32_t)c.handle);
    MEASURE("vcpu_switch_insns", 2, , hv_yield(), );
    hv_dom_destroy((uint32_t)c.handle);
}

static void page_faults(void)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    volatile uint8_t *area = (volatile uint8_t *)(uintptr_t)AREA;
    uint64_t page = 0;
    int64_t copy;

    hv_mem_map(AREA, PAGES, HV_PROT_READ | HV_PROT_WRITE);
    MEASURE("page_fault_zero_insns", 1, page++, area[page * HV_PAGE_BYTES] = 1, );
    copy = hv_dom_clone(HV_SELF, &frozen);
    page = 0;
    MEASURE("page_fault_cow_insns", 1, page++, area[page * HV_PAGE_BYTES] = 2, );
    hv_dom_destroy((uint32_t)copy);
    hv_mem_unmap(AREA, PAGES);
}

static void say_when(void *arg)
{
    (void)arg;
    *first_insn = rdtsc();
    hv_exit(0);
}

/* From the request for a clone of a template to its first instructions, and its end. */
static void clone_cost(const char *clone_name, const char *run_name, const char *destroy_name)
{
    const struct child template = child_create(say_when, NULL, &(struct hv_dom_params){.flags = HV_DOM_FROZEN});
    const struct hv_dom_params params = {0};
    int64_t h = 0;

    MEASURE(clone_name, 1, , h = hv_dom_clone((uint32_t)template.handle, &params), hv_dom_destroy((uint32_t)h));
    for (int run = -8; run < RUNS; run++) {
        uint32_t tag;
        const uint64_t start = rdtsc();
        h = hv_dom_clone((uint32_t)template.handle, &params);
        hv_window_create((uint32_t)h, HV_WINDOW_HIGH_VA, HV_WINDOW_HIGH_VA, 0, 1);
        hv_dom_start((uint32_t)h);
        while (*first_insn == 0) {
            hv_event_wait(now_ns() + 1000, &tag);
        }
        samples[run < 0 ? 0 : run] = *first_insn - start;
        hv_window_close(HV_SELF, HV_WINDOW_HIGH_VA);
        hv_dom_destroy((uint32_t)h);
    }
    report(run_name, 1);
    MEASURE(destroy_name, 1, h = hv_dom_clone((uint32_t)template.handle, &params), hv_dom_destroy((uint32_t)h), );
    hv_dom_destroy((uint32_t)template.handle);
}

/* The same with 256 MiB written. */
static void large_clone(void)
{
    const uint64_t bytes = 256ull << 20;
    volatile uint8_t *area = (volatile uint8_t *)(uintptr_t)AREA;

    hv_mem_map(AREA, bytes / HV_PAGE_BYTES, HV_PROT_READ | HV_PROT_WRITE);
    for (uint64_t at = 0; at < bytes; at += HV_PAGE_BYTES) {
        area[at] = 1;
    }
    clone_cost("hv_clone_256MiB_insns", "hv_clone_256MiB_to_first_insn_insns", "hv_clone_256MiB_destroy_insns");
}

void test_main(void)
{
    measure_overhead();
    MEASURE("hypercall_null_insns", 1, , hv_nop(), );
    event_roundtrip();
    vcpu_switch();
    page_faults();
    clone_cost("hv_clone_insns", "hv_clone_to_first_insn_insns", "hv_destroy_insns");
    large_clone();
}

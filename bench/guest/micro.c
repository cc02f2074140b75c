// SPDX-License-Identifier: Apache-2.0
/*
 * micro - what single operations of hv cost, in TSC ticks. Boots in place of dom0 (tests/hv/lib);
 * under QEMU's -icount a tick is an instruction. Prints lines `bench NAME MEDIAN RUNS`, once without
 * other domains, then beside 1,000 and 10,000 that wait for ever (NAME_at_1000, NAME_at_10000).
 *
 * Each value is the median of RUNS runs after WARM_UP others, less what reading the TSC costs.
 */
#include "hvtest.h"

#define RUNS 201
#define WARM_UP 50
#define HEAP HV_HEAP_BASE
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define PREFAULT_PAGES 8 /* about what a hello writes before main() */
#define TAG_A 1
#define TAG_B 2

static uint64_t samples[RUNS], tsc_cost;
static const char *suffix = "";      /* of all names */
static volatile uint32_t child_port; /* written by the parent before the child starts */

static uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t median(void)
{
    for (int i = 1; i < RUNS; i++) {
        const uint64_t value = samples[i];
        int at = i;
        for (; at > 0 && samples[at - 1] > value; at--) {
            samples[at] = samples[at - 1];
        }
        samples[at] = value;
    }
    return samples[RUNS / 2];
}

static void report(const char *name, uint64_t divisor)
{
    const uint64_t value = median();
    say("bench %s%s %lu %u", name, suffix, (value > tsc_cost ? value - tsc_cost : 0) / divisor,
        RUNS);
}

/* Marks for bench/profile: what lies between the two is counted. */
void __attribute__((noinline)) profile_begin(void);
void __attribute__((noinline)) profile_end(void);

void profile_begin(void)
{
    __asm__ volatile("");
}

void profile_end(void)
{
    __asm__ volatile("");
}

/* Runs `body` WARM_UP times, then RUNS times into samples[]. */
#define MEASURE(body)                                                                              \
    for (int run_ = -WARM_UP; run_ < RUNS; run_++) {                                               \
        if (run_ == 0) {                                                                           \
            profile_begin();                                                                       \
        }                                                                                          \
        const uint64_t start_ = ticks();                                                           \
        body;                                                                                      \
        const uint64_t end_ = ticks();                                                             \
        if (run_ >= 0) {                                                                           \
            samples[run_] = end_ - start_;                                                         \
        }                                                                                          \
    }                                                                                              \
    profile_end();

static void measure_tsc(void)
{
    MEASURE()
    tsc_cost = median();
}

static void measure_hypercall(void)
{
    MEASURE(hv_nop())
    report("hypercall_null_insns", 1);
}

/* ---- page faults ----------------------------------------------------------------------------- */

static uint64_t next_page;

static void touch_next(void)
{
    *(volatile uint64_t *)(uintptr_t)(HEAP + next_page++ * HV_PAGE_BYTES) = 1;
}

static void check(int64_t result, const char *what)
{
    if (result < 0) {
        say("# %s: %ld", what, result);
        give_up(what);
    }
}

static void measure_page_faults(void)
{
    const uint64_t pages = RUNS + WARM_UP;
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    check(hv_mem_map(HEAP, pages, RW), "hv_mem_map");
    next_page = 0;
    MEASURE(touch_next())
    report("page_fault_zero_insns", 1);

    /* A copy shares all pages with us: the first write to each takes a copy of it. */
    const int64_t copy = hv_dom_clone(HV_SELF, &frozen);
    if (copy == 0) {
        hv_exit(0);
    }
    check(copy, "hv_dom_clone");
    next_page = 0;
    MEASURE(touch_next())
    report("page_fault_cow_insns", 1);
    check(hv_dom_destroy((uint32_t)copy), "hv_dom_destroy");
    check(hv_mem_unmap(HEAP, pages), "hv_mem_unmap");
}

/* ---- two domains ----------------------------------------------------------------------------- */

static void answer_events(void *arg)
{
    uint32_t tag;
    (void)arg;
    for (;;) {
        if (hv_event_wait(HV_WAIT_FOREVER, &tag) == 1) {
            hv_event_send(child_port);
        }
    }
}

static void round_trip(uint32_t port)
{
    uint32_t tag;
    hv_event_send(port);
    hv_event_wait(HV_WAIT_FOREVER, &tag);
}

static void measure_events(void)
{
    const struct child child = child_create(answer_events, NULL, NULL);
    uint32_t other = 0;
    check(child.handle, "hv_dom_clone");
    const int64_t port = hv_event_bind(HV_SELF, TAG_A, (uint32_t)child.handle, TAG_B, &other);
    check(port, "hv_event_bind");
    check(hv_dom_write((uint32_t)child.handle, (uintptr_t)&child_port, &other, sizeof(other)),
          "hv_dom_write");
    check(hv_dom_start((uint32_t)child.handle), "hv_dom_start");
    MEASURE(round_trip((uint32_t)port))
    report("event_roundtrip_insns", 1);
    check(hv_dom_destroy((uint32_t)child.handle), "hv_dom_destroy");
    check(hv_event_close((uint32_t)port), "hv_event_close");
}

/* The same for a copy's pages in one call, before it runs. */
static void measure_populate(void)
{
    uint64_t pages[16];
    check(hv_mem_map(HEAP, 16, RW), "hv_mem_map");
    for (uint32_t i = 0; i < 16; i++) {
        pages[i] = HEAP + i * HV_PAGE_BYTES;
        *(volatile uint64_t *)(uintptr_t)pages[i] = i + 1;
    }
    for (int run = -WARM_UP; run < RUNS; run++) {
        const struct child child = child_create(answer_events, NULL, NULL);
        check(child.handle, "hv_dom_clone");
        const uint64_t before = ticks();
        check(hv_dom_populate((uint32_t)child.handle, pages, 16), "hv_dom_populate");
        if (run >= 0) {
            samples[run] = ticks() - before;
        }
        check(hv_dom_destroy((uint32_t)child.handle), "hv_dom_destroy");
    }
    report("populate_cow_insns", 16);
    check(hv_mem_unmap(HEAP, 16), "hv_mem_unmap");
}

static volatile uint64_t child_tsc; /* in memory of its own: the status carries the low bits only */

static void write_and_wait(void *arg)
{
    uint32_t tag;
    (void)arg;
    for (uint32_t i = 0; i < PREFAULT_PAGES; i++) {
        *(volatile uint64_t *)(uintptr_t)(HEAP + i * HV_PAGE_BYTES) = i;
    }
    child_tsc = ticks();
    for (;;) {
        hv_event_wait(HV_WAIT_FOREVER, &tag);
    }
}

/*
 * What prefaulting is worth: from the clone until it has written PREFAULT_PAGES pages that it shares
 * with its origin, by faults, or after a call that gave it copies of them.
 */
static void measure_prefault(const char *name, bool is_populated)
{
    uint64_t pages[PREFAULT_PAGES];
    check(hv_mem_map(HEAP, PREFAULT_PAGES, RW), "hv_mem_map");
    for (uint32_t i = 0; i < PREFAULT_PAGES; i++) {
        pages[i] = HEAP + i * HV_PAGE_BYTES;
        *(volatile uint64_t *)(uintptr_t)pages[i] = i + 1;
    }
    for (int run = -WARM_UP; run < RUNS; run++) {
        uint64_t stamp = 0;
        uint32_t tag;
        const uint64_t start = ticks();
        const struct child child = child_create(write_and_wait, NULL, NULL);
        const uint32_t h = (uint32_t)child.handle;
        check(child.handle, "hv_dom_clone");
        if (is_populated) {
            check(hv_dom_populate(h, pages, PREFAULT_PAGES), "hv_dom_populate");
        }
        check(hv_dom_start(h), "hv_dom_start");
        hv_event_wait(now_ns() + MS, &tag);
        check(hv_dom_pause(h), "hv_dom_pause");
        check(hv_dom_read(h, (uintptr_t)&child_tsc, &stamp, sizeof(stamp)), "hv_dom_read");
        check(hv_dom_destroy(h), "hv_dom_destroy");
        if (run >= 0) {
            samples[run] = stamp - start;
        }
    }
    report(name, 1);
    check(hv_mem_unmap(HEAP, PREFAULT_PAGES), "hv_mem_unmap");
}

static volatile uint64_t child_yields;

static void yield_forever(void *arg)
{
    (void)arg;
    for (;;) {
        hv_yield();
        child_yields++;
    }
}

/*
 * There and back: two switches. Who is behind in the scheduler's time may go on after a yield, for
 * half a millisecond at most: that passes first, and in the end the other one tells how often it ran.
 */
static void measure_switch(void)
{
    const struct child child = child_create(yield_forever, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;
    const uint64_t until = now_ns() + 2 * MS;
    uint64_t before = 0, after = 0;

    check(child.handle, "hv_dom_clone");
    check(hv_dom_start(h), "hv_dom_start");
    while (now_ns() < until) {
        hv_yield();
    }
    check(hv_dom_pause(h), "hv_dom_pause");
    check(hv_dom_read(h, (uintptr_t)&child_yields, &before, sizeof(before)), "hv_dom_read");
    check(hv_dom_start(h), "hv_dom_start");
    MEASURE(hv_yield())
    check(hv_dom_pause(h), "hv_dom_pause");
    check(hv_dom_read(h, (uintptr_t)&child_yields, &after, sizeof(after)), "hv_dom_read");
    if (after - before < RUNS) {
        give_up("the other domain did not run at each yield");
    }
    report("vcpu_switch_insns", 2);
    check(hv_dom_destroy(h), "hv_dom_destroy");
}

/* ---- making and ending domains --------------------------------------------------------------- */

static void stamp_and_wait(void *arg)
{
    uint32_t tag;
    (void)arg;
    child_tsc = ticks();
    for (;;) {
        hv_event_wait(HV_WAIT_FOREVER, &tag);
    }
}

/*
 * From before the clone until the clone runs, and the whole of a destroy. No libc, no devices: the
 * bare calls. The parent lets the child run by waiting for a deadline, then reads its time stamp.
 */
static void measure_clone_and_destroy(const char *clone_name, const char *destroy_name)
{
    static uint64_t destroy[RUNS];
    for (int run = -WARM_UP; run < RUNS; run++) {
        uint64_t stamp = 0;
        uint32_t tag;
        const uint64_t start = ticks();
        const struct child child = child_create(stamp_and_wait, NULL, NULL);
        const uint32_t h = (uint32_t)child.handle;
        check(child.handle, "hv_dom_clone");
        check(hv_dom_start(h), "hv_dom_start");
        hv_event_wait(now_ns() + MS, &tag);
        check(hv_dom_pause(h), "hv_dom_pause");
        check(hv_dom_read(h, (uintptr_t)&child_tsc, &stamp, sizeof(stamp)), "hv_dom_read");
        const uint64_t before = ticks();
        check(hv_dom_destroy(h), "hv_dom_destroy");
        const uint64_t after = ticks();
        if (run >= 0) {
            samples[run] = stamp - start;
            destroy[run] = after - before;
        }
    }
    report(clone_name, 1);
    memcpy(samples, destroy, sizeof(samples));
    report(destroy_name, 1);
}

/* ---- others ---------------------------------------------------------------------------------- */

#define CROWD 10000
static uint32_t crowd[CROWD], crowd_count;

static void wait_forever(void *arg)
{
    uint32_t tag;
    (void)arg;
    for (;;) {
        hv_event_wait(HV_WAIT_FOREVER, &tag);
    }
}

static void crowd_grow(uint32_t count)
{
    uint32_t tag;
    while (crowd_count < count) {
        const struct child child = child_create(wait_forever, NULL, NULL);
        check(child.handle, "hv_dom_clone");
        crowd[crowd_count++] = (uint32_t)child.handle;
        check(hv_dom_start((uint32_t)child.handle), "hv_dom_start");
        hv_event_wait(now_ns() + MS, &tag);
    }
}

static void crowd_end(void)
{
    while (crowd_count > 0) {
        check(hv_dom_destroy(crowd[--crowd_count]), "hv_dom_destroy");
    }
}

/* From here on, what is cloned has written 1 GiB. */
static void write_1024_mib(void)
{
    const uint64_t pages = 1024ull << 20 >> HV_PAGE_SHIFT;
    check(hv_mem_map(HEAP, pages, RW), "hv_mem_map");
    next_page = 0;
    for (uint64_t i = 0; i < pages; i++) {
        touch_next();
    }
}

static void measure_snapshot(void)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    const struct child child = child_create(yield_forever, NULL, NULL);
    int64_t copies[RUNS + WARM_UP];
    int count = 0;
    check(child.handle, "hv_dom_clone");
    MEASURE(copies[count++] = hv_dom_clone((uint32_t)child.handle, &frozen))
    report("snapshot_insns", 1);
    if (hv_dom_rollback((uint32_t)child.handle, (uint32_t)copies[0]) == HV_OK) {
        MEASURE(hv_dom_rollback((uint32_t)child.handle, (uint32_t)copies[0]))
        report("rollback_insns", 1);
    }
    while (count > 0) {
        check(hv_dom_destroy((uint32_t)copies[--count]), "hv_dom_destroy");
    }
    check(hv_dom_destroy((uint32_t)child.handle), "hv_dom_destroy");
}

static void measure_all(void)
{
    measure_hypercall();
    measure_page_faults();
    measure_events();
    measure_switch();
    measure_clone_and_destroy("clone_to_first_insn_insns", "bare_destroy_insns");
    measure_snapshot();
}

void test_main(void)
{
#ifdef ONLY /* bench/profile: one measurement */
    ONLY();
    return;
#endif
    say("bench first_domain_tsc %lu 1", rdtsc());
    measure_tsc();
    measure_all();
    crowd_grow(1000);
    suffix = "_at_1000";
    measure_all();
    crowd_grow(CROWD);
    suffix = "_at_10000";
    measure_all();
    crowd_end();
    suffix = "";
    measure_populate();
    measure_prefault("clone_writes_8_pages_insns", false);
    measure_prefault("clone_writes_8_pages_prefaulted_insns", true);
    write_1024_mib();
    measure_clone_and_destroy("clone_to_first_insn_insns_1024MiB", "bare_destroy_insns_1024MiB");
}

// SPDX-License-Identifier: Apache-2.0
// cpus: 1 4
// memory: 512M
// timeout: 120
// Limits, copies and templates as a toolstack sees them; every frame comes back.
#include "hvtest.h"

#define HEAP HV_HEAP_BASE
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define PAGES 2000
#define CYCLES 500
#define NO_HANDLE 0x7fffu

static volatile uint64_t *page_at(uint64_t index)
{
    return (volatile uint64_t *)(uintptr_t)(HEAP + index * HV_PAGE_BYTES);
}

static void touch(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        *page_at(i) = i + 1;
    }
}

/* Maps and touches as many pages as *arg says. */
static void map_and_touch(void *arg)
{
    const uint64_t pages = *(uint64_t *)arg;
    if (hv_mem_map(HEAP, pages, RW) != HV_OK) {
        hv_exit(2);
    }
    touch(pages);
}

static void run_limited(void (*fn)(void *), uint64_t pages, uint64_t limit, struct hv_report *r)
{
    const struct hv_dom_params params = {.memory_pages = limit};
    const struct child child = child_create(fn, &pages, &params);
    if (child.handle < 0 || hv_dom_start((uint32_t)child.handle) != HV_OK) {
        give_up("no child");
    }
    child_wait(child, r);
}

static void limits_are_enforced(void)
{
    struct hv_report r;
    run_limited(map_and_touch, 100, 200, &r);
    const uint64_t before = free_frames(); /* after a first one: it touched pages of ours */
    run_limited(map_and_touch, 100, 200, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "a domain below its memory limit goes on");
    run_limited(map_and_touch, 1000, 200, &r);
    CHECK_EQUAL(r.reason, HV_END_NOMEM, "a domain that exceeds its memory limit is ended");
    CHECK_EQUAL(free_frames(), before, "its frames have come back");
}

/* Touches memory until there is none, and says how far it came. */
static void touch_all(void *arg)
{
    const uint64_t pages = *(uint64_t *)arg;
    volatile uint8_t *area = (volatile uint8_t *)(uintptr_t)HV_HEAP_BASE;

    hv_mem_map(HV_HEAP_BASE, pages, RW);
    for (uint64_t i = 0; i < pages; i++) {
        area[i * HV_PAGE_BYTES] = 1;
    }
    hv_exit(7);
}

static uint8_t fault_stack[4096] __attribute__((aligned(16)));
static struct hv_fault last_fault;

/* Skips the instruction of touch_window(). */
static void __attribute__((used)) skip_store(struct hv_fault *fault)
{
    last_fault = *fault;
    fault->regs.rip += 3;
    hv_fault_return(&fault->regs);
}

static void touch_window(void)
{
    last_fault = (struct hv_fault){0};
    __asm__ volatile("movb $1, (%%rax)" ::"a"(HV_WINDOW_HIGH_VA) : "memory"); /* c6 00 01 */
}

/* The reserve is not for windows: else a guest could use it up by what it has us read or write. */
static void windows_take_nothing_of_the_reserve(void)
{
    hv_fault_handler((uintptr_t)skip_store, (uintptr_t)fault_stack + sizeof(fault_stack));
    touch_window();
    CHECK(last_fault.vector == 14 && (last_fault.error_code & HV_FAULT_NOMEM) != 0 &&
              last_fault.address == HV_WINDOW_HIGH_VA,
          "a window's page is not made of the last frames, and our handler is told");
}

static void windows_are_whole_again(void)
{
    touch_window();
    CHECK_EQUAL(last_fault.vector, 0, "later the window's page is there");
    hv_fault_handler(0, 0);
    hv_window_close(HV_SELF, HV_WINDOW_HIGH_VA);
}

static void who_finds_no_memory_is_paused(void)
{
    volatile uint8_t *mine = (volatile uint8_t *)(uintptr_t)(HV_HEAP_BASE + (1ull << 36));
    const uint64_t mine_pages = 2048;
    const uint64_t before = free_frames();
    uint64_t pages = before - mine_pages / 2; /* more than there is while we hold ours */
    struct hv_dom_info info;
    struct hv_report r;
    /* Made first, so that it does not share our pages. */
    const struct child child = child_create(touch_all, &pages, NULL);
    const uint32_t h = (uint32_t)child.handle;

    CHECK_EQUAL(hv_window_create(h, HV_WINDOW_HIGH_VA, HV_WINDOW_HIGH_VA, 0, 4), HV_OK,
                "a window with it is made");
    hv_mem_map((uint64_t)(uintptr_t)mine, mine_pages, RW);
    for (uint64_t i = 0; i < mine_pages; i++) {
        mine[i * HV_PAGE_BYTES] = 1;
    }
    hv_dom_start(h);
    CHECK(event_expect(child.end_tag, now_ns() + CHILD_LIMIT_NS), "its watcher gets an event");
    CHECK(hv_dom_info(h, &info) == HV_OK && info.state == HV_DOM_STATE_PAUSED &&
              info.reason == HV_END_NOMEM,
          "a domain that finds no memory is paused, and says why");
    CHECK_EQUAL(hv_dom_report(h, &r), HV_ERR_STATE, "it has not ended");
    CHECK_EQUAL(hv_dom_clone(HV_SELF, &(struct hv_dom_params){0}), HV_ERR_NOMEM,
                "no new domain is made of the last frames");
    windows_take_nothing_of_the_reserve();
    mine[mine_pages * HV_PAGE_BYTES - 1] = 2; /* we still have ours, and may use the reserve */
    CHECK_EQUAL(hv_mem_unmap((uint64_t)(uintptr_t)mine, mine_pages), HV_OK, "memory is freed");
    windows_are_whole_again();
    CHECK_EQUAL(hv_dom_start(h), HV_OK, "it is started again");
    child_wait(child, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 7, "and goes on where it was, to its end: %d",
          r.code);
    CHECK(free_frames() + 4 >= before, "all of it comes back: %lu of %lu", free_frames(), before);
}

static void check_and_change_pages(void *arg)
{
    (void)arg;
    for (uint64_t i = 0; i < PAGES; i++) {
        if (*page_at(i) != i + 1) {
            hv_exit(1);
        }
    }
    for (uint64_t i = 0; i < PAGES; i += 7) {
        *page_at(i) = 0;
    }
}

static void copies_share_until_written(void)
{
    struct hv_report r;
    bool intact = true;
    CHECK_EQUAL(hv_mem_map(HEAP, PAGES, RW), HV_OK, "%u pages are mapped", PAGES);
    touch(PAGES);
    const uint64_t before = free_frames();
    struct child child = child_create(check_and_change_pages, NULL, NULL);
    const uint64_t cost = before - free_frames();
    CHECK(cost < 32, "a clone of a domain with %u pages costs %lu frames", PAGES, cost);
    if (child.handle < 0 || hv_dom_start((uint32_t)child.handle) != HV_OK) {
        give_up("no child");
    }
    child_wait(child, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "the clone sees every page");
    for (uint64_t i = 0; i < PAGES; i++) {
        intact = intact && *page_at(i) == i + 1;
    }
    CHECK(intact, "what it writes is invisible here");
    CHECK_EQUAL(free_frames(), before, "its frames have come back");

    /* The reverse: the parent writes while the clone waits. */
    child = child_create(check_and_change_pages, NULL, NULL);
    for (uint64_t i = 0; i < PAGES; i += 3) {
        *page_at(i) = 99;
    }
    CHECK_EQUAL(hv_dom_start((uint32_t)child.handle), HV_OK,
                "a clone starts after the parent wrote");
    child_wait(child, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "what the parent writes is invisible there");
    CHECK_EQUAL(hv_mem_unmap(HEAP, PAGES), HV_OK, "the pages are unmapped");
}

/* A copy gets pages of its own before it runs; it sees them as they were, and writes without a fault. */
static void pages_are_made_beforehand(void)
{
    const uint64_t pages[4] = {HEAP, HEAP + 7 * HV_PAGE_BYTES, HEAP + 14 * HV_PAGE_BYTES,
                               HEAP + PAGES * HV_PAGE_BYTES};
    struct hv_dom_info info;
    struct hv_report r;
    CHECK_EQUAL(hv_mem_map(HEAP, PAGES, RW), HV_OK, "%u pages are mapped", PAGES);
    touch(PAGES);
    const struct child child = child_create(check_and_change_pages, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;
    const uint64_t before = free_frames();
    CHECK_EQUAL(hv_dom_populate(h, pages, HV_POPULATE_MAX + 1), HV_ERR_RANGE,
                "too many are refused");
    CHECK_EQUAL(hv_dom_populate(h, pages, 4), 3, "all but the last, which is not mapped, are made");
    CHECK(before - free_frames() >= 3, "they take frames");
    CHECK_EQUAL(hv_dom_populate(h, pages, 3), 3, "once more");
    CHECK(before - free_frames() <= 3 + 3, "costs nothing");
    hv_dom_start(h);
    child_wait(child, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 0, "the copy finds in them what was there");
    CHECK(*page_at(0) == 1 && *page_at(7) == 8, "what it writes there is invisible here");
    const int64_t template = hv_dom_clone(HV_SELF, &(struct hv_dom_params){.flags = HV_DOM_FROZEN});
    if (template == 0) {
        hv_exit(0);
    }
    CHECK_EQUAL(hv_dom_populate((uint32_t) template, pages, 1), HV_ERR_STATE, "not in a template");
    CHECK(hv_dom_info((uint32_t) template, &info) == HV_OK &&
              hv_dom_destroy((uint32_t) template) == HV_OK,
          "which is destroyed");
    CHECK_EQUAL(hv_mem_unmap(HEAP, PAGES), HV_OK, "the pages are unmapped");
}

static void nothing(void *arg)
{
    (void)arg;
}

static void create_and_destroy_leak_nothing(void)
{
    struct hv_report r;
    child_run(nothing, NULL, &r);
    const uint64_t before = free_frames();
    for (int i = 0; i < CYCLES; i++) {
        child_run(nothing, NULL, &r);
        if (r.reason != HV_END_EXIT) {
            give_up("a child did not exit");
        }
    }
    CHECK_EQUAL(free_frames(), before, "%u domains came and went without losing a frame", CYCLES);
}

static void destroyed_at_any_moment(void)
{
    const struct hv_dom_params plain = {0};
    const uint64_t before = free_frames();
    static uint64_t pages = 3000;
    for (unsigned int i = 0; i < 60; i++) {
        const struct child child = child_create(map_and_touch, &pages, &plain);
        uint32_t tag;
        if (child.handle < 0 || hv_dom_start((uint32_t)child.handle) != HV_OK) {
            give_up("no child");
        }
        hv_event_wait(now_ns() + i * MS / 20, &tag);
        if (hv_dom_destroy((uint32_t)child.handle) != HV_OK) {
            give_up("a running domain could not be destroyed");
        }
    }
    CHECK_EQUAL(free_frames(), before, "60 running domains were destroyed without losing a frame");
}

static volatile uint64_t counter = 5;

static void count_up(void *arg)
{
    (void)arg;
    counter++;
    hv_exit((int32_t)counter);
}

static uint64_t read_counter(uint32_t handle)
{
    uint64_t value = 0;
    if (hv_dom_read(handle, (uint64_t)(uintptr_t)&counter, &value, sizeof(value)) != HV_OK) {
        give_up("hv_dom_read");
    }
    return value;
}

static void toolstack_reads_writes_and_rolls_back(void)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    const uint64_t new_value = 1000, before = free_frames();
    struct hv_report r;
    const struct child child = child_create(count_up, NULL, NULL);
    const uint32_t h = (uint32_t)child.handle;

    CHECK_EQUAL(read_counter(h), 5, "memory of a paused domain is read");
    const int64_t template = hv_dom_clone(h, &frozen);
    CHECK(template > 0, "a template is made of it");
    if (hv_dom_rollback(NO_HANDLE, NO_HANDLE) == HV_ERR_NOSYS) {
        skip("a domain is rolled back to a template", "HC_DOM_ROLLBACK is not there yet");
        hv_dom_destroy((uint32_t) template);
        hv_dom_destroy(h);
        return;
    }
    CHECK_EQUAL(hv_dom_write(h, (uint64_t)(uintptr_t)&counter, &new_value, 8), HV_OK,
                "its memory is written");
    CHECK_EQUAL(read_counter(h), 1000, "and reads back");
    CHECK_EQUAL(read_counter((uint32_t) template), 5, "the template keeps the old value");
    CHECK_EQUAL(hv_dom_rollback(h, (uint32_t) template), HV_OK,
                "it is rolled back to the template");
    CHECK_EQUAL(read_counter(h), 5, "and has the old value again");
    CHECK_EQUAL(hv_dom_write(h, (uint64_t)(uintptr_t)&counter, &new_value, 8), HV_OK,
                "written again");
    CHECK_EQUAL(hv_dom_start(h), HV_OK, "it runs");
    child_wait(child, &r);
    CHECK_EQUAL(r.code, 1001, "with what was written");
    CHECK_EQUAL(counter, 5, "none of this was seen here");
    CHECK_EQUAL(hv_dom_destroy((uint32_t) template), HV_OK, "the template is destroyed");
    CHECK_EQUAL(free_frames(), before, "all frames are back");
}

static void huge_ranges_are_cheap(void)
{
    const uint64_t pages = 0x8000000000 / HV_PAGE_BYTES / 8; /* 64 GiB */
    const uint64_t before = free_frames();
    CHECK_EQUAL(hv_mem_map(HEAP, pages, RW), HV_OK, "64 GiB are mapped");
    const int64_t cost = (int64_t)(before - free_frames()); /* may be negative: tables fall away */
    CHECK(cost < 16, "for %ld frames", cost);
    *page_at(pages - 1) = 1;
    CHECK_EQUAL(*page_at(pages - 1), 1, "its last page works");
    CHECK_EQUAL(hv_mem_unmap(HEAP, pages), HV_OK, "it is unmapped");
    CHECK((int64_t)(before - free_frames()) < 4, "and the frames are back but for a table");
}

/* More than a GiB with tables in it is mapped in slices, which the guest sees as arguments. */
static void ranges_with_tables_are_mapped_in_slices(void)
{
    const uint64_t gib = 0x40000000 / HV_PAGE_BYTES, before = free_frames();

    for (uint64_t n = 0; n < 4; n++) {
        hv_mem_map(HEAP + (n << 30), gib, RW);
        *page_at(n * gib + 7) = 1;
        *page_at(n * gib + gib - 1) = 1;
        hv_mem_unmap(HEAP + (n << 30) + 7 * HV_PAGE_BYTES, 1);
        hv_mem_unmap(HEAP + (n << 30) + 8 * HV_PAGE_BYTES, gib - 8);
        hv_mem_unmap(HEAP + (n << 30), 7);
    }
    CHECK_EQUAL(hv_mem_map(HEAP + 0x5000, 4 * gib - 5, RW), HV_OK, "four GiB, all with old tables");
    *page_at(4 * gib - 1) = 2;
    CHECK_EQUAL(*page_at(4 * gib - 1), 2, "are there");
    *page_at(2 * gib) = 3;
    const uint64_t frames = free_frames();
    CHECK_EQUAL(hv_mem_map(HEAP, 6 * gib, RW), HV_ERR_EXISTS, "a range with a page in it: EXISTS");
    CHECK_EQUAL(hv_call(HC_MEM_MAP, HEAP, 6 * gib, RW, 6 * gib, 0).value, HV_ERR_EXISTS,
                "also for who says that all has been looked at");
    CHECK_EQUAL(hv_call(HC_MEM_MAP, HEAP, 6 * gib, RW, 8 * gib, 0).value, HV_ERR_EXISTS,
                "and the first part is mapped");
    CHECK_EQUAL(hv_call(HC_MEM_MAP, HEAP, 6 * gib, RW, 12 * gib, 0).value, HV_ERR_INVAL,
                "or that all is done");
    CHECK_EQUAL(*page_at(2 * gib), 3, "nothing is lost by this");
    CHECK_EQUAL(free_frames(), frames, "and nothing was changed");
    CHECK_EQUAL(hv_mem_unmap(HEAP, 6 * gib), HV_OK, "all is unmapped");
    CHECK((int64_t)(before - free_frames()) < 4, "the frames are back but for a table");
}

static void wx_is_kept(void)
{
    CHECK_EQUAL(hv_mem_map(HEAP, 1, RW), HV_OK, "a page is mapped");
    *(volatile uint8_t *)HEAP = 0xc3; /* RET */
    CHECK_EQUAL(hv_mem_protect(HEAP, 1, RW | HV_PROT_EXEC), HV_ERR_INVAL,
                "never writable and executable");
    CHECK_EQUAL(hv_mem_protect(HEAP, 1, HV_PROT_READ | HV_PROT_EXEC), HV_OK,
                "but one after the other");
    ((void (*)(void))HEAP)();
    CHECK(true, "what was written runs");
    CHECK_EQUAL(hv_mem_unmap(HEAP, 1), HV_OK, "it is unmapped");
}

void test_main(void)
{
    limits_are_enforced();
    copies_share_until_written();
    pages_are_made_beforehand();
    create_and_destroy_leak_nothing();
    destroyed_at_any_moment();
    toolstack_reads_writes_and_rolls_back();
    huge_ranges_are_cheap();
    ranges_with_tables_are_mapped_in_slices();
    wx_is_kept();
    who_finds_no_memory_is_paused();
}

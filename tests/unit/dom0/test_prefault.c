// SPDX-License-Identifier: Apache-2.0
// sources: dom0/templates/prefault.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Which pages instances get before they run. hv is played by functions behind a hypercall page at the
// address where guests have it: domain DOM(i) is instance i, domain BASE the template.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "guests/hold.h"
#include "mayfly/hypercall.h"
#include "templates/prefault.h"

#define BASE 7u
#define DOM(i) (100u + (i))
#define INSTANCES 40u
#define AFTER 8u
#define RECORDS 4u
#define MOST 32u
#define VA(page) (HV_HEAP_BASE + (uint64_t)(page)*HV_PAGE_BYTES)
#define FAR 900u /* pages from here on are not mapped in the template */

static struct guest guests[INSTANCES];
static struct prefault known;
static struct mf_timer *timers[RECORDS];
static struct {
    uint32_t first, count; /* pages that each instance has for itself: a range... */
    uint32_t more[4];      /* ...and these; 0: none */
    bool hides;            /* hv_dom_pages() fails */
} has[INSTANCES];
static uint64_t given[HV_POPULATE_MAX];
static uint64_t given_count;
static uint32_t populate_calls, pages_calls;
static bool runs[INSTANCES];

/* ---- hv ----------------------------------------------------------------------------------- */

static struct hv_result result(int64_t value, uint64_t extra)
{
    return (struct hv_result){value, extra};
}

/* One extent per call, the range before the others; all is told with the last one. */
static struct hv_result pages(uint64_t dom, uint64_t base, uint64_t va, uint64_t out, uint64_t max)
{
    const uint32_t i = (uint32_t)dom - DOM(0);
    struct hv_extent *const e = (struct hv_extent *)(uintptr_t)out;
    uint32_t n = 0;

    assert_int_equal(base, BASE);
    assert_false(runs[i]);
    pages_calls++;
    if (has[i].hides) {
        return result(HV_ERR_BUSY, 0);
    }
    if (va == 0 && has[i].count > 0) {
        e[n++] = (struct hv_extent){
            .va = VA(has[i].first), .pages = has[i].count, .kind = HV_EXTENT_DATA};
        e[n++] = (struct hv_extent){.va = VA(500), .pages = 8, .kind = HV_EXTENT_ZERO};
        return result(n, VA(500));
    }
    for (uint32_t k = 0; k < 4 && has[i].more[k] != 0 && n < max; k++) {
        e[n++] = (struct hv_extent){.va = VA(has[i].more[k]), .pages = 1, .kind = HV_EXTENT_DATA};
    }
    return result(n, HV_GUEST_END);
}

static struct hv_result populate(uint64_t dom, uint64_t list, uint64_t count)
{
    assert_false(runs[dom - DOM(0)]);
    assert_true(count <= HV_POPULATE_MAX);
    populate_calls++;
    given_count = count;
    memcpy(given, (const void *)(uintptr_t)list, count * sizeof(given[0]));
    return result((int64_t)count, 0);
}

static struct hv_result read_page(uint64_t dom, uint64_t va)
{
    assert_int_equal(dom, BASE);
    return result(va < VA(FAR) ? 0 : HV_ERR_NOENT, 0);
}

static struct hv_result pause_guest(uint64_t dom)
{
    const bool ran = runs[dom - DOM(0)];
    runs[dom - DOM(0)] = false;
    return result(ran ? 0 : HV_ERR_STATE, 0);
}

static void set_stub(enum hv_hypercall nr, void *function)
{
    uint8_t *const at = (uint8_t *)(uintptr_t)HV_HYPERCALL_PAGE + nr * HV_HYPERCALL_STUB_BYTES;
    static const uint8_t mov_rax[] = {0x48, 0xb8}, jmp_rax[] = {0xff, 0xe0};
    memcpy(at, mov_rax, sizeof(mov_rax));
    memcpy(at + 2, &function, sizeof(function));
    memcpy(at + 10, jmp_rax, sizeof(jmp_rax));
}

static bool map_page(uint64_t va)
{
    void *const at = (void *)(uintptr_t)va;
    return mmap(at, HV_PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at;
}

/* The clock stands still: its page has all zero factors. */
static int make_pages(void **state)
{
    (void)state;
    if (!map_page(HV_HYPERCALL_PAGE) || !map_page(HV_TIME_PAGE) || !map_page(HV_INFO_PAGE)) {
        return -1;
    }
    set_stub(HC_DOM_PAGES, (void *)(uintptr_t)pages);
    set_stub(HC_DOM_POPULATE, (void *)(uintptr_t)populate);
    set_stub(HC_DOM_READ, (void *)(uintptr_t)read_page);
    set_stub(HC_DOM_PAUSE, (void *)(uintptr_t)pause_guest);
    return 0;
}

/* ---- dom0 --------------------------------------------------------------------------------- */

struct guest *guest_at(uint32_t slot)
{
    return &guests[slot];
}

int64_t hold_stop(struct guest *g, enum hold_when when, bool *was_running)
{
    assert_int_equal(when, HOLD_NOW);
    *was_running = runs[g - guests];
    runs[g - guests] = false;
    return 0;
}

void hold_resume(const struct guest *g, bool was_running)
{
    runs[g - guests] = was_running;
}

void mf_timer_set(struct mf_timer *t, uint64_t deadline)
{
    (void)deadline;
    for (uint32_t i = 0; i < RECORDS; i++) {
        if (timers[i] == NULL) {
            timers[i] = t;
            return;
        }
    }
    fail_msg("more timers than guests that are recorded");
}

void mf_timer_cancel(struct mf_timer *t)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        timers[i] = timers[i] == t ? NULL : timers[i];
    }
}

static void time_passes(void)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct mf_timer *const t = timers[i];
        timers[i] = NULL;
        if (t != NULL) {
            t->expire(t);
        }
    }
}

/* ---- helpers ------------------------------------------------------------------------------ */

static int begin(void **state)
{
    (void)state;
    memset(guests, 0, sizeof(guests));
    memset(has, 0, sizeof(has));
    memset(runs, 0, sizeof(runs));
    for (uint32_t i = 0; i < INSTANCES; i++) {
        guests[i].handle = DOM(i);
        has[i].first = 10;
        has[i].count = 6;
    }
    known = (struct prefault){0};
    populate_calls = pages_calls = 0;
    given_count = 0;
    prefault_init(true);
    return 0;
}

/* Nothing may be left: neither memory (the sanitizer looks) nor a guest that is watched. */
static int end(void **state)
{
    (void)state;
    prefault_close(&known);
    for (uint32_t i = 0; i < RECORDS; i++) {
        assert_null(timers[i]);
    }
    assert_int_equal(prefault_watched, 0);
    return 0;
}

static void create(uint32_t i)
{
    guests[i].state = GUEST_CREATED;
    prefault_created(&known, &guests[i], BASE);
}

static void start(uint32_t i)
{
    create(i);
    guests[i].state = GUEST_RUNNING;
    runs[i] = true;
}

static void start_all(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        start(i);
    }
}

static void expect_given(uint32_t first, uint32_t count)
{
    assert_int_equal(given_count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(given[i], VA(first + i));
    }
}

/* ---- tests -------------------------------------------------------------------------------- */

static void later_instances_get_what_all_recorded_ones_have(void **state)
{
    (void)state;
    const uint32_t first = AFTER; /* that is recorded */
    has[first].count = 9;         /* 10..18 */
    has[first + 1].first = 8;     /* 8..18 */
    has[first + 1].count = 11;
    has[first + 2].more[0] = 30;
    has[first + 2].count = 8; /* 10..17 */
    has[first + 3].count = 7; /* 10..16 */
    start_all(0, first + RECORDS);
    assert_int_equal(prefault_watched, RECORDS);
    assert_int_equal(pages_calls, 0);
    time_passes();
    assert_true(runs[first]);
    assert_int_equal(populate_calls, 0);
    start(first + RECORDS);
    assert_int_equal(populate_calls, 1);
    expect_given(10, 7);
    assert_int_equal(prefault_watched, 0);
}

static void the_first_ones_are_not_looked_at(void **state)
{
    (void)state;
    start_all(0, AFTER);
    time_passes();
    assert_int_equal(pages_calls, 0);
    assert_null(known.pages);
}

static void those_that_end_early_are_recorded_then(void **state)
{
    (void)state;
    start_all(0, AFTER);
    for (uint32_t i = AFTER; i < AFTER + RECORDS; i++) {
        start(i);
        runs[i] = i % 2 == 0; /* it has ended by itself, or is killed */
        prefault_ended(&guests[i]);
        guests[i].state = GUEST_ENDED;
    }
    start(AFTER + RECORDS);
    expect_given(10, 6);
}

static void one_that_never_ran_says_nothing(void **state)
{
    (void)state;
    start_all(0, AFTER);
    create(AFTER);
    time_passes();
    create(AFTER + 1);
    prefault_ended(&guests[AFTER + 1]);
    assert_int_equal(pages_calls, 0);
    start_all(AFTER + 2, AFTER + 2 + RECORDS);
    time_passes();
    start(AFTER + 2 + RECORDS);
    expect_given(10, 6);
}

static void one_that_cannot_be_listed_is_left_out(void **state)
{
    (void)state;
    has[AFTER].hides = has[AFTER + 2].hides = true;
    start_all(0, AFTER + RECORDS);
    time_passes();
    start_all(AFTER + RECORDS, AFTER + RECORDS + 2);
    assert_int_equal(populate_calls, 0);
    time_passes();
    start(AFTER + RECORDS + 2);
    expect_given(10, 6);
}

static void few_pages_are_not_worth_a_call(void **state)
{
    (void)state;
    has[AFTER + 1].count = 4;
    start_all(0, AFTER + RECORDS);
    time_passes();
    assert_true(known.is_closed);
    assert_null(known.pages);
    start(AFTER + RECORDS);
    assert_int_equal(populate_calls, 0);
}

static void pages_that_the_template_lacks_are_left_out(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < INSTANCES; i++) {
        has[i].more[0] = FAR - 1;
        has[i].more[1] = FAR;
    }
    start_all(0, AFTER + RECORDS);
    time_passes();
    start(AFTER + RECORDS);
    assert_int_equal(given_count, 7);
    assert_int_equal(given[6], VA(FAR - 1));
}

static void large_instances_have_a_bounded_list(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < INSTANCES; i++) {
        has[i].count = 1000;
        has[i].first = 10 + i % 2;
    }
    start_all(0, AFTER + RECORDS);
    time_passes();
    start(AFTER + RECORDS);
    expect_given(11, MOST - 1);
}

static void a_template_that_goes_takes_its_list_along(void **state)
{
    (void)state;
    start_all(0, AFTER + 2);
    assert_int_equal(prefault_watched, 2);
    prefault_close(&known);
    assert_int_equal(prefault_watched, 0);
    time_passes();
    assert_int_equal(pages_calls, 0);
    known = (struct prefault){0};
    start_all(AFTER + 2, 2 * AFTER + 2 + RECORDS);
    time_passes();
    assert_non_null(known.pages);
    prefault_close(&known);
    start(2 * AFTER + 2 + RECORDS);
    assert_int_equal(populate_calls, 0);
}

static void it_can_be_turned_off(void **state)
{
    (void)state;
    prefault_init(false);
    start_all(0, AFTER + RECORDS);
    time_passes();
    start(AFTER + RECORDS);
    assert_int_equal(pages_calls + populate_calls, 0);
}

static void a_clone_of_a_guest_is_no_instance(void **state)
{
    (void)state;
    prefault_created(NULL, &guests[0], DOM(1));
    assert_int_equal(prefault_watched, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(later_instances_get_what_all_recorded_ones_have),
        TEST(the_first_ones_are_not_looked_at),
        TEST(those_that_end_early_are_recorded_then),
        TEST(one_that_never_ran_says_nothing),
        TEST(one_that_cannot_be_listed_is_left_out),
        TEST(few_pages_are_not_worth_a_call),
        TEST(pages_that_the_template_lacks_are_left_out),
        TEST(large_instances_have_a_bounded_list),
        TEST(a_template_that_goes_takes_its_list_along),
        TEST(it_can_be_turned_off),
        TEST(a_clone_of_a_guest_is_no_instance),
    };
    return cmocka_run_group_tests(tests, make_pages, NULL);
}

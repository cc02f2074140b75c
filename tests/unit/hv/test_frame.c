// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/frame.c hv/core/aspace.c tests/unit/hv/fake/fake.c
// cflags: -Itests/unit/hv/fake
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free -lpthread
/* The pool of frames: stacks of CPUs, the common pool, reference counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "fake/fake.h"

#define PAGES 1000u
#define SYSTEM 4u /* page 0 and the three that fake_start() takes */

static paddr_t taken[PAGES];

/* Takes all that the calling CPU can get. */
static uint32_t take_all(void)
{
    uint32_t n = 0;

    for (;;) {
        const paddr_t pa = frame_alloc();
        if (pa.v == 0) {
            return n;
        }
        taken[n++] = pa;
    }
}

static void put_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        frame_put(taken[i]);
    }
}

static void every_frame_is_handed_out_once_and_page_0_never(void **state)
{
    (void)state;
    fake_start(PAGES); /* the fake ends the test when a frame comes twice */
    assert_int_equal(frame_total_count(), PAGES - 1);
    assert_int_equal(take_all(), PAGES - SYSTEM);
    assert_int_equal(frame_free_count(), 0);
    for (uint32_t i = 0; i < PAGES - SYSTEM; i++) {
        assert_int_equal(taken[i].v & (PAGE_SIZE - 1), 0);
        assert_in_range(taken[i].v, PAGE_SIZE, (PAGES - 1) * PAGE_SIZE);
        assert_true(frame_is_private(taken[i]));
    }
    put_all(PAGES - SYSTEM);
    assert_int_equal(take_all(), PAGES - SYSTEM); /* and once more */
    put_all(PAGES - SYSTEM);
    assert_true(fake_stop());
}

static void frames_above_the_table_are_left_alone(void **state)
{
    (void)state;
    static struct frame table[8];
    frame_init(table, 8);
    frame_add_range((paddr_t){5 * PAGE_SIZE}, 100);
    frame_add_range((paddr_t){0}, 2);
    assert_int_equal(frame_total_count(), 4); /* 5, 6, 7 and 1 */
    assert_int_equal(frame_free_count(), 4);
}

static void zeroed_frame_is_zero(void **state)
{
    (void)state;
    static const unsigned char zero[PAGE_SIZE];
    fake_start(PAGES);
    for (int i = 0; i < 300; i++) {
        const paddr_t pa = frame_alloc_zero();
        assert_memory_equal(phys_to_virt(pa), zero, PAGE_SIZE);
        memset(phys_to_virt(pa), 0xff, PAGE_SIZE);
        frame_put(pa);
    }
    assert_true(fake_stop());
}

static void frame_lives_until_its_last_reference_goes(void **state)
{
    (void)state;
    fake_start(PAGES);
    const paddr_t pa = frame_alloc();
    frame_get(pa);
    frame_get(pa);
    assert_false(frame_is_private(pa));
    frame_put(pa);
    frame_put(pa);
    assert_true(frame_is_private(pa));
    assert_int_equal(fake_live(), 1);
    assert_true(frame_drop(pa));
    frame_free(pa);
    assert_int_equal(fake_live(), 0);
    assert_true(fake_stop());
}

static void new_table_frame_has_empty_bounds(void **state)
{
    (void)state;
    fake_start(PAGES);
    for (int i = 0; i < 3; i++) {
        const paddr_t pa = frame_alloc();
        assert_int_equal(frame_of(pa)->low, 512);
        assert_int_equal(frame_of(pa)->high, 0);
        frame_of(pa)->low = 3;
        frame_of(pa)->high = 400;
        frame_put(pa);
    }
    assert_true(fake_stop());
}

/* What one CPU frees comes back to the others but for what its own stack keeps. */
static void frames_freed_on_one_cpu_serve_the_others(void **state)
{
    (void)state;
    fake_start(PAGES);
    assert_int_equal(take_all(), PAGES - SYSTEM);
    fake_cpu = 1;
    assert_int_equal(frame_alloc().v, 0);
    put_all(PAGES - SYSTEM);
    fake_cpu = 0;
    const uint32_t n = take_all();
    assert_in_range(n, PAGES - SYSTEM - 128, PAGES - SYSTEM);
    assert_int_equal(frame_free_count(), PAGES - SYSTEM - n);
    fake_cpu = CPUS_MAX - 1;
    put_all(n);
    assert_int_equal(fake_live(), 0);
    fake_cpu = 0;
    assert_true(fake_stop());
}

static void last_frames_are_for_who_may_use_them(void **state)
{
    (void)state;
    fake_start(PAGES);
    fake_reserve = false;
    const uint32_t n = take_all();
    assert_in_range(frame_free_count(), FRAME_RESERVE, FRAME_RESERVE + 64); /* and a batch */
    assert_int_equal(n, PAGES - SYSTEM - frame_free_count());
    assert_true(frame_is_low());
    fake_cpu = 1;
    assert_int_equal(frame_alloc().v, 0);
    fake_reserve = true;
    fake_cpu = 0;
    paddr_t more[FRAME_RESERVE + 64];
    uint32_t count = 0;
    more[count++] = frame_alloc();
    fake_reserve = false; /* nobody else gets more than that one by it */
    assert_int_not_equal(more[0].v, 0);
    assert_int_equal(frame_alloc().v, 0);
    fake_reserve = true;
    for (paddr_t pa = frame_alloc(); pa.v != 0; pa = frame_alloc()) {
        more[count++] = pa;
    }
    assert_int_equal(n + count, PAGES - SYSTEM);
    while (count != 0) {
        frame_put(more[--count]);
    }
    put_all(n);
    assert_false(frame_is_low());
    assert_true(fake_stop());
}

/* ---- CPUs at once ---------------------------------------------------------------------------- */

struct lane {
    pthread_t thread;
    uint32_t cpu;
};

static paddr_t given[3]; /* from one thread to the next; a */

/* Takes, marks, checks and frees; some frames are freed by the next CPU. */
static void *lane_main(void *context)
{
    const struct lane *lane = context;
    static _Thread_local paddr_t held[200];
    uint32_t count = 0;

    fake_cpu = lane->cpu;
    for (uint32_t i = 0; i < 60000; i++) {
        if (count < ARRAY_COUNT(held) && (i * 2654435761u >> 29) < 4 + (i >> 9 & 1)) {
            const paddr_t pa = frame_alloc();
            if (pa.v != 0) {
                *(uint32_t *)phys_to_virt(pa) = lane->cpu;
                held[count++] = pa;
            }
        } else if (count != 0) {
            paddr_t pa = held[--count];
            if (*(uint32_t *)phys_to_virt(pa) != lane->cpu) {
                abort();
            }
            pa.v = __atomic_exchange_n(&given[(lane->cpu + i) % 3].v, pa.v, __ATOMIC_ACQ_REL);
            if (pa.v != 0) {
                frame_put(pa);
            }
        }
    }
    while (count != 0) {
        frame_put(held[--count]);
    }
    return NULL;
}

static void cpus_can_take_and_free_at_once(void **state)
{
    (void)state;
    struct lane lanes[3];
    fake_start(500); /* less than they want together */
    for (uint32_t i = 0; i < 3; i++) {
        lanes[i].cpu = i;
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]), 0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        pthread_join(lanes[i].thread, NULL);
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (given[i].v != 0) {
            frame_put(given[i]);
            given[i].v = 0;
        }
    }
    assert_int_equal(fake_live(), 0);
    assert_true(fake_stop());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_handed_out_once_and_page_0_never),
        cmocka_unit_test(frames_above_the_table_are_left_alone),
        cmocka_unit_test(zeroed_frame_is_zero),
        cmocka_unit_test(frame_lives_until_its_last_reference_goes),
        cmocka_unit_test(new_table_frame_has_empty_bounds),
        cmocka_unit_test(frames_freed_on_one_cpu_serve_the_others),
        cmocka_unit_test(last_frames_are_for_who_may_use_them),
        cmocka_unit_test(cpus_can_take_and_free_at_once),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}

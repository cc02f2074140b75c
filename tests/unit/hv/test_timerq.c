// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/timerq.c
// cflags: -Itests/unit/hv/fake
/* The queue of timers against a plain array: the root is always the least, whatever is removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hv/timerq.h"

#define COUNT 300u

static struct vcpu *vcpus;
static bool is_in[COUNT];
static struct vcpu *root;

/* Heap order, ranks and links of every node. Returns how many there are, and the root's rank. */
static uint32_t check(const struct vcpu *v, uint32_t *rank)
{
    const struct vcpu *const child[] = {v->timer.left, v->timer.right};
    uint32_t n = 1, ranks[] = {0, 0};

    for (uint32_t i = 0; i < 2; i++) {
        if (child[i] != NULL) {
            assert_true(child[i]->timer.parent == v);
            assert_true(child[i]->timer.key >= v->timer.key);
            n += check(child[i], &ranks[i]);
        }
    }
    assert_true(ranks[0] >= ranks[1]);
    *rank = ranks[1] + 1;
    assert_int_equal(v->timer.rank, *rank);
    assert_true(n >= (1u << *rank) - 1); /* so ways to the right are short */
    return n;
}

static void check_all(void)
{
    uint32_t n = 0, rank;
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < COUNT; i++) {
        if (is_in[i]) {
            n++;
            least = min_u64(least, vcpus[i].timer.key);
        }
    }
    assert_int_equal(root == NULL ? 0 : check(root, &rank), n);
    if (root != NULL) {
        assert_null(root->timer.parent);
        assert_int_equal(root->timer.key, least);
    }
}

static int start(void **state)
{
    (void)state;
    vcpus = aligned_alloc(64, sizeof(struct vcpu) * COUNT);
    root = NULL;
    for (uint32_t i = 0; i < COUNT; i++) {
        is_in[i] = false;
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(vcpus);
    return 0;
}

static void insert(uint32_t i, uint64_t key)
{
    vcpus[i].timer.key = key;
    timerq_insert(&root, &vcpus[i]);
    is_in[i] = true;
}

static void take(uint32_t i)
{
    timerq_remove(&root, &vcpus[i]);
    is_in[i] = false;
}

static void timers_come_out_in_order(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        insert(i, i * 7919u % 1009u);
    }
    check_all();
    for (uint64_t last = 0; root != NULL;) {
        assert_true(root->timer.key >= last);
        last = root->timer.key;
        take((uint32_t)(root - vcpus));
        check_all();
    }
}

static void equal_times_lose_nobody(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 9; i++) {
        insert(i, i % 2 ? UINT64_MAX : 5);
    }
    check_all();
    for (uint32_t i = 0; i < 9; i++) {
        take((i * 4) % 9);
        check_all();
    }
    assert_null(root);
}

static void any_timer_can_be_removed_at_any_time(void **state)
{
    (void)state;
    uint64_t random = 42;

    for (uint32_t n = 0; n < 40000; n++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint32_t i = (uint32_t)(random >> 33) % COUNT;
        if (!is_in[i]) {
            insert(i, random >> 40 & 0xfff);
        } else if (random >> 62 == 0 && root != NULL) {
            take((uint32_t)(root - vcpus));
        } else {
            take(i);
        }
        if (n % 16 == 0) {
            check_all();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_come_out_in_order, start, stop),
        cmocka_unit_test_setup_teardown(equal_times_lose_nobody, start, stop),
        cmocka_unit_test_setup_teardown(any_timer_can_be_removed_at_any_time, start, stop),
    };
    return cmocka_run_group_tests_name("timerq", tests, NULL, NULL);
}

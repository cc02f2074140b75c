// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/thread/timer.c
// cflags: -Iunikernel-runtime/src
// The timer heap against a plain array of deadlines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "thread/timer.h"

#define TIMERS 200
#define STEPS 200000

static struct mf_timer timers[TIMERS];
static uint64_t model[TIMERS]; /* deadline; 0: not set */
static uint64_t now, last_expired;
static unsigned int rearm_every;

static void on_expire(struct mf_timer *t)
{
    const size_t i = (size_t)(t - timers);
    assert_false(mf_timer_is_set(t));
    assert_int_equal(model[i], t->deadline_ns);
    assert_true(t->deadline_ns >= last_expired);
    assert_true(t->deadline_ns <= now);
    last_expired = t->deadline_ns;
    model[i] = 0;
    if (rearm_every != 0 && i % rearm_every == 0) {
        model[i] = now + 1 + i;
        mf_timer_set(t, model[i]);
    }
}

static uint64_t model_next(void)
{
    uint64_t next = MF_NEVER;
    for (size_t i = 0; i < TIMERS; i++) {
        if (model[i] != 0 && model[i] < next) {
            next = model[i];
        }
    }
    return next;
}

static void run(void)
{
    last_expired = 0;
    mf_timer_run(now);
}

static void random_steps_agree_with_a_plain_model(void **state)
{
    (void)state;
    srand(1);
    rearm_every = 7;
    for (unsigned int step = 0; step < STEPS; step++) {
        const size_t i = (size_t)rand() % TIMERS;
        switch (rand() % 4) {
        case 0:
        case 1:
            timers[i].expire = on_expire;
            model[i] = now + 1 + (uint64_t)(rand() % 1000);
            mf_timer_set(&timers[i], model[i]);
            break;
        case 2:
            mf_timer_cancel(&timers[i]);
            model[i] = 0;
            break;
        default:
            now += (uint64_t)(rand() % 20);
            run();
            break;
        }
        assert_int_equal(mf_timer_is_set(&timers[i]), model[i] != 0);
        if (step % 64 == 0) {
            assert_int_equal(mf_timer_next_ns(), model_next());
        }
    }
    rearm_every = 0;
    now += 1000000;
    run();
    assert_int_equal(mf_timer_next_ns(), MF_NEVER);
}

static void setting_a_set_timer_moves_it(void **state)
{
    (void)state;
    timers[0].expire = timers[1].expire = on_expire;
    mf_timer_set(&timers[0], model[0] = now + 10);
    mf_timer_set(&timers[1], model[1] = now + 20);
    mf_timer_set(&timers[0], model[0] = now + 30);
    assert_int_equal(mf_timer_next_ns(), now + 20);
    now += 30;
    run();
    assert_int_equal(model[0] + model[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps_agree_with_a_plain_model),
        cmocka_unit_test(setting_a_set_timer_moves_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

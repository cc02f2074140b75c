// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/sched.c hv/core/timerq.c hv/core/handle.c hv/core/frame_list.c hv/core/event.c hv/core/domain.c
// sources: hv/core/aspace.c hv/core/frame.c tests/unit/hv/guests.c
// sources: tests/unit/hv/fake/fake.c tests/unit/hv/fake/fake_domain.c tests/unit/hv/sim.c
// cflags: -Itests/unit/hv/fake -Dsched_yield=hv_sched_yield
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/* Guests that do anything in any order on 1 to 4 CPUs; a call is done in one piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "guests.h"

#define STEPS 5000
#define SEEDS 8

static void run_seeds(uint32_t cpus)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        guests_run(cpus, STEPS, seed, false);
    }
}

static void nobody_is_lost_on_one_cpu(void **state)
{
    (void)state;
    run_seeds(1);
}

static void nobody_is_lost_on_two_cpus(void **state)
{
    (void)state;
    run_seeds(2);
}

static void nobody_is_lost_on_four_cpus(void **state)
{
    (void)state;
    run_seeds(4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_lost_on_one_cpu),
        cmocka_unit_test(nobody_is_lost_on_two_cpus),
        cmocka_unit_test(nobody_is_lost_on_four_cpus),
    };
    return cmocka_run_group_tests_name("sched random", tests, NULL, NULL);
}

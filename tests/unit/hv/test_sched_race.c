// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/sched.c hv/core/timerq.c hv/core/handle.c hv/core/frame_list.c hv/core/event.c hv/core/domain.c
// sources: hv/core/aspace.c hv/core/frame.c tests/unit/hv/guests.c
// sources: tests/unit/hv/fake/fake.c tests/unit/hv/fake/fake_domain.c tests/unit/hv/sim.c
// cflags: -Itests/unit/hv/fake -Dsched_yield=hv_sched_yield -fsanitize-coverage=trace-pc
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
// timeout: 240
/* The same, but CPUs stop in the middle of hv, before any basic block, and others go on meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "guests.h"

#define STEPS 3000
#define SEEDS 16

static void run_seeds(uint32_t cpus)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        guests_run(cpus, STEPS, seed, true);
    }
}

static void nobody_is_lost_in_races_of_two_cpus(void **state)
{
    (void)state;
    run_seeds(2);
}

static void nobody_is_lost_in_races_of_three_cpus(void **state)
{
    (void)state;
    run_seeds(3);
}

static void nobody_is_lost_in_races_of_four_cpus(void **state)
{
    (void)state;
    run_seeds(4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_lost_in_races_of_two_cpus),
        cmocka_unit_test(nobody_is_lost_in_races_of_three_cpus),
        cmocka_unit_test(nobody_is_lost_in_races_of_four_cpus),
    };
    return cmocka_run_group_tests_name("sched race", tests, NULL, NULL);
}

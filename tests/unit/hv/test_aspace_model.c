// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/aspace.c hv/core/frame.c tests/unit/hv/fake/fake.c tests/unit/hv/mmu.c
// sources: hv/core/aspace_pages.c tests/unit/hv/audit.c tests/unit/hv/model.c
// sources: tests/unit/hv/world.c tests/unit/hv/list_check.c tests/unit/hv/choose.c
// cflags: -Itests/unit/hv/fake
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/*
 * Random steps on up to 16 address spaces against the plain model of model.h. HV_MODEL_SEED=N runs
 * that seed only; HV_MODEL_STEPS=N sets the steps for each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

#define STEPS 80000u

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void run_seed(uint64_t seed, uint32_t frames)
{
    const uint64_t steps = setting("HV_MODEL_STEPS", STEPS);

    print_message("# seed %lu, %u frames, %lu steps\n", seed, frames, steps);
    world_start(seed, frames);
    for (uint64_t i = 0; i < steps; i++) {
        world_step();
    }
    world_stop();
}

static void run_seeds(uint64_t first, uint32_t frames)
{
    const uint64_t only = setting("HV_MODEL_SEED", 0);

    for (uint64_t seed = only ? only : first; seed < (only ? only + 1 : first + 3); seed++) {
        run_seed(seed, frames);
    }
}

static void spaces_do_what_the_model_does(void **state)
{
    (void)state;
    run_seeds(1, FAKE_RAM_PAGES);
}

static void spaces_do_so_when_memory_is_short(void **state)
{
    (void)state;
    run_seeds(101, 350);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spaces_do_what_the_model_does),
        cmocka_unit_test(spaces_do_so_when_memory_is_short),
    };
    return cmocka_run_group_tests_name("aspace model", tests, NULL, NULL);
}

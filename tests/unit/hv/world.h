/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - some address spaces and windows, each with its model, on one CPU of which one space is
 * loaded; random steps that do the same to both and compare. Failures end the test by cmocka and
 * print the last steps.
 */
#pragma once

#include "fake/fake.h"

/** A machine with `frames` frames and no spaces; all random choices follow from `seed`. */
void world_start(uint64_t seed, uint32_t frames);

/** One random step; every some hundred steps everything is audited and compared. */
void world_step(void);

/** Destroys everything and checks that nothing is left. */
void world_stop(void);

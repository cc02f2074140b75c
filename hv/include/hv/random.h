/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - seeds for domains. hv itself uses no randomness. */
#pragma once

#include "hv/types.h"

/** Mixes boot-time entropy in: the loader's seed, clocks. */
void random_init(const uint8_t *seed, size_t bytes);

/** Fresh bytes from seed, RDRAND where CPUID has it, TSC and a counter, through a 256-bit
 * permutation. Not a substitute for RDRAND on a machine without it: docs/limits.md. */
void random_bytes(uint8_t *out, size_t bytes);

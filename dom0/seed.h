/* SPDX-License-Identifier: Apache-2.0 */
/* seed.h - random bytes for guests and for dom0 itself. */
#pragma once

#include <stdint.h>

/** Fills in 32 fresh random bytes: from the CPU (RDRAND), else from the hypervisor. */
void seed_make(uint64_t seed[4]);

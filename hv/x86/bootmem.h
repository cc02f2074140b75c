/* SPDX-License-Identifier: Apache-2.0 */
/* bootmem.h - what the machine layer keeps to itself about early memory; the rest: machine.h. */
#pragma once

#include "hv/types.h"

/** A page below 1 MiB that is not otherwise used, for the other CPUs' start; 0: there is none. */
paddr_t bootmem_low_page(void);

/** From now on memory above 4 GiB can be handed out: the direct map is complete. */
void bootmem_reach_all(void);

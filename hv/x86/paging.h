/* SPDX-License-Identifier: Apache-2.0 */
/* paging.h - what the machine layer keeps to itself about hv's map; the rest: machine.h. */
#pragma once

#include "hv/machine.h"

/** Maps firmware tables for reading, cached. From bootmem, as mmio_map(). */
const void *firmware_map(paddr_t base, uint64_t bytes);

/** The physical address of something in hv's image. */
paddr_t image_to_phys(const void *va);

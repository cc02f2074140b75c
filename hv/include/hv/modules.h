/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - the boot modules and the first domain that is made from one of them. */
#pragma once

#include "hv/boot_info.h"
#include "hv/domain.h"

uint32_t modules_count(void);

/**
 * Makes domain 1 from the module that mayfly.conf names (`dom0 = FILE`, default dom0.elf): loads
 * its segments, maps the module list and all modules read-only at HV_MODULES_VA, writes an info
 * page, gives it all capabilities and a handle on each PCI device (1..n), and starts it. Panics
 * with what to do when the image is missing or broken.
 */
void modules_start_first_domain(const struct boot_info *info);

/* SPDX-License-Identifier: Apache-2.0 */
/* boot.h - the files of the boot volume (boot modules), which hv maps read-only into dom0. */
#pragma once

#include <stdint.h>

struct boot_file {
    const char *name; /* path below the boot folder */
    const void *data;
    uint64_t bytes;
};

/** The number of files. */
uint32_t boot_file_count(void);

/** File number `index`, below boot_file_count(). */
struct boot_file boot_file(uint32_t index);

/** The file of this name; data is NULL when there is none. */
struct boot_file boot_find(const char *name);

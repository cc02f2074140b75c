/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - boots Mayfly in QEMU with some images: prepares the boot volume, starts, cleans up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "manifest.h"
#include "strlist.h"

#define RUN_NO_VERDICT 125 /* exit status when the machine ended without one of its own */
#define RUN_TIMEOUT 124    /* exit status when the time limit ended it, as timeout(1) has it */

struct run_options {
    struct strlist images;   /* image files, folders with a mayfly.yaml, folders of images */
    struct strlist args;     /* replace those of the first image's manifest, when there are any */
    struct strlist settings; /* KEY=VALUE for mayfly.conf */
    struct strlist qemu;     /* more arguments for QEMU */
    struct manifest_port *ports; /* owned; replace those of the manifest, when there are any */
    size_t ports_count;
    unsigned port; /* instead of the host port of the first published port; 0: as it is */
    const char *accel, *dom0, *boot_dir, *serial;
    const char *disk; /* FILE[:SIZE]; NULL: none */
    const char *keys; /* for the boot volume; images must be signed then; NULL: none */
    uint64_t memory_bytes;
    unsigned cpus, gdb_port;
    int limit_ms; /* 0: none */
    bool uefi, shell, dry_run, verbose;
};

/** Runs it. Returns the exit status of the first guest (of the machine), or 1 and more on
 * errors. */
int run_machine(struct run_options *options);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootset.h - what is on the boot volume: mayfly.conf, dom0.elf and the images. Written as a cpio
 * archive for PVH or as a FAT volume's folder for UEFI. dom0/conf.h lists the settings.
 */
#pragma once

#include <stddef.h>

#include "buffer.h"

struct bootset_file {
    char *name, *source; /* owned; path below the boot folder; path on the host */
};

struct bootset {
    struct buffer conf;         /* text of mayfly.conf */
    struct bootset_file *files; /* owned */
    size_t count;
};

/** Adds the line "key = value" to mayfly.conf. */
void bootset_set(struct bootset *set, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Adds a file of the host. Returns -1 (reported) when there is one of that name, or too many. */
int bootset_add(struct bootset *set, const char *name, const char *source);

/** Writes the archive for `qemu -initrd`. Returns -1 on errors (reported). */
int bootset_write_archive(const struct bootset *set, const char *path);

/**
 * Writes the volume below `folder`: EFI/BOOT/BOOTX64.EFI (from `loader`), mayfly/hv.elf (from `hv`)
 * and mayfly/... for the rest. Returns -1 on errors (reported).
 */
int bootset_write_volume(const struct bootset *set, const char *folder, const char *loader,
                         const char *hv);

void bootset_free(struct bootset *set);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpio.h - writes "newc" cpio archives (cpio(5), "New ASCII Format"), the form in which hv takes
 * the boot folder by PVH. No times, owners or inodes of the host get in.
 */
#pragma once

#include "buffer.h"

/** Starts an archive. It is appended to `out`, which then has to begin at a multiple of 4. */
struct cpio {
    struct buffer *out; /* borrowed */
    uint32_t count;
};

/** Adds a folder entry. */
void cpio_add_folder(struct cpio *archive, const char *name);

/** Adds a file. Returns -1 (reported) when it has 4 GiB or more, which the format cannot hold. */
int cpio_add_file(struct cpio *archive, const char *name, const struct buffer *contents);

/** Ends the archive. */
void cpio_finish(struct cpio *archive);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filetree.h - collects files of the host and makes the file tree of an image (struct mf_files of
 * mayfly/image.h). The result depends on names, contents, and the owner's execute bit alone: modes
 * are 0644, 0755 or 0777 (links), times are SOURCE_DATE_EPOCH at most, or 0 without it.
 */
#pragma once

#include "buffer.h"

struct filetree_entry;

struct filetree {
    struct filetree_entry *entries; /* owned */
    size_t count;
};

/**
 * Adds the file or folder `host` as `guest` (see guest_path_clean(); "" only for a folder). Links
 * within a folder stay links. Returns NULL, or what is wrong, a message that the caller owns.
 */
char *filetree_add(struct filetree *tree, const char *host, const char *guest);

/**
 * Appends the tree, with entries for all folders above its files. Appends nothing when there are no
 * entries. Returns NULL, or what is wrong (a path that stands in it twice); the caller owns it.
 */
char *filetree_build(struct filetree *tree, struct buffer *out);

void filetree_free(struct filetree *tree);

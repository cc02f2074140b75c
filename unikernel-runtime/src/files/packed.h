/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packed.h - look-up in the file tree that is packed in the image (struct mf_files, image.h):
 * sorted by path, so that a name is found by bisection and nothing has to be set up.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mayfly/image.h"

#define MF_NAME_MAX 255 /* bytes of a component of a path, here and in the build tool */

/** Makes `files` (`bytes` long, from the image; NULL: none) the tree that is looked at. */
void mf_packed_use(const struct mf_files *files, uint64_t bytes);

/** The entry with path DIRECTORY/NAME, NAME having `bytes` bytes; NULL: none. "" is the root. */
const struct mf_file *mf_packed_find(const char *directory, const char *name, size_t bytes);

/**
 * The entries directly in `directory`, in order: the first one for previous NULL, then the one
 * behind `previous`; NULL: no more.
 */
const struct mf_file *mf_packed_next(const char *directory, const struct mf_file *previous);

const char *mf_packed_path(const struct mf_file *f);
const char *mf_packed_data(const struct mf_file *f);

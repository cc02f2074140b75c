/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - open files of a child, for family/ only. */
#pragma once

#include "family/family.h"
#include "files/open_file.h"

/**
 * A descriptor for number `number` of the owner's table, which is closed if there is none; flags: the
 * file's. Returns it, or -EMFILE, -ENOMEM.
 */
int mf_remote_install(int number, uint32_t flags, uint32_t descriptor_flags);

/** Asks for `op` about `file`; `bytes` of the answer are copied, of a listing what there is. */
ssize_t mf_remote_get(uint32_t op, int64_t file, void *to, size_t bytes);

/* SPDX-License-Identifier: Apache-2.0 */
/* open_file.h - open files of the tree. */
#pragma once

#include "fd/fd.h"
#include "files/node.h"

/** The node of the file or directory open as `fd`; NULL: none. Not a new reference. */
struct mf_node *mf_file_node(int fd);

/** openat(): a descriptor, or a negative errno number. */
int mf_file_open(int directory_fd, const char *path, uint32_t flags, mode_t mode);

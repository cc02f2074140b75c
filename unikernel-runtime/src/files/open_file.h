/* SPDX-License-Identifier: Apache-2.0 */
/* open_file.h - open files of the tree. */
#pragma once

#include "fd/fd.h"
#include "files/node.h"

struct mf_node_file {
    struct mf_open_file file;
    struct mf_node *node; /* owns a reference */
    int lock;             /* of flock(): LOCK_SH, LOCK_EX; 0: none */
};

extern const struct mf_fd_ops mf_file_ops, mf_directory_ops;

/** Their fstat(), and that of open FIFOs, which have a struct mf_node_file in front, too. */
int mf_file_fstat(struct mf_open_file *f, struct stat *st);

/** Whether `f` is a struct mf_node_file. */
static inline bool mf_file_has_node(const struct mf_open_file *f)
{
    return f->ops == &mf_file_ops || f->ops == &mf_directory_ops;
}

/** The node of the file, directory or FIFO open as `fd`; NULL: none. Not a new reference. */
struct mf_node *mf_file_node(int fd);

/** openat(): a descriptor, or a negative errno number. */
int mf_file_open(int directory_fd, const char *path, uint32_t flags, mode_t mode);

/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - from a path to a node: POSIX pathname resolution (POSIX.1-2017, base definitions 4.13).
 */
#pragma once

#include "files/node.h"

#define MF_PATH_FOLLOW 1u /* a symbolic link as the last component is followed */

/* What a path leads to. Nothing in it is a new reference: use it before anything can block. */
struct mf_place {
    struct mf_node *directory; /* that has, or would get, the entry; the root's is the root */
    struct mf_node *node;      /* NULL: no such entry */
    const char *name;          /* the last component, not NUL-terminated; "", "." and ".." occur */
    size_t name_bytes;
    bool wants_directory; /* the path ends with a slash */
};

/**
 * Resolves `path` from the directory open as `fd`, or the working directory for AT_FDCWD. The last
 * component may be missing: *out has node NULL then. Errors: -ENOENT, -ENOTDIR, -ENAMETOOLONG,
 * -ELOOP, -EBADF, -ENOMEM.
 */
int mf_path_find(int fd, const char *path, unsigned int flags, struct mf_place *out);

/** As mf_path_find(), but a missing last component is -ENOENT. */
int mf_path_node(int fd, const char *path, unsigned int flags, struct mf_node **out);

/** Writes the absolute path of directory or file `n`. Returns its length, or -ERANGE, -ENOENT. */
ssize_t mf_path_of(const struct mf_node *n, char *buffer, size_t bytes);

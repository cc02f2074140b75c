/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - from a path to a node: POSIX pathname resolution (POSIX.1-2017, base definitions
 * 4.13). */
#pragma once

#include "files/node.h"

#define MF_PATH_FOLLOW 1u /* a symbolic link as the last component is followed */

/* What a path leads to. Nothing in it is a new reference: use it before anything can block. */
struct mf_place {
    struct mf_node *directory; /* that has, or would get, the entry; the root's is the root */
    struct mf_node *node;      /* NULL: no such entry */
    struct mf_entry *entry;    /* of `node`; NULL where the path ends in "/", "." or ".." */
    const char *name;          /* the last component, not NUL-terminated; "", "." and ".." occur */
    size_t name_bytes;
    bool wants_directory; /* the path ends with a slash */
};

/**
 * Resolves `path` from the directory open as `fd`, or the working directory for AT_FDCWD. The last
 * component may be missing: *out has node NULL then. Errors: -ENOENT, -ENOTDIR, -ENAMETOOLONG,
 * -ELOOP, -EACCES, -EBADF, -ENOMEM.
 */
int mf_path_find(int fd, const char *path, unsigned int flags, struct mf_place *out);

/** As mf_path_find(), but a missing last component is -ENOENT. */
int mf_path_node(int fd, const char *path, unsigned int flags, struct mf_node **out);

/**
 * Makes a file of type and permissions `mode` at `path`, where nothing may be; the creation mask is
 * not looked at. *out is not a new reference. Errors: those of mf_path_find(), -EEXIST, -EACCES,
 * -ENOSPC.
 */
int mf_path_make(int fd, const char *path, uint32_t mode, struct mf_node **out);

/** The same at a place that mf_path_find() found empty. */
int mf_path_make_at(const struct mf_place *place, uint32_t mode, struct mf_node **out);

/** The number N of a path /dev/fd/N, /proc/self/fd/N or /dev/stdin, stdout, stderr; else -1. */
int mf_path_descriptor(const char *path);

/** Whether entries of `directory` may be made and removed by the user that is in force. */
int mf_path_check_writable(const struct mf_node *directory);

/** The working directory; owns a reference; NULL: the root. */
extern struct mf_node *mf_working_directory;

/** open()'s and mkdir()'s mask. */
extern mode_t mf_creation_mask;

/* SPDX-License-Identifier: Apache-2.0 */
/* named.h - objects that processes share by name, semaphores and message queues: files in /dev/shm. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define MF_NAMED_FOLDER "/dev/shm/"

/**
 * Opens the file `path` of that folder, or, as `flags` have O_CREAT and O_EXCL, makes it; then fill() is
 * called with it, which returns 0 or a negative errno number, and it gets its name when it is
 * complete. Returns a descriptor, or a negative errno number; *is_new: it was made.
 */
int mf_named_open(const char *path, int flags, mode_t mode, int (*fill)(int fd, const void *with),
                  const void *with, bool *is_new);

/** As unlink(): negative errno numbers, EACCES of what is another user's. */
int mf_named_unlink(const char *path);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - the console: the rings of the info page, or, where there are none and the domain may
 * use it (dom0), the machine's serial line; else output vanishes and input never comes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fd/fd.h"

/**
 * The console as an open file: descriptors 0, 1 and 2, /dev/console. A static object, with room for what
 * takes its place in a child of fork() (family/remote_console.c).
 */
extern struct mf_console_file {
    struct mf_open_file file;
    uint64_t room;
} mf_console;

extern const struct mf_fd_ops mf_console_ops;

/** Writes all of it without letting another thread run: for faults and the end of the guest. */
void mf_console_write_now(const void *data, size_t bytes);

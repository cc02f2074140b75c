/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fifo.h - FIFOs in the file system (POSIX.1-2017, mkfifo() and open()). Linked only into programs that
 * make such nodes: these carry the function that opens them.
 */
#pragma once

#include "fd/fd.h"
#include "files/node.h"

/**
 * Opens a FIFO. For O_RDONLY or O_WRONLY without O_NONBLOCK it waits until the other end is open, too.
 * flags: as open()'s. For a child of fork(), whose family's FIFOs are its owner's, it does not wait: the
 * child does. Errors: -ENXIO (O_WRONLY and O_NONBLOCK, and nobody reads), -EINTR, -ENOMEM.
 */
int mf_fifo_open(struct mf_node *n, uint32_t flags, struct mf_open_file **out);

/** Whether an open() of that file would not wait (any more): 0 or -EAGAIN. */
int mf_fifo_meets(struct mf_open_file *f);

extern const struct mf_fd_ops mf_fifo_ops;

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backlog.h - QEMU's user network listens with a backlog of 1, so the host drops all but two of the
 * connections that come at once, and their clients try again after 1, 2, 4 ... seconds.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * Gives all listening TCP sockets of our child `pid` the longest backlog that the host allows:
 * listen(2) on a listening socket changes just that. Returns how many; 0 also where the host does
 * not let us (pidfd_getfd(2)).
 */
unsigned backlog_widen(pid_t pid, int pid_fd);

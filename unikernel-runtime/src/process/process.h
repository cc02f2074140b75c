/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - guests as POSIX processes: fork() is a clone of the guest that dom0 makes, and parents
 * and children know each other through dom0 (struct mf_process of mayfly/info.h).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* While a child attaches to its window: it is a child, not another copy of its origin. */
extern bool mf_process_is_child;

/**
 * Sends `sig` (0: none) to other processes of the family: to `pid`, or, when that is not positive, to
 * all others. Returns 0 or an errno number; 0 when there are no others to be sent to, as the caller
 * is one of them.
 */
int mf_process_kill(pid_t pid, int sig);

/** Tells dom0 whether children that end are to wait for the parent: as SIGCHLD is handled. */
void mf_process_tell_zombies(void);

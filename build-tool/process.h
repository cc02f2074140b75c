/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - programs that we start. They end when we end, however that happens. */
#pragma once

#include <sys/types.h>

#include "strlist.h"

/**
 * Starts argv.items in `folder` (NULL: ours), found by PATH, as a process group of its own, so that
 * process_wait() can end what it starts, too. Gets SIGKILL when this process dies. Returns its id, or
 * -1 (reported).
 */
pid_t process_start(const struct strlist *argv, const char *folder);

/**
 * The same for a program that we stop ourselves: Ctrl-C does not reach it. `in_fd` becomes its
 * stdin (-1: ours), `out_fd` its stdout.
 */
pid_t process_start_guarded(const struct strlist *argv, int in_fd, int out_fd);

/**
 * Waits for its end; kills it, and its group, when we are to end ourselves (interrupt.h). Returns its
 * exit status, or 128 + the signal that ended it.
 */
int process_wait(pid_t pid);

/** Programs that are started from now on have this descriptor open, too, and so has what they start. */
void process_pass_on(int fd);

/** Whether a program of this name is found by PATH. */
int process_exists(const char *name);

/* SPDX-License-Identifier: Apache-2.0 */
/* pause.h - how work on the disk lets the rest of dom0 live, and tells how far it is. */
#pragma once

#include <stdint.h>

/** Begins a command: nothing has been moved. */
void pause_begin(void);

/** Serves network, guests and timers, on a thread that works on the disk beside a command. */
void pause_serve(void);

/**
 * Called at least every 256 KiB of work, on the command's own thread: serves network, guests and
 * timers. `bytes` more have been moved; every second that is printed.
 */
void pause_here(uint64_t bytes);

/** The user wants the command to end. Until the next pause_begin(). */
void pause_cancel(void);

/** NULL, or why the command is to end: where it can do so without having changed anything. */
const char *pause_problem(void);

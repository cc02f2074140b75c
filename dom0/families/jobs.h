/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.h - what processes of a family do to each other: signals with what siginfo_t says of them,
 * waiting, process groups and sessions, stopping and continuing (POSIX.1-2008, 3.296 and "Job
 * Control"). Requests of the guests, see mayfly/info.h.
 *
 * Stopped  The runtime stops itself: it asks MF_REQUEST_STOP in thread context, where it holds
 *          nothing, and does nothing until that is answered, which SIGCONT does. So hv knows nothing of
 *          it, and `pause` is another thing.
 * Cost     A signal to one process, its number given: a look at up to 512 members.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct guest;
struct process;

/** Registers the requests. */
void jobs_init(void);

/** Sends a signal to a running guest, from outside of its family. */
void jobs_signal(struct guest *g, uint32_t signal);

/** A signal has stopped it. */
bool jobs_is_stopped(const struct guest *g);

/** `p`, whose guest is gone already (slot), ends: groups that it leaves as orphans are told. */
void jobs_ends(struct process *p);

/** Tells the parent of `p`, which has one, how it has ended. */
void jobs_tell_end(const struct process *p);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork.c - fork(): dom0 clones the guest while it does nothing but wait for dom0's answer, so
 * everything in the child is as it was at the call. The child knows itself by its info page: a
 * generation that its memory does not know, with the answer in it.
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "family/family.h"
#include "fd/fd_internal.h"
#include "fd/pipe.h"
#include "fd/queue.h"
#include "process/process.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/request.h"
#include "time/alarm.h"

/* They have to be there to be in the place of others (family/family.h). */
extern const char *const mf_fork_links[];
const char *const mf_fork_links[] = {
    &mf_family_paths, &mf_family_descriptors, &mf_family_memory,    &mf_family_mutex,
    &mf_family_cond,  &mf_family_rwlock,      &mf_family_semaphore, &mf_family_sockets};

/* In the place of mqueue.c's. */
#pragma weak mf_family_queues
const struct mf_queue_store *mf_queue_store = &mf_family_queues;

/* POSIX: signals and timers that wait for the parent do not wait for the child. */
static void become_child(void)
{
    const bool was_alone = mf_thread_count == 1;

    mf_thread_forget_others();
    if (!was_alone) {
        mf_fd_recount();
    }
    mf_signal_forget(NULL);
    mf_interval_timers_forget();
    mf_posix_timers_forget();
    mf_jobs_begin_child();
}

/* Returns 0 or an errno number. *pid is 0 in the child, which is not attached to anything yet. */
static int make_child(uint64_t *pid)
{
    int64_t err = mf_pipes_share();
    const int user = err == 0 ? mf_family_prepare() : 0;

    if (user < 0) {
        return -user;
    }
    if (err == 0) {
        err = mf_request_alone(MF_REQUEST_FORK, (uint64_t)user, 0, become_child, pid);
    }
    if (err == 0 && *pid == 0) {
        mf_family_become(user);
    } else if (err != 0) {
        mf_family_cancel(user);
    }
    return err == HV_ERR_BUSY ? EAGAIN : mf_request_errno(err);
}

pid_t fork(void)
{
    uint64_t pid = 0;

    mf_jobs_begin();
    mf_atfork_prepare();
    const int err = make_child(&pid);
    const bool is_child = err == 0 && pid == 0;
    if (is_child) { /* attaches everything to the new window */
        mf_process_is_child = true;
        mf_critical_enter();
        mf_process_is_child = false;
        mf_process_tell_zombies();
        mf_critical_leave();
    }
    mf_atfork_after(is_child);
    if (err != 0) {
        errno = err;
        return -1;
    }
    return (pid_t)pid;
}

/* POSIX let vfork() be fork(). The parent does not wait. */
pid_t vfork(void)
{
    return fork();
}

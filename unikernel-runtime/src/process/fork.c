/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork.c - fork(): dom0 clones the guest while it does nothing but wait for dom0's answer, so
 * everything in the child is as it was at the call. The child knows itself by its info page: a
 * generation that its memory does not know, with the answer in it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "fd/pipe.h"
#include "process/process.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/request.h"
#include "time/alarm.h"

/* Of pthread_atfork(), in the order of registration. */
struct handlers {
    struct handlers *next, *previous;
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
};

bool mf_process_is_child;

static struct handlers *first, *last;

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    struct handlers *const h = malloc(sizeof(*h));

    if (h == NULL) {
        return ENOMEM;
    }
    *h = (struct handlers){.previous = last, .prepare = prepare, .parent = parent, .child = child};
    *(last != NULL ? &last->next : &first) = h;
    last = h;
    return 0;
}

static void run_prepare(void)
{
    for (const struct handlers *h = last; h != NULL; h = h->previous) {
        if (h->prepare != NULL) {
            h->prepare();
        }
    }
}

static void run_after(bool is_child)
{
    for (const struct handlers *h = first; h != NULL; h = h->next) {
        void (*const fn)(void) = is_child ? h->child : h->parent;
        if (fn != NULL) {
            fn();
        }
    }
}

/* POSIX: signals and timers that wait for the parent do not wait for the child. */
static void become_child(void)
{
    mf_thread_forget_others();
    mf_signal_forget(NULL);
    mf_interval_timers_forget();
    mf_posix_timers_forget();
    mf_jobs_begin_child();
}

pid_t fork(void)
{
    uint64_t pid = 0;

    mf_jobs_begin();
    run_prepare();
    int64_t err = mf_pipes_share();
    if (err == 0) {
        err = mf_request_alone(MF_REQUEST_FORK, 0, 0, become_child, &pid);
    }
    const bool is_child = err == 0 && pid == 0;
    if (is_child) { /* attaches everything to the new window */
        mf_process_is_child = true;
        mf_critical_enter();
        mf_process_is_child = false;
        mf_process_tell_zombies();
        mf_critical_leave();
    }
    run_after(is_child);
    if (err != 0) {
        errno = err == HV_ERR_BUSY ? EAGAIN : mf_request_errno(err);
        return -1;
    }
    return (pid_t)pid;
}

/* POSIX let vfork() be fork(). The parent does not wait. */
pid_t vfork(void)
{
    return fork();
}

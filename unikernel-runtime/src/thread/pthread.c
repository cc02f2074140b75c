/* SPDX-License-Identifier: Apache-2.0 */
/* pthread.c - POSIX threads: life, names, once. pthread_t is the address of the thread object. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thread/thread_internal.h"
#include "time/time_internal.h"

static struct mf_thread *thread_of(pthread_t thread)
{
    return (struct mf_thread *)thread;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    struct mf_thread *t;
    struct mf_thread_spec spec = {0};
    if (attr != NULL) {
        spec = (struct mf_thread_spec){.stack_bytes = attr->__stacksize,
                                       .guard_bytes = attr->__guardsize,
                                       .stack = attr->__stackaddr,
                                       .detached = attr->__detachstate == PTHREAD_CREATE_DETACHED};
    }
    const int err = mf_thread_create(fn, arg, &spec, &t);
    if (err == 0) {
        *thread = (pthread_t)t;
    }
    return -err;
}

int pthread_join(pthread_t thread, void **result)
{
    struct mf_thread *const t = thread_of(thread);
    if (t == mf_thread_self()) {
        return EDEADLK;
    }
    if (t->detached || t->joined) {
        return EINVAL;
    }
    mf_thread_test_cancel();
    t->joined = 1;
    const int err = mf_thread_join(t, result);
    if (err != 0) {
        t->joined = 0;
        mf_thread_test_cancel();
    }
    return -err;
}

int pthread_detach(pthread_t thread)
{
    if (thread_of(thread)->detached || thread_of(thread)->joined) {
        return EINVAL;
    }
    mf_thread_detach(thread_of(thread));
    return 0;
}

pthread_t pthread_self(void)
{
    return (pthread_t)mf_thread_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

int sched_yield(void)
{
    mf_thread_yield();
    return 0;
}

void pthread_yield(void)
{
    mf_thread_yield();
}

int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
    *clock = MF_THREAD_CLOCK(thread_of(thread)->id);
    return 0;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
    if (strlen(name) >= sizeof(thread_of(thread)->name)) {
        return ERANGE;
    }
    strcpy(thread_of(thread)->name, name);
    return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t bytes)
{
    if (bytes <= strlen(thread_of(thread)->name)) {
        return ERANGE;
    }
    strcpy(name, thread_of(thread)->name);
    return 0;
}

enum { NOT_RUN, RUNNING, DONE };

static struct mf_waitq once_waiters; /* for any: it is short and rare */

/* The function was cancelled: as if it had never been called. */
static void undo_once(void *once)
{
    *(pthread_once_t *)once = NOT_RUN;
    mf_waitq_wake_all(&once_waiters);
}

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
    while (*once == RUNNING) {
        mf_thread_block(&once_waiters, MF_NEVER, 0);
    }
    if (*once == NOT_RUN) {
        *once = RUNNING;
        pthread_cleanup_push(undo_once, once);
        fn();
        pthread_cleanup_pop(0);
        *once = DONE;
        mf_waitq_wake_all(&once_waiters);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* cond.c - POSIX condition variables. A signal handler that runs meanwhile is a spurious
 * wake-up. */
#include <errno.h>
#include <pthread.h>

#include "files/own.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(pthread_cond_t *c)
{
    return (struct mf_waitq *)&c->__waiters;
}

/* The mutex is held again when the caller is cancelled, as its clean-up handlers expect. */
static int wait_until(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline_ns)
{
    const unsigned int count = m->__count; /* a recursive mutex is released as a whole */
    if (m->__owner != mf_thread_self()) {
        return EPERM;
    }
    mf_thread_test_cancel();
    m->__count = 1;
    pthread_mutex_unlock(m);
    const int err = mf_thread_block(waiters_of(c), deadline_ns, MF_WAIT_CANCEL);
    const int lock_err = pthread_mutex_lock(m);
    m->__count = count;
    if (err == -EINTR) {
        mf_thread_test_cancel();
    }
    return lock_err != 0 ? lock_err : err == -ETIMEDOUT ? ETIMEDOUT : 0;
}

MF_REPLACEABLE int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return wait_until(c, m, MF_NEVER);
}

MF_REPLACEABLE int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
                                          const struct timespec *deadline)
{
    if (!mf_timespec_is_valid(deadline)) {
        return EINVAL;
    }
    const clockid_t clock = c->__clock == 0 ? CLOCK_REALTIME : (clockid_t)c->__clock;
    return wait_until(c, m, mf_deadline_of_time(clock, deadline));
}

MF_REPLACEABLE int pthread_cond_signal(pthread_cond_t *c)
{
    mf_waitq_wake_one(waiters_of(c));
    return 0;
}

MF_REPLACEABLE int pthread_cond_broadcast(pthread_cond_t *c)
{
    mf_waitq_wake_all(waiters_of(c));
    return 0;
}

MF_REPLACEABLE int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
    *c = (pthread_cond_t){0};
    c->__clock = attr == NULL ? 0 : attr->__clock;
    return 0;
}

MF_REPLACEABLE int pthread_cond_destroy(pthread_cond_t *c)
{
    return mf_waitq_is_empty(waiters_of(c)) ? 0 : EBUSY;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
    *attr = (pthread_condattr_t){.__clock = CLOCK_REALTIME};
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    if (clock != (clockid_t)CLOCK_REALTIME && clock != (clockid_t)CLOCK_MONOTONIC) {
        return EINVAL;
    }
    attr->__clock = clock;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr, clockid_t *restrict clock)
{
    *clock = (clockid_t)attr->__clock;
    return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED) {
        return EINVAL;
    }
    attr->__process_shared = shared;
    return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *attr, int *shared)
{
    *shared = attr->__process_shared;
    return 0;
}

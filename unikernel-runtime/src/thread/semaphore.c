/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semaphore.c - POSIX semaphores. A wait is interrupted by signal handlers, unless all had
 * SA_RESTART. Named ones: libc/named_semaphore.c.
 */
#include <semaphore.h>

#include <errno.h>

#include "fd/fd.h"
#include "files/own.h"
#include "signal/signal_internal.h"
#include "thread/own_semaphore.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(sem_t *s)
{
    return (struct mf_waitq *)&s->__waiters;
}

int mf_own_sem_init(sem_t *s, int shared, unsigned int value)
{
    (void)shared;
    if (value > SEM_VALUE_MAX) {
        return (int)mf_ret(-EINVAL);
    }
    *s = (sem_t){.__value = value};
    return 0;
}
int sem_init(sem_t *s, int shared, unsigned int value) MF_OWN(sem_init);

int mf_own_sem_destroy(sem_t *s)
{
    return mf_waitq_is_empty(waiters_of(s)) ? 0 : (int)mf_ret(-EBUSY);
}
int sem_destroy(sem_t *s) MF_OWN(sem_destroy);

int mf_own_sem_post(sem_t *s)
{
    if (s->__value == SEM_VALUE_MAX) {
        return (int)mf_ret(-EOVERFLOW);
    }
    s->__value++;
    mf_waitq_wake_one(waiters_of(s));
    return 0;
}
int sem_post(sem_t *s) MF_OWN(sem_post);

int mf_own_sem_trywait(sem_t *s)
{
    if (s->__value == 0) {
        return (int)mf_ret(-EAGAIN);
    }
    s->__value--;
    return 0;
}
int sem_trywait(sem_t *s) MF_OWN(sem_trywait);

static int wait_until(sem_t *s, uint64_t deadline_ns)
{
    while (s->__value == 0) {
        const int err = mf_thread_block(waiters_of(s), deadline_ns, MF_WAIT_CANCEL);
        if (err == -EINTR) {
            mf_thread_test_cancel();
        }
        if (err != 0 && s->__value == 0 && (err != -EINTR || !mf_signal_restarts())) {
            return (int)mf_ret(err);
        }
    }
    s->__value--;
    return 0;
}

int mf_own_sem_wait(sem_t *s)
{
    mf_thread_test_cancel();
    return wait_until(s, MF_NEVER);
}
int sem_wait(sem_t *s) MF_OWN(sem_wait);

int mf_own_sem_timedwait(sem_t *restrict s, const struct timespec *restrict deadline)
{
    mf_thread_test_cancel();
    if (s->__value != 0) {
        s->__value--;
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? wait_until(s, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : (int)mf_ret(-EINVAL);
}
int sem_timedwait(sem_t *restrict s, const struct timespec *restrict deadline)
    MF_OWN(sem_timedwait);

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
    *value = (int)s->__value;
    return 0;
}

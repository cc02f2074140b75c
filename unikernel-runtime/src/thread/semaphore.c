/* SPDX-License-Identifier: Apache-2.0 */
/* semaphore.c - POSIX unnamed semaphores and barriers. */
#include <semaphore.h>

#include <errno.h>
#include <pthread.h>

#include "fd/fd.h"
#include "thread/thread.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(sem_t *s)
{
    return (struct mf_waitq *)&s->__waiters;
}

int sem_init(sem_t *s, int shared, unsigned int value)
{
    (void)shared;
    if (value > SEM_VALUE_MAX) {
        return (int)mf_ret(-EINVAL);
    }
    *s = (sem_t){.__value = value};
    return 0;
}

int sem_destroy(sem_t *s)
{
    return mf_waitq_is_empty(waiters_of(s)) ? 0 : (int)mf_ret(-EBUSY);
}

int sem_post(sem_t *s)
{
    if (s->__value == SEM_VALUE_MAX) {
        return (int)mf_ret(-EOVERFLOW);
    }
    s->__value++;
    mf_waitq_wake_one(waiters_of(s));
    return 0;
}

int sem_trywait(sem_t *s)
{
    if (s->__value == 0) {
        return (int)mf_ret(-EAGAIN);
    }
    s->__value--;
    return 0;
}

static int wait_until(sem_t *s, uint64_t deadline_ns)
{
    while (s->__value == 0) {
        const int err = mf_thread_wait(waiters_of(s), deadline_ns);
        if (err != 0 && s->__value == 0) {
            return (int)mf_ret(err);
        }
    }
    s->__value--;
    return 0;
}

int sem_wait(sem_t *s)
{
    return wait_until(s, MF_NEVER);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict deadline)
{
    if (s->__value != 0) {
        s->__value--;
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? wait_until(s, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : (int)mf_ret(-EINVAL);
}

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
    *value = (int)s->__value;
    return 0;
}

/* ---- barriers ------------------------------------------------------------------------------ */

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
                         unsigned int limit)
{
    (void)attr;
    if (limit == 0) {
        return EINVAL;
    }
    *b = (pthread_barrier_t){.__limit = limit};
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
    return b->__count != 0 ? EBUSY : 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
    struct mf_waitq *const waiters = (struct mf_waitq *)&b->__waiters;
    const unsigned int round = b->__round;
    if (++b->__count == b->__limit) {
        b->__count = 0;
        b->__round++;
        mf_waitq_wake_all(waiters);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (b->__round == round) {
        mf_thread_wait(waiters, MF_NEVER);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* rwlock.c - POSIX read-write locks. Waiting writers go before new readers. */
#include <errno.h>
#include <pthread.h>

#include "files/own.h"
#include "thread/rwlock.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(pthread_rwlock_t *l)
{
    return (struct mf_waitq *)&l->__waiters;
}

int mf_own_pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    if (l->__writer != NULL || l->__writers_waiting != 0) {
        return EBUSY;
    }
    if (l->__readers == UINT32_MAX) {
        return EAGAIN;
    }
    l->__readers++;
    return 0;
}
int pthread_rwlock_tryrdlock(pthread_rwlock_t *l) MF_OWN(pthread_rwlock_tryrdlock);

int mf_own_pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    if (l->__writer != NULL || l->__readers != 0) {
        return EBUSY;
    }
    l->__writer = mf_thread_self();
    return 0;
}
int pthread_rwlock_trywrlock(pthread_rwlock_t *l) MF_OWN(pthread_rwlock_trywrlock);

static int read_until(pthread_rwlock_t *l, uint64_t deadline_ns)
{
    if (l->__writer == mf_thread_self()) {
        return EDEADLK;
    }
    int err;
    while ((err = pthread_rwlock_tryrdlock(l)) == EBUSY) {
        if (mf_thread_block(waiters_of(l), deadline_ns, 0) == -ETIMEDOUT) {
            return ETIMEDOUT;
        }
    }
    return err;
}

static int write_until(pthread_rwlock_t *l, uint64_t deadline_ns)
{
    int err = 0;
    if (l->__writer == mf_thread_self()) {
        return EDEADLK;
    }
    l->__writers_waiting++;
    while (pthread_rwlock_trywrlock(l) != 0 && err != -ETIMEDOUT) {
        err = mf_thread_block(waiters_of(l), deadline_ns, 0);
    }
    l->__writers_waiting--;
    if (l->__writer == mf_thread_self()) {
        return 0;
    }
    mf_waitq_wake_all(waiters_of(l)); /* readers that waited for this writer */
    return ETIMEDOUT;
}

int mf_own_pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return read_until(l, MF_NEVER);
}
int pthread_rwlock_rdlock(pthread_rwlock_t *l) MF_OWN(pthread_rwlock_rdlock);

int mf_own_pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return write_until(l, MF_NEVER);
}
int pthread_rwlock_wrlock(pthread_rwlock_t *l) MF_OWN(pthread_rwlock_wrlock);

int mf_own_pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *deadline)
{
    if (pthread_rwlock_tryrdlock(l) == 0) {
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? read_until(l, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : EINVAL;
}
int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *deadline)
    MF_OWN(pthread_rwlock_timedrdlock);

int mf_own_pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *deadline)
{
    if (pthread_rwlock_trywrlock(l) == 0) {
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? write_until(l, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : EINVAL;
}
int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *deadline)
    MF_OWN(pthread_rwlock_timedwrlock);

int mf_own_pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    if (l->__writer == mf_thread_self()) {
        l->__writer = NULL;
    } else if (l->__writer != NULL || l->__readers == 0) {
        return EPERM;
    } else {
        l->__readers--;
    }
    if (l->__readers == 0) {
        mf_waitq_wake_all(waiters_of(l)); /* each looks whether it may go on */
    }
    return 0;
}
int pthread_rwlock_unlock(pthread_rwlock_t *l) MF_OWN(pthread_rwlock_unlock);

MF_REPLACEABLE int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
    (void)attr;
    *l = (pthread_rwlock_t){0};
    return 0;
}

int mf_own_pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    return l->__writer != NULL || l->__readers != 0 ? EBUSY : 0;
}
int pthread_rwlock_destroy(pthread_rwlock_t *l) MF_OWN(pthread_rwlock_destroy);

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
    *attr = (pthread_rwlockattr_t){0};
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED) {
        return EINVAL;
    }
    attr->__process_shared = shared;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *attr, int *shared)
{
    *shared = attr->__process_shared;
    return 0;
}

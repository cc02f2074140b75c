/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutex.c - POSIX mutexes and spin locks. Threads are cooperative, so a free mutex is taken by a
 * store. Unlocking wakes the first waiter, which takes the mutex when it runs, unless another was
 * faster.
 */
#include <errno.h>
#include <pthread.h>

#include "thread/thread.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(pthread_mutex_t *m)
{
    return (struct mf_waitq *)&m->__waiters;
}

/* The cases in which the caller does not wait: 0 taken, an errno number, or -1: wait. */
static int try_lock(pthread_mutex_t *m)
{
    struct mf_thread *const self = mf_thread_self();
    if (m->__owner == NULL) {
        m->__owner = self;
        m->__count = 1;
        return 0;
    }
    if (m->__owner == self && m->__type != PTHREAD_MUTEX_NORMAL) {
        if (m->__type == PTHREAD_MUTEX_ERRORCHECK) {
            return EDEADLK;
        }
        if (m->__count == UINT32_MAX) {
            return EAGAIN;
        }
        m->__count++;
        return 0;
    }
    return -1;
}

static int lock_until(pthread_mutex_t *m, uint64_t deadline_ns)
{
    int r;
    while ((r = try_lock(m)) < 0) {
        if (mf_thread_wait(waiters_of(m), deadline_ns) == -ETIMEDOUT) {
            return ETIMEDOUT;
        }
    }
    return r;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    return lock_until(m, MF_NEVER);
}

int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *deadline)
{
    const int r = try_lock(m);
    if (r >= 0) {
        return r;
    }
    return mf_timespec_is_valid(deadline)
               ? lock_until(m, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : EINVAL;
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    const int r = try_lock(m);
    return r < 0 || r == EDEADLK ? EBUSY : r;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (m->__type != PTHREAD_MUTEX_NORMAL && m->__owner != mf_thread_self()) {
        return EPERM;
    }
    if (--m->__count == 0) {
        m->__owner = NULL;
        mf_waitq_wake_one(waiters_of(m));
    }
    return 0;
}

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    *m = (pthread_mutex_t){0};
    m->__type = attr == NULL ? PTHREAD_MUTEX_DEFAULT : (unsigned int)attr->__type;
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return m->__owner != NULL ? EBUSY : 0;
}

/* ---- attributes ---------------------------------------------------------------------------- */

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    *attr = (pthread_mutexattr_t){0};
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK) {
        return EINVAL;
    }
    attr->__type = type;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *attr, int *type)
{
    *type = attr->__type;
    return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED) {
        return EINVAL;
    }
    attr->__process_shared = shared; /* there is one process */
    return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *attr, int *shared)
{
    *shared = attr->__process_shared;
    return 0;
}

/* ---- spin locks: whoever does not get one lets the others run -----------------------------------
 */

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    (void)shared;
    *lock = 0;
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    (void)lock;
    return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    if (*lock != 0) {
        return EBUSY;
    }
    *lock = 1;
    return 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    while (pthread_spin_trylock(lock) != 0) {
        mf_thread_yield();
    }
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    *lock = 0;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutex.c - POSIX mutexes and spin locks. Code of the runtime is not interrupted, so a free mutex is
 * taken by a store. Unlocking wakes the first waiter, which takes the mutex when it runs, unless
 * another was faster. No priorities: PTHREAD_PRIO_NONE only.
 *
 * A robust mutex is in its owner's list. When the owner ends, it is free and OWNER_DIED; who takes it
 * then is told EOWNERDEAD, and unlocking without pthread_mutex_consistent() makes it UNUSABLE.
 */
#include <errno.h>
#include <pthread.h>

#include "files/own.h"
#include "thread/mutex.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(pthread_mutex_t *m)
{
    return (struct mf_waitq *)&m->__waiters;
}

/* ---- robust ones --------------------------------------------------------------------------- */

static int take_robust(pthread_mutex_t *m, struct mf_thread *self)
{
    if ((m->__type & MF_MUTEX_UNUSABLE) != 0) {
        m->__owner = NULL;
        mf_waitq_wake_one(waiters_of(m));
        return ENOTRECOVERABLE;
    }
    m->__next = self->robust_mutexes;
    self->robust_mutexes = m;
    return (m->__type & MF_MUTEX_OWNER_DIED) != 0 ? EOWNERDEAD : 0;
}

static void leave_robust(pthread_mutex_t *m, struct mf_thread *self)
{
    void **link = &self->robust_mutexes;
    while (*link != m) {
        link = &((pthread_mutex_t *)*link)->__next;
    }
    *link = m->__next;
    if ((m->__type & MF_MUTEX_OWNER_DIED) != 0) {
        m->__type |= MF_MUTEX_UNUSABLE;
        mf_waitq_wake_all(waiters_of(m));
    }
}

MF_REPLACEABLE void mf_mutex_abandon(struct mf_thread *self)
{
    pthread_mutex_t *m;
    while ((m = (pthread_mutex_t *)self->robust_mutexes) != NULL) {
        self->robust_mutexes = m->__next;
        m->__type |= MF_MUTEX_OWNER_DIED;
        m->__owner = NULL;
        mf_waitq_wake_one(waiters_of(m));
    }
}

int mf_own_pthread_mutex_consistent(pthread_mutex_t *m)
{
    if ((m->__type & MF_MUTEX_OWNER_DIED) == 0 || m->__owner != mf_thread_self()) {
        return EINVAL;
    }
    m->__type &= ~MF_MUTEX_OWNER_DIED;
    return 0;
}
int pthread_mutex_consistent(pthread_mutex_t *m) MF_OWN(pthread_mutex_consistent);

/* ---- locking ------------------------------------------------------------------------------- */

/* The cases in which the caller does not wait: 0 taken, an errno number, or -1: wait. */
static int try_lock(pthread_mutex_t *m)
{
    struct mf_thread *const self = mf_thread_self();
    if (m->__owner == NULL) {
        m->__owner = self;
        m->__count = 1;
        return (m->__type & MF_MUTEX_ROBUST) == 0 ? 0 : take_robust(m, self);
    }
    if (m->__owner == self && (m->__type & MF_MUTEX_TYPE_MASK) != PTHREAD_MUTEX_NORMAL) {
        if ((m->__type & MF_MUTEX_TYPE_MASK) == PTHREAD_MUTEX_ERRORCHECK) {
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
        if (mf_thread_block(waiters_of(m), deadline_ns, 0) == -ETIMEDOUT) {
            return ETIMEDOUT;
        }
        if ((mf_thread_self()->cancel & MF_CANCEL_ASYNC) != 0 && mf_thread_is_cancelled()) {
            mf_waitq_wake_one(waiters_of(m)); /* it may have been the caller's turn */
            mf_thread_test_cancel();
        }
    }
    return r;
}

int mf_own_pthread_mutex_lock(pthread_mutex_t *m)
{
    return lock_until(m, MF_NEVER);
}
int pthread_mutex_lock(pthread_mutex_t *m) MF_OWN(pthread_mutex_lock);

int mf_own_pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *deadline)
{
    const int r = try_lock(m);
    if (r >= 0) {
        return r;
    }
    return mf_timespec_is_valid(deadline)
               ? lock_until(m, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : EINVAL;
}
int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *deadline)
    MF_OWN(pthread_mutex_timedlock);

int mf_own_pthread_mutex_trylock(pthread_mutex_t *m)
{
    const int r = try_lock(m);
    return r < 0 || r == EDEADLK ? EBUSY : r;
}
int pthread_mutex_trylock(pthread_mutex_t *m) MF_OWN(pthread_mutex_trylock);

int mf_own_pthread_mutex_unlock(pthread_mutex_t *m)
{
    struct mf_thread *const self = mf_thread_self();
    if (m->__type != PTHREAD_MUTEX_NORMAL && m->__owner != self) {
        return EPERM;
    }
    if (--m->__count == 0) {
        m->__owner = NULL;
        if ((m->__type & MF_MUTEX_ROBUST) != 0) {
            leave_robust(m, self);
        }
        mf_waitq_wake_one(waiters_of(m));
    }
    return 0;
}
int pthread_mutex_unlock(pthread_mutex_t *m) MF_OWN(pthread_mutex_unlock);

int mf_own_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    *m = (pthread_mutex_t){0};
    if (attr != NULL) {
        m->__type = (unsigned int)attr->__type | (attr->__robust ? MF_MUTEX_ROBUST : 0);
    }
    return 0;
}
int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
    MF_OWN(pthread_mutex_init);

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return m->__owner != NULL ? EBUSY : 0;
}

int pthread_mutex_getprioceiling(const pthread_mutex_t *restrict m, int *restrict ceiling)
{
    (void)m;
    (void)ceiling;
    return EINVAL; /* no mutex has PTHREAD_PRIO_PROTECT */
}

int pthread_mutex_setprioceiling(pthread_mutex_t *restrict m, int ceiling, int *restrict old)
{
    (void)ceiling;
    return pthread_mutex_getprioceiling(m, old);
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

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
    if (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST) {
        return EINVAL;
    }
    attr->__robust = robust;
    return 0;
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict attr, int *restrict robust)
{
    *robust = attr->__robust;
    return 0;
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
    (void)attr;
    if (protocol == PTHREAD_PRIO_INHERIT || protocol == PTHREAD_PRIO_PROTECT) {
        return ENOTSUP;
    }
    return protocol == PTHREAD_PRIO_NONE ? 0 : EINVAL;
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict attr, int *restrict protocol)
{
    (void)attr;
    *protocol = PTHREAD_PRIO_NONE;
    return 0;
}

/* There is one priority, 0. */
int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *attr, int ceiling)
{
    (void)attr;
    return ceiling == 0 ? 0 : EINVAL;
}

int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *restrict attr,
                                     int *restrict ceiling)
{
    (void)attr;
    *ceiling = 0;
    return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED) {
        return EINVAL;
    }
    attr->__process_shared = shared;
    return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *attr, int *shared)
{
    *shared = attr->__process_shared;
    return 0;
}

/* ---- spin locks: whoever does not get one lets the others run -------------------------------- */

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

MF_REPLACEABLE int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    if (*lock != 0) {
        return EBUSY;
    }
    *lock = 1;
    return 0;
}

MF_REPLACEABLE int pthread_spin_lock(pthread_spinlock_t *lock)
{
    while (pthread_spin_trylock(lock) != 0) {
        mf_thread_yield();
    }
    return 0;
}

MF_REPLACEABLE int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    *lock = 0;
    return 0;
}

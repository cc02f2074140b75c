/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutex.c - mutexes and spin locks of programs that fork: see sync.h. Whoever is killed while it has a
 * robust mutex is found dead by who wants it next (POSIX.1-2008, pthread_mutex_lock()); a thread that
 * ends gives up those that it has itself, which are in a list that is not in shared memory.
 */
#include <errno.h>
#include <stdlib.h>

#include "family/sync.h"
#include "mayfly/hypercall.h"
#include "thread/mutex.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

#define FREE 0u

const char mf_family_mutex;

/* A robust mutex that a thread of this process, or of one that it was forked from, has taken. */
struct held {
    struct held *next;
    pthread_mutex_t *mutex; /* NULL: a spare one */
    uint64_t owner;
};

static struct held *all_held;

static bool is_shared(const pthread_mutex_t *m)
{
    return (m->__type & MF_SYNC_MUTEX) != 0;
}

static uint64_t *word_of(pthread_mutex_t *m)
{
    return (uint64_t *)(void *)&m->__owner;
}

/* ---- robust ones -------------------------------------------------------------------------------- */

/* The entry of `m`, taken by `owner`; NULL for both: a spare one. NULL: there is none. */
static struct held *find_held(const pthread_mutex_t *m, uint64_t owner)
{
    struct held *h = all_held;
    while (h != NULL && (h->mutex != m || h->owner != owner)) {
        h = h->next;
    }
    return h;
}

/* Without memory for it, only the end of the process tells others. */
static void remember(pthread_mutex_t *m, uint64_t self)
{
    struct held *h = find_held(NULL, 0);
    if (h == NULL) {
        h = malloc(sizeof(*h));
        if (h == NULL) {
            return;
        }
        h->next = all_held;
        all_held = h;
    }
    h->mutex = m;
    h->owner = self;
}

static void forget(const pthread_mutex_t *m, uint64_t self)
{
    struct held *const h = find_held(m, self);
    if (h != NULL) {
        h->mutex = NULL;
        h->owner = 0;
    }
}

static void release(pthread_mutex_t *m)
{
    __atomic_store_n(word_of(m), FREE, __ATOMIC_SEQ_CST);
    mf_shared_wake(word_of(m));
}

void mf_mutex_abandon(struct mf_thread *thread)
{
    const uint64_t self = mf_shared_self();

    for (struct held *h = all_held; h != NULL; h = h->next) {
        if (h->mutex != NULL && h->owner == self) {
            h->mutex->__type |= MF_MUTEX_OWNER_DIED;
            release(h->mutex);
            h->mutex = NULL;
            h->owner = 0;
        }
    }
    for (pthread_mutex_t *m; (m = (pthread_mutex_t *)thread->robust_mutexes) != NULL;) {
        thread->robust_mutexes = m->__next;
        m->__type |= MF_MUTEX_OWNER_DIED;
        m->__owner = NULL;
        mf_waitq_wake_one((struct mf_waitq *)&m->__waiters);
    }
}

/* The caller has got it. */
static int begin(pthread_mutex_t *m, uint64_t self)
{
    m->__count = 1;
    if ((m->__type & MF_MUTEX_ROBUST) == 0) {
        return 0;
    }
    if ((m->__type & MF_MUTEX_UNUSABLE) != 0) {
        release(m);
        return ENOTRECOVERABLE;
    }
    remember(m, self);
    return (m->__type & MF_MUTEX_OWNER_DIED) != 0 ? EOWNERDEAD : 0;
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
    if (!is_shared(m)) {
        return mf_own_pthread_mutex_consistent(m);
    }
    if ((m->__type & MF_MUTEX_OWNER_DIED) == 0 || mf_sync_get(word_of(m)) != mf_shared_self()) {
        return EINVAL;
    }
    m->__type &= ~MF_MUTEX_OWNER_DIED;
    return 0;
}

/* ---- locking ------------------------------------------------------------------------------------ */

/* 0 taken, an errno number, or -1: wait until it is not *seen. */
static int try_lock(pthread_mutex_t *m, uint64_t *seen)
{
    const uint64_t self = mf_shared_self();
    const unsigned int type = m->__type & MF_MUTEX_TYPE_MASK;

    *seen = FREE;
    if (mf_sync_change(word_of(m), seen, self)) {
        return begin(m, self);
    }
    if (*seen == self && type != PTHREAD_MUTEX_NORMAL) {
        if (type == PTHREAD_MUTEX_ERRORCHECK) {
            return EDEADLK;
        }
        m->__count += m->__count != UINT32_MAX;
        return m->__count == UINT32_MAX ? EAGAIN : 0;
    }
    if ((m->__type & MF_MUTEX_ROBUST) != 0 && mf_is_shared_va((uintptr_t)m) &&
        mf_shared_is_dead(*seen) && mf_sync_change(word_of(m), seen, self)) {
        m->__type |= MF_MUTEX_OWNER_DIED;
        return begin(m, self);
    }
    return -1;
}

static int lock_until(pthread_mutex_t *m, uint64_t deadline_ns)
{
    uint64_t seen, ends = mf_shared_ends(word_of(m));
    int r;

    while ((r = try_lock(m, &seen)) < 0) {
        if (mf_shared_wait_since(word_of(m), seen, ends, deadline_ns, 0) == -ETIMEDOUT) {
            return ETIMEDOUT;
        }
        ends = mf_shared_ends(word_of(m));
        if ((mf_thread_self()->cancel & MF_CANCEL_ASYNC) != 0) {
            mf_thread_test_cancel();
        }
    }
    return r;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    return is_shared(m) ? lock_until(m, MF_NEVER) : mf_own_pthread_mutex_lock(m);
}

int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *deadline)
{
    uint64_t seen;

    if (!is_shared(m)) {
        return mf_own_pthread_mutex_timedlock(m, deadline);
    }
    const int r = try_lock(m, &seen);
    if (r >= 0) {
        return r;
    }
    return mf_timespec_is_valid(deadline)
               ? lock_until(m, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : EINVAL;
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    uint64_t seen;

    if (!is_shared(m)) {
        return mf_own_pthread_mutex_trylock(m);
    }
    const int r = try_lock(m, &seen);
    return r < 0 || r == EDEADLK ? EBUSY : r;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    const uint64_t self = mf_shared_self();

    if (!is_shared(m)) {
        return mf_own_pthread_mutex_unlock(m);
    }
    if (mf_sync_get(word_of(m)) != self) {
        return EPERM;
    }
    if (--m->__count == 0) {
        if ((m->__type & MF_MUTEX_ROBUST) != 0) {
            forget(m, self);
            m->__type |= (m->__type & MF_MUTEX_OWNER_DIED) != 0 ? MF_MUTEX_UNUSABLE : 0;
        }
        release(m);
    }
    return 0;
}

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    const int err = mf_own_pthread_mutex_init(m, attr);
    if (mf_sync_is_shared(m, attr != NULL && attr->__process_shared == PTHREAD_PROCESS_SHARED)) {
        m->__type |= MF_SYNC_MUTEX;
    }
    return err;
}

/* ---- spin locks --------------------------------------------------------------------------------- */

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0 ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    while (pthread_spin_trylock(lock) != 0) {
        mf_thread_yield();
        hv_yield(); /* who has it may wait for this CPU */
    }
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    return 0;
}

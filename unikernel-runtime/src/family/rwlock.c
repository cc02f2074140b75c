/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rwlock.c - read-write locks and barriers of programs that fork: see sync.h. A shared lock has SHARED in
 * __waiters.__last, where others have a thread or NULL, a shared barrier a 1 in __reserved. Writers of a
 * shared lock do not go before readers: one that is killed while it waits would keep them out.
 */
#include <errno.h>

#include "family/sync.h"
#include "thread/rwlock.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

#define SHARED ((void *)1)
#define WRITTEN UINT32_MAX /* the word, while somebody writes */

const char mf_family_rwlock;

static bool is_shared(const pthread_rwlock_t *l)
{
    return l->__waiters.__last == SHARED;
}

static uint64_t *word_of(pthread_rwlock_t *l)
{
    return (uint64_t *)(void *)&l->__waiters.__first;
}

static uint64_t *writer_of(pthread_rwlock_t *l)
{
    return (uint64_t *)(void *)&l->__writer;
}

/* ---- read-write locks --------------------------------------------------------------------------- */

/* 0, EBUSY with what it was in *seen, or EAGAIN. */
static int try_read(pthread_rwlock_t *l, uint64_t *seen)
{
    *seen = mf_sync_get(word_of(l));
    do {
        if (*seen == WRITTEN) {
            return EBUSY;
        }
        if (*seen == WRITTEN - 1) {
            return EAGAIN;
        }
    } while (!mf_sync_change(word_of(l), seen, *seen + 1));
    return 0;
}

static int try_write(pthread_rwlock_t *l, uint64_t *seen)
{
    *seen = 0;
    if (!mf_sync_change(word_of(l), seen, WRITTEN)) {
        return EBUSY;
    }
    __atomic_store_n(writer_of(l), mf_shared_self(), __ATOMIC_RELEASE);
    return 0;
}

static int lock_until(pthread_rwlock_t *l, int (*try)(pthread_rwlock_t *, uint64_t *),
                      uint64_t deadline_ns)
{
    uint64_t seen;
    int err;

    if (mf_sync_get(writer_of(l)) == mf_shared_self()) {
        return EDEADLK;
    }
    while ((err = try(l, &seen)) == EBUSY) {
        if (mf_shared_wait(word_of(l), seen, deadline_ns, 0) == -ETIMEDOUT) {
            return ETIMEDOUT;
        }
    }
    return err;
}

static int timed_lock(pthread_rwlock_t *l, int (*try)(pthread_rwlock_t *, uint64_t *),
                      const struct timespec *deadline)
{
    uint64_t seen;

    if (try(l, &seen) == 0) {
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? lock_until(l, try, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : EINVAL;
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    uint64_t seen;
    return is_shared(l) ? try_read(l, &seen) : mf_own_pthread_rwlock_tryrdlock(l);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    uint64_t seen;
    return is_shared(l) ? try_write(l, &seen) : mf_own_pthread_rwlock_trywrlock(l);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return is_shared(l) ? lock_until(l, try_read, MF_NEVER) : mf_own_pthread_rwlock_rdlock(l);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return is_shared(l) ? lock_until(l, try_write, MF_NEVER) : mf_own_pthread_rwlock_wrlock(l);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *deadline)
{
    return is_shared(l) ? timed_lock(l, try_read, deadline)
                        : mf_own_pthread_rwlock_timedrdlock(l, deadline);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *deadline)
{
    return is_shared(l) ? timed_lock(l, try_write, deadline)
                        : mf_own_pthread_rwlock_timedwrlock(l, deadline);
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    if (!is_shared(l)) {
        return mf_own_pthread_rwlock_unlock(l);
    }
    uint64_t was = mf_sync_get(word_of(l));
    if (was == 0 || (was == WRITTEN && mf_sync_get(writer_of(l)) != mf_shared_self())) {
        return EPERM;
    }
    if (was == WRITTEN) {
        __atomic_store_n(writer_of(l), 0, __ATOMIC_RELEASE);
        __atomic_store_n(word_of(l), 0, __ATOMIC_SEQ_CST);
        mf_shared_wake(word_of(l));
        return 0;
    }
    while (was != 0 && !mf_sync_change(word_of(l), &was, was - 1)) {
    }
    if (was == 1) {
        mf_shared_wake(word_of(l));
    }
    return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
    *l = (pthread_rwlock_t){0};
    if (mf_sync_is_shared(l, attr != NULL && attr->__process_shared == PTHREAD_PROCESS_SHARED)) {
        l->__waiters.__last = SHARED;
    }
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    if (!is_shared(l)) {
        return mf_own_pthread_rwlock_destroy(l);
    }
    return mf_sync_get(word_of(l)) != 0 ? EBUSY : 0;
}

/* ---- barriers ----------------------------------------------------------------------------------- */

static uint64_t *state_of(pthread_barrier_t *b)
{
    return (uint64_t *)(void *)&b->__waiters.__first;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
    if (b->__reserved == 0) {
        return mf_own_pthread_barrier_wait(b);
    }
    uint64_t was = mf_sync_get(state_of(b)), now;
    do {
        const bool is_last = (uint32_t)was + 1 >= b->__limit;
        now = is_last ? (uint64_t)((uint32_t)(was >> 32) + 1) << 32 : was + 1;
    } while (!mf_sync_change(state_of(b), &was, now));
    const uint64_t round = was >> 32;
    if (now >> 32 != round) {
        mf_shared_wake(state_of(b));
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while ((now = mf_sync_get(state_of(b))) >> 32 == round) {
        mf_shared_wait(state_of(b), now, MF_NEVER, 0);
    }
    return 0;
}

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
                         unsigned int limit)
{
    const int err = mf_own_pthread_barrier_init(b, attr, limit);
    if (err == 0 &&
        mf_sync_is_shared(b, attr != NULL && attr->__process_shared == PTHREAD_PROCESS_SHARED)) {
        b->__reserved = 1;
    }
    return err;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
    if (b->__reserved == 0) {
        return mf_own_pthread_barrier_destroy(b);
    }
    return (uint32_t)mf_sync_get(state_of(b)) != 0 ? EBUSY : 0;
}

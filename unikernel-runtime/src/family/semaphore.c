/* SPDX-License-Identifier: Apache-2.0 */
/* semaphore.c - semaphores of programs that fork: see sync.h. */
#include <errno.h>
#include <limits.h>

#include "family/sync.h"
#include "fd/fd.h"
#include "signal/signal_internal.h"
#include "thread/own_semaphore.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

const char mf_family_semaphore;

static bool is_shared(const sem_t *s)
{
    return s->__reserved != 0;
}

static uint64_t *word_of(sem_t *s)
{
    return (uint64_t *)(void *)s;
}

static uint32_t value_of(uint64_t word)
{
    return (uint32_t)word;
}

int sem_init(sem_t *s, int shared, unsigned int value)
{
    const int r = mf_own_sem_init(s, shared, value);
    if (r == 0) {
        s->__reserved = mf_sync_is_shared(s, shared != 0);
    }
    return r;
}

int sem_destroy(sem_t *s)
{
    return is_shared(s) ? 0 : mf_own_sem_destroy(s);
}

int sem_post(sem_t *s)
{
    if (!is_shared(s)) {
        return mf_own_sem_post(s);
    }
    uint64_t was = mf_sync_get(word_of(s));
    do {
        if (value_of(was) == SEM_VALUE_MAX) {
            return (int)mf_ret(-EOVERFLOW);
        }
    } while (!mf_sync_change(word_of(s), &was, was + 1));
    mf_shared_wake(word_of(s));
    return 0;
}

/* Returns false, with what it is in *seen: it is 0. */
static bool try_wait(sem_t *s, uint64_t *seen)
{
    *seen = mf_sync_get(word_of(s));
    while (value_of(*seen) != 0) {
        if (mf_sync_change(word_of(s), seen, *seen - 1)) {
            return true;
        }
    }
    return false;
}

int sem_trywait(sem_t *s)
{
    uint64_t seen;
    if (!is_shared(s)) {
        return mf_own_sem_trywait(s);
    }
    return try_wait(s, &seen) ? 0 : (int)mf_ret(-EAGAIN);
}

static int wait_until(sem_t *s, uint64_t deadline_ns)
{
    uint64_t seen;
    while (!try_wait(s, &seen)) {
        const int err = mf_shared_wait(word_of(s), seen, deadline_ns, MF_WAIT_CANCEL);
        if (err == -EINTR) {
            mf_thread_test_cancel();
        }
        if (err != 0 && (err != -EINTR || !mf_signal_restarts())) {
            return try_wait(s, &seen) ? 0 : (int)mf_ret(err);
        }
    }
    return 0;
}

int sem_wait(sem_t *s)
{
    if (!is_shared(s)) {
        return mf_own_sem_wait(s);
    }
    mf_thread_test_cancel();
    return wait_until(s, MF_NEVER);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict deadline)
{
    uint64_t seen;
    if (!is_shared(s)) {
        return mf_own_sem_timedwait(s, deadline);
    }
    mf_thread_test_cancel();
    if (try_wait(s, &seen)) {
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? wait_until(s, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : (int)mf_ret(-EINVAL);
}

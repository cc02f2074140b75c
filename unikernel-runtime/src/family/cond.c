/* SPDX-License-Identifier: Apache-2.0 */
/* cond.c - condition variables of programs that fork: see sync.h. Shared ones have a 1 in __reserved. */
#include <errno.h>

#include "family/sync.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

const char mf_family_cond;

static uint64_t *word_of(pthread_cond_t *c)
{
    return (uint64_t *)(void *)&c->__waiters.__first;
}

static struct mf_waitq *waiters_of(pthread_cond_t *c)
{
    return (struct mf_waitq *)&c->__waiters;
}

static bool is_held(const pthread_mutex_t *m)
{
    return (m->__type & MF_SYNC_MUTEX) != 0 ? (uint64_t)(uintptr_t)m->__owner == mf_shared_self()
                                            : m->__owner == mf_thread_self();
}

/* As in thread/cond.c. */
static int wait_until(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline_ns)
{
    const unsigned int count = m->__count;
    if (!is_held(m)) {
        return EPERM;
    }
    mf_thread_test_cancel();
    const uint64_t seen = mf_sync_get(word_of(c));
    m->__count = 1;
    pthread_mutex_unlock(m);
    const int err = c->__reserved != 0
                        ? mf_shared_wait(word_of(c), seen, deadline_ns, MF_WAIT_CANCEL)
                        : mf_thread_block(waiters_of(c), deadline_ns, MF_WAIT_CANCEL);
    const int lock_err = pthread_mutex_lock(m);
    m->__count = lock_err == 0 || lock_err == EOWNERDEAD ? count : m->__count;
    if (err == -EINTR) {
        mf_thread_test_cancel();
    }
    return lock_err != 0 ? lock_err : err == -ETIMEDOUT ? ETIMEDOUT : 0;
}

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return wait_until(c, m, MF_NEVER);
}

int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *deadline)
{
    if (!mf_timespec_is_valid(deadline)) {
        return EINVAL;
    }
    const clockid_t clock = c->__clock == 0 ? CLOCK_REALTIME : (clockid_t)c->__clock;
    return wait_until(c, m, mf_deadline_of_time(clock, deadline));
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
    if (c->__reserved == 0) {
        mf_waitq_wake_all(waiters_of(c));
        return 0;
    }
    __atomic_fetch_add(word_of(c), 1, __ATOMIC_SEQ_CST);
    mf_shared_wake(word_of(c));
    return 0;
}

/* Of a shared one all look: POSIX lets more than one go on. */
int pthread_cond_signal(pthread_cond_t *c)
{
    if (c->__reserved == 0) {
        mf_waitq_wake_one(waiters_of(c));
        return 0;
    }
    return pthread_cond_broadcast(c);
}

int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
    *c = (pthread_cond_t){0};
    c->__clock = attr != NULL ? attr->__clock : 0;
    c->__reserved =
        mf_sync_is_shared(c, attr != NULL && attr->__process_shared == PTHREAD_PROCESS_SHARED);
    if (c->__reserved !=
        0) { /* what no later use of this memory has: who was woken may look only then */
        *word_of(c) = mf_clock_ns();
    }
    return 0;
}

/* Nobody keeps who waits in other processes. */
int pthread_cond_destroy(pthread_cond_t *c)
{
    return c->__reserved != 0 || mf_waitq_is_empty(waiters_of(c)) ? 0 : EBUSY;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* barrier.c - POSIX barriers. */
#include <errno.h>
#include <pthread.h>

#include "files/own.h"
#include "thread/rwlock.h"
#include "thread/thread_internal.h"

int mf_own_pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
                                unsigned int limit)
{
    (void)attr;
    if (limit == 0) {
        return EINVAL;
    }
    *b = (pthread_barrier_t){.__limit = limit};
    return 0;
}
int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
                         unsigned int limit) MF_OWN(pthread_barrier_init);

int mf_own_pthread_barrier_destroy(pthread_barrier_t *b)
{
    return b->__count != 0 ? EBUSY : 0;
}
int pthread_barrier_destroy(pthread_barrier_t *b) MF_OWN(pthread_barrier_destroy);

int mf_own_pthread_barrier_wait(pthread_barrier_t *b)
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
        mf_thread_block(waiters, MF_NEVER, 0);
    }
    return 0;
}
int pthread_barrier_wait(pthread_barrier_t *b) MF_OWN(pthread_barrier_wait);

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
    *attr = (pthread_barrierattr_t){0};
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED) {
        return EINVAL;
    }
    attr->__process_shared = shared;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *attr, int *shared)
{
    *shared = attr->__process_shared;
    return 0;
}

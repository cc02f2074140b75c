/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c - C11 threads (ISO C 7.26) by POSIX threads. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ENOMEM:
    case EAGAIN:
        return thrd_nomem;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    default:
        return thrd_error;
    }
}

/* ---- threads ---------------------------------------------------------------------------------- */

struct start {
    thrd_start_t fn;
    void *arg;
};

static void *run(void *arg)
{
    const struct start start = *(struct start *)arg;
    free(arg);
    return (void *)(intptr_t)start.fn(start.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t fn, void *arg)
{
    struct start *const start = malloc(sizeof(*start));
    if (start == NULL) {
        return thrd_nomem;
    }
    *start = (struct start){fn, arg};
    const int error = pthread_create(thread, NULL, run, start);
    if (error != 0) {
        free(start);
    }
    return result_of(error);
}

int thrd_join(thrd_t thread, int *result)
{
    void *value = NULL;
    const int error = pthread_join(thread, &value);
    if (error == 0 && result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return result_of(error);
}

void thrd_exit(int result)
{
    pthread_exit((void *)(intptr_t)result);
}

thrd_t thrd_current(void)
{
    return pthread_self();
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

int thrd_equal(thrd_t a, thrd_t b)
{
    return a == b;
}

/* 0, -1 for a signal, less for another error. */
int thrd_sleep(const struct timespec *time, struct timespec *left)
{
    if (nanosleep(time, left) == 0) {
        return 0;
    }
    return errno == EINTR ? -1 : -2;
}

void thrd_yield(void)
{
    sched_yield();
}

void call_once(once_flag *flag, void (*fn)(void))
{
    pthread_once(flag, fn);
}

/* ---- mutexes, condition variables, thread-specific storage ------------------------------------- */

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    if ((type & mtx_recursive) != 0) {
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    }
    const int error = pthread_mutex_init(m, &attr);
    pthread_mutexattr_destroy(&attr);
    return result_of(error);
}

void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy(m);
}

int mtx_lock(mtx_t *m)
{
    return result_of(pthread_mutex_lock(m));
}

int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict deadline)
{
    return result_of(pthread_mutex_timedlock(m, deadline));
}

int mtx_trylock(mtx_t *m)
{
    return result_of(pthread_mutex_trylock(m));
}

int mtx_unlock(mtx_t *m)
{
    return result_of(pthread_mutex_unlock(m));
}

int cnd_init(cnd_t *c)
{
    return result_of(pthread_cond_init(c, NULL));
}

void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy(c);
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return result_of(pthread_cond_wait(c, m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict deadline)
{
    return result_of(pthread_cond_timedwait(c, m, deadline));
}

int cnd_signal(cnd_t *c)
{
    return result_of(pthread_cond_signal(c));
}

int cnd_broadcast(cnd_t *c)
{
    return result_of(pthread_cond_broadcast(c));
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
    return result_of(pthread_key_create(key, destructor));
}

void tss_delete(tss_t key)
{
    pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
    return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
    return result_of(pthread_setspecific(key, value));
}

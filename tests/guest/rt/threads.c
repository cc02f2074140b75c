// SPDX-License-Identifier: Apache-2.0
// POSIX threads: life, locks, conditions, keys, per-thread errno and TLS.
#include "soon.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- life ---------------------------------------------------------------------------------- */

static __thread int tls_zero;
static __thread int tls_seven = 7;
static __thread char tls_big[1000];

static void *use_tls(void *arg)
{
    const bool good = tls_zero == 0 && tls_seven == 7 && tls_big[999] == 0;
    tls_zero = tls_seven = (int)(long)arg;
    tls_big[999] = 1;
    errno = (int)(long)arg;
    sched_yield();
    return (void *)(long)(good && tls_zero == (int)(long)arg && errno == (int)(long)arg);
}

static void *use_float(void *arg)
{
    double sum = 0;
    for (int i = 1; i < 1000; i++) {
        sum += 1.0 / i * *(double *)arg;
        if (i % 100 == 0) {
            sched_yield();
        }
    }
    *(double *)arg = sum;
    return NULL;
}

static void *leave(void *arg)
{
    pthread_exit(arg);
}

static void test_life(void)
{
    pthread_t t[100];
    bool good = true;
    for (int round = 0; round < 5; round++) {
        for (long i = 0; i < 100; i++) {
            good = good && pthread_create(&t[i], NULL, use_tls, (void *)(i + 1)) == 0;
        }
        for (int i = 0; i < 100; i++) {
            void *result = NULL;
            good = good && pthread_join(t[i], &result) == 0 && result == (void *)1;
        }
    }
    tap_check(good, "500 threads have TLS and errno of their own");
    tap_check(tls_zero == 0 && tls_seven == 7, "and the main thread keeps its own");
    void *result;
    pthread_create(&t[0], NULL, leave, (void *)99);
    tap_check(pthread_join(t[0], &result) == 0 && result == (void *)99, "pthread_exit's result");
    double a = 1, b = 2;
    pthread_create(&t[0], NULL, use_float, &a);
    pthread_create(&t[1], NULL, use_float, &b);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    tap_check(a * 2 == b && a > 7.4 && a < 7.5, "floating point survives switches");
    pthread_attr_t attr;
    size_t bytes;
    pthread_attr_init(&attr);
    tap_check(pthread_attr_setstacksize(&attr, 1 << 20) == 0 &&
                  pthread_attr_getstacksize(&attr, &bytes) == 0 && bytes == 1 << 20 &&
                  pthread_create(&t[0], &attr, use_tls, (void *)1) == 0 &&
                  pthread_join(t[0], NULL) == 0,
              "a stack of 1 MiB");
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    good = true;
    for (int i = 0; i < 1000; i++) {
        good = good && pthread_create(&t[0], &attr, use_tls, (void *)1) == 0;
        sched_yield();
    }
    tap_check(good, "1000 detached threads");
    tap_check(pthread_join(pthread_self(), NULL) == EDEADLK, "joining oneself is EDEADLK");
}

/* ---- locks --------------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        const int seen = counter;
        if (i % 10 == 0) {
            sched_yield();
        }
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void test_mutex(void)
{
    pthread_t t[8];
    for (int i = 0; i < 8; i++) {
        pthread_create(&t[i], NULL, count, NULL);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
    }
    tap_equal(counter, 8000, "a mutex excludes");
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m, &attr);
    tap_check(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0 &&
                  pthread_mutex_unlock(&m) == 0 && pthread_mutex_unlock(&m) == 0 &&
                  pthread_mutex_unlock(&m) == EPERM,
              "a recursive mutex counts");
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &attr);
    tap_check(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == EDEADLK &&
                  pthread_mutex_trylock(&m) == EBUSY && pthread_mutex_destroy(&m) == EBUSY &&
                  pthread_mutex_unlock(&m) == 0 && pthread_mutex_destroy(&m) == 0,
              "an error-checking mutex checks");
    const struct timespec soon = in_ms(CLOCK_REALTIME, 20);
    pthread_mutex_lock(&mutex);
    tap_check(pthread_mutex_timedlock(&mutex, &soon) == ETIMEDOUT, "pthread_mutex_timedlock");
    pthread_mutex_unlock(&mutex);
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *play(void *arg)
{
    const int me = (int)(long)arg;
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me) {
            pthread_cond_wait(&cond, &mutex);
        }
        turn = (me + 1) % 3;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void test_cond(void)
{
    pthread_t t[3];
    for (long i = 0; i < 3; i++) {
        pthread_create(&t[i], NULL, play, (void *)i);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    tap_equal(turn, 0, "three threads take turns by a condition");
    pthread_condattr_t attr;
    pthread_cond_t c;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c, &attr);
    struct timespec soon = in_ms(CLOCK_MONOTONIC, 20);
    pthread_mutex_lock(&mutex);
    tap_check(pthread_cond_timedwait(&c, &mutex, &soon) == ETIMEDOUT, "a timed wait, monotonic");
    soon = in_ms(CLOCK_REALTIME, 20);
    tap_check(pthread_cond_timedwait(&cond, &mutex, &soon) == ETIMEDOUT, "a timed wait, real time");
    pthread_mutex_unlock(&mutex);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static pthread_barrier_t barrier;
static int shared;

static void *write_shared(void *arg)
{
    (void)arg;
    pthread_rwlock_wrlock(&rwlock);
    shared = 1;
    pthread_rwlock_unlock(&rwlock);
    sem_post(&semaphore);
    const int r = pthread_barrier_wait(&barrier);
    return (void *)(long)(r == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void test_others(void)
{
    pthread_t t;
    void *serial;
    sem_init(&semaphore, 0, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_rwlock_rdlock(&rwlock);
    pthread_create(&t, NULL, write_shared, NULL);
    sched_yield();
    tap_check(pthread_rwlock_trywrlock(&rwlock) == EBUSY && shared == 0,
              "readers keep writers out");
    pthread_rwlock_unlock(&rwlock);
    tap_check(sem_wait(&semaphore) == 0 && shared == 1, "a semaphore is waited for");
    errno = 0;
    tap_check(sem_trywait(&semaphore) == -1 && errno == EAGAIN, "sem_trywait on 0 is EAGAIN");
    const struct timespec soon = in_ms(CLOCK_REALTIME, 20);
    tap_check(sem_timedwait(&semaphore, &soon) == -1 && errno == ETIMEDOUT, "sem_timedwait");
    const int mine = pthread_barrier_wait(&barrier);
    pthread_join(t, &serial);
    tap_check((mine == PTHREAD_BARRIER_SERIAL_THREAD) != (serial != NULL),
              "a barrier has one serial thread");
}

static pthread_key_t key;
static int destroyed, once_count, cleaned;

static void destroy(void *value)
{
    destroyed += (int)(long)value;
}

static void run_once(void)
{
    once_count++;
}

static void clean(void *arg)
{
    cleaned = cleaned * 10 + (int)(long)arg;
}

static void *use_key(void *arg)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, run_once);
    pthread_setspecific(key, arg);
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_push(clean, (void *)2);
    if (pthread_getspecific(key) == arg) {
        pthread_exit(NULL);
    }
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void test_keys(void)
{
    pthread_t t;
    pthread_key_create(&key, destroy);
    for (long i = 1; i <= 2; i++) {
        pthread_create(&t, NULL, use_key, (void *)i);
        pthread_join(t, NULL);
    }
    tap_check(pthread_getspecific(key) == NULL, "a key has a value per thread");
    tap_equal(destroyed, 3, "destructors run at the end of a thread");
    tap_equal(once_count, 1, "pthread_once runs once");
    tap_equal(cleaned, 2121, "clean-up handlers run, last one first");
}

int main(void)
{
    test_life();
    test_mutex();
    test_cond();
    test_others();
    test_keys();
    return tap_done();
}

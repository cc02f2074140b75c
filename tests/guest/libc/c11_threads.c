// SPDX-License-Identifier: Apache-2.0
// memory: 32M
// Threads as ISO C has them.
#include <threads.h>
#include <time.h>

#include "tap.h"

enum { THREADS = 4, ROUNDS = 100 };

static mtx_t lock;
static cnd_t changed;
static once_flag once = ONCE_FLAG_INIT;
static tss_t key;
static thread_local int mine;
static int total, once_count, destroyed, turn;

static void only_once(void)
{
    once_count++;
}

static void destroy(void *value)
{
    destroyed += *(int *)value;
}

static int count(void *arg)
{
    static int one = 1;
    call_once(&once, only_once);
    tss_set(key, &one);
    for (int i = 0; i < ROUNDS; i++) {
        mtx_lock(&lock);
        const int seen = total;
        thrd_yield();
        total = seen + 1;
        mine++;
        mtx_unlock(&lock);
    }
    return mine + *(int *)arg;
}

static int wait_for_turn(void *arg)
{
    mtx_lock(&lock);
    while (turn != *(int *)arg) {
        cnd_wait(&changed, &lock);
    }
    mtx_unlock(&lock);
    thrd_exit(7);
}

static void times_end(void)
{
    struct timespec soon;
    timespec_get(&soon, TIME_UTC);
    soon.tv_nsec += 5000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    mtx_lock(&lock);
    tap_equal(cnd_timedwait(&changed, &lock, &soon), thrd_timedout, "a timed wait ends");
    mtx_unlock(&lock);
    tap_equal(thrd_sleep(&(struct timespec){0, 1000000}, NULL), 0, "so does a sleep");
}

int main(void)
{
    thrd_t threads[THREADS];
    int numbers[THREADS], result = 0, wanted = 3;
    bool good = mtx_init(&lock, mtx_plain | mtx_timed) == thrd_success &&
                cnd_init(&changed) == thrd_success && tss_create(&key, destroy) == thrd_success;
    tap_check(good, "a mutex, a condition variable and a key are made");
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i * 1000;
        good = good && thrd_create(&threads[i], count, &numbers[i]) == thrd_success;
    }
    for (int i = 0; good && i < THREADS; i++) {
        good = thrd_join(threads[i], &result) == thrd_success && result == ROUNDS + i * 1000;
    }
    tap_check(good, "threads run, with variables of their own, and give their results");
    tap_equal(total, THREADS * ROUNDS, "the mutex excludes");
    tap_equal(once_count, 1, "call_once calls once");
    tap_equal(destroyed, THREADS, "destructors ran");

    good = thrd_create(&threads[0], wait_for_turn, &wanted) == thrd_success;
    thrd_yield();
    mtx_lock(&lock);
    turn = wanted;
    cnd_broadcast(&changed);
    mtx_unlock(&lock);
    tap_check(good && thrd_join(threads[0], &result) == thrd_success && result == 7,
              "cnd_broadcast wakes; thrd_exit gives a result");
    times_end();
    mtx_destroy(&lock);
    mtx_init(&lock, mtx_recursive);
    tap_check(mtx_lock(&lock) == thrd_success && mtx_trylock(&lock) == thrd_success &&
                  mtx_unlock(&lock) == thrd_success && mtx_unlock(&lock) == thrd_success,
              "a recursive mutex");
    return tap_done();
}

// SPDX-License-Identifier: Apache-2.0
// POSIX threads, function by function: attributes, cancellation, robust mutexes, read-write locks, named
// semaphores, keys, what is refused and how.
#include "soon.h"
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void *finish(void *arg)
{
    return arg;
}

/* ---- attributes ------------------------------------------------------------------------------- */

static char own_stack[65536] __attribute__((aligned(16)));

static void *where(void *arg)
{
    char here;
    (void)arg;
    return (void *)(long)(&here >= own_stack && &here < own_stack + sizeof(own_stack));
}

static void *own_attributes(void *arg)
{
    pthread_attr_t attr;
    void *low;
    size_t bytes, guard;
    (void)arg;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &bytes);
    pthread_attr_getguardsize(&attr, &guard);
    const char *const here = (const char *)&attr;
    return (void *)(long)(here > (char *)low && here < (char *)low + bytes && guard == 20480);
}

static void test_attributes(void)
{
    pthread_attr_t attr;
    pthread_t t;
    void *result = NULL, *low;
    size_t bytes;
    int value;
    pthread_attr_init(&attr);
    tap_check(pthread_attr_getdetachstate(&attr, &value) == 0 && value == PTHREAD_CREATE_JOINABLE &&
                  pthread_attr_setdetachstate(&attr, 77) == EINVAL,
              "threads are joinable; there is no other state than two");
    tap_check(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN - 1) == EINVAL &&
                  pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN) == 0,
              "a stack has PTHREAD_STACK_MIN at least");
    tap_check(pthread_attr_setguardsize(&attr, 20480) == 0 &&
                  pthread_create(&t, &attr, own_attributes, NULL) == 0 &&
                  pthread_join(t, &result) == 0 && result == (void *)1,
              "a guard of five pages; pthread_getattr_np");
    tap_check(pthread_attr_setstack(&attr, own_stack, sizeof(own_stack)) == 0 &&
                  pthread_attr_getstack(&attr, &low, &bytes) == 0 && low == own_stack &&
                  bytes == sizeof(own_stack) && pthread_create(&t, &attr, where, NULL) == 0 &&
                  pthread_join(t, &result) == 0 && result == (void *)1,
              "a stack of one's own");
    struct sched_param param = {.sched_priority = 1};
    tap_check(pthread_attr_setschedpolicy(&attr, SCHED_FIFO) == ENOTSUP &&
                  pthread_attr_setschedpolicy(&attr, 99) == EINVAL &&
                  pthread_attr_setschedpolicy(&attr, SCHED_OTHER) == 0 &&
                  pthread_attr_setschedparam(&attr, &param) == EINVAL &&
                  pthread_attr_setscope(&attr, PTHREAD_SCOPE_PROCESS) == ENOTSUP &&
                  pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED) == 0,
              "there is one policy, one priority, one scope");
    tap_check(pthread_getschedparam(pthread_self(), &value, &param) == 0 && value == SCHED_OTHER &&
                  param.sched_priority == 0 && sched_get_priority_max(SCHED_RR) == 0 &&
                  sched_getscheduler(0) == SCHED_OTHER,
              "and they are told");
    tap_check(sysconf(_SC_THREADS) == 200809 && sysconf(_SC_THREAD_KEYS_MAX) == PTHREAD_KEYS_MAX &&
                  sysconf(_SC_SEMAPHORES) == 200809 && sysconf(_SC_TIMERS) == 200809 &&
                  sysconf(_SC_THREAD_PRIO_INHERIT) == -1,
              "sysconf says so, too");
}

/* ---- cancellation ------------------------------------------------------------------------------ */

static int cleaned, ends[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_t sleeper;

static void clean(void *arg)
{
    cleaned += (int)(long)arg;
}

static void unlock(void *arg)
{
    cleaned += pthread_mutex_unlock((pthread_mutex_t *)arg) == 0;
}

static void block_in_read(void)
{
    char c;
    read(ends[0], &c, 1);
}

static void block_in_cond(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    for (;;) {
        pthread_cond_wait(&cond, &mutex);
    }
    pthread_cleanup_pop(0);
}

static void block_in_sem(void)
{
    sem_wait(&semaphore);
}

static void block_in_sleep(void)
{
    sleep(1000);
}

static void block_in_pause(void)
{
    pause();
}

static void block_in_join(void)
{
    pthread_join(sleeper, NULL);
}

static void block_in_sigwait(void)
{
    sigset_t set;
    int sig;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigwait(&set, &sig);
}

static void compute_and_test(void)
{
    for (;;) {
        pthread_testcancel();
    }
}

static void use_ready_files(void)
{
    for (;;) {
        char c = 'y';
        write(ends[1], &c, 1);
        read(ends[0], &c, 1);
    }
}

static const struct {
    const char *name;
    void (*fn)(void);
    int cleanups;
} points[] = {
    {"read", block_in_read, 1},
    {"pthread_cond_wait, with the mutex", block_in_cond, 2},
    {"sem_wait", block_in_sem, 1},
    {"sleep", block_in_sleep, 1},
    {"pause", block_in_pause, 1},
    {"pthread_join", block_in_join, 1},
    {"sigwait", block_in_sigwait, 1},
    {"pthread_testcancel", compute_and_test, 1},
    {"read() that does not block", use_ready_files, 1},
};

static void *run_point(void *arg)
{
    pthread_cleanup_push(clean, (void *)1);
    points[(long)arg].fn();
    pthread_cleanup_pop(0);
    return NULL;
}

static void *keep_disabled(void *arg)
{
    int old;
    (void)arg;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    usleep(20000);
    cleaned = 10;
    pthread_setcancelstate(old, NULL);
    pthread_testcancel();
    cleaned = 20;
    return NULL;
}

static void *sleep_long(void *arg)
{
    sleep(1000);
    return arg;
}

static void test_cancel(void)
{
    pthread_t t;
    void *result;
    pipe(ends);
    sem_init(&semaphore, 0, 0);
    pthread_create(&sleeper, NULL, sleep_long, NULL);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        cleaned = 0;
        result = NULL;
        pthread_create(&t, NULL, run_point, (void *)i);
        usleep(3000);
        pthread_cancel(t);
        pthread_join(t, &result);
        tap_check(result == PTHREAD_CANCELED && cleaned == points[i].cleanups, "cancelled in %s",
                  points[i].name);
    }
    tap_check(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0,
              "nothing stays locked");
    pthread_cancel(sleeper);
    pthread_join(sleeper, &result);
    tap_check(result == PTHREAD_CANCELED, "who was joined in vain can be joined again");
    cleaned = 0;
    pthread_create(&t, NULL, keep_disabled, NULL);
    usleep(1000);
    pthread_cancel(t);
    pthread_join(t, &result);
    tap_check(result == PTHREAD_CANCELED && cleaned == 10, "not while it is disabled, but after");
    int old = -1;
    tap_check(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old) == 0 &&
                  old == PTHREAD_CANCEL_DEFERRED && pthread_setcanceltype(5, NULL) == EINVAL &&
                  pthread_setcancelstate(5, NULL) == EINVAL,
              "states and types are checked");
}

/* ---- mutexes, locks --------------------------------------------------------------------------- */

static void *die_with(void *arg)
{
    pthread_mutex_lock((pthread_mutex_t *)arg);
    return NULL;
}

static void test_robust(void)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_t t;
    int value = -1;
    pthread_mutexattr_init(&attr);
    tap_check(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0 &&
                  pthread_mutexattr_getrobust(&attr, &value) == 0 &&
                  value == PTHREAD_MUTEX_ROBUST &&
                  pthread_mutexattr_setrobust(&attr, 9) == EINVAL &&
                  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == ENOTSUP &&
                  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_NONE) == 0,
              "attributes of mutexes");
    pthread_mutex_init(&m, &attr);
    pthread_create(&t, NULL, die_with, &m);
    pthread_join(t, NULL);
    tap_check(pthread_mutex_lock(&m) == EOWNERDEAD && pthread_mutex_consistent(&m) == 0 &&
                  pthread_mutex_unlock(&m) == 0 && pthread_mutex_lock(&m) == 0 &&
                  pthread_mutex_unlock(&m) == 0,
              "a robust mutex tells that its owner has ended");
    pthread_create(&t, NULL, die_with, &m);
    pthread_join(t, NULL);
    tap_check(pthread_mutex_trylock(&m) == EOWNERDEAD && pthread_mutex_unlock(&m) == 0 &&
                  pthread_mutex_lock(&m) == ENOTRECOVERABLE && pthread_mutex_destroy(&m) == 0,
              "and is unusable when nobody made it consistent");
    const struct timespec wrong = {0, 1000000000};
    tap_check(pthread_mutex_lock(&mutex) == 0 &&
                  pthread_mutex_timedlock(&mutex, &wrong) == EINVAL &&
                  pthread_mutex_trylock(&mutex) == EBUSY && pthread_mutex_unlock(&mutex) == 0 &&
                  pthread_mutex_timedlock(&mutex, &wrong) == 0 && pthread_mutex_unlock(&mutex) == 0,
              "a time matters only to who waits");
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *try_all(void *arg)
{
    const struct timespec soon = in_ms(CLOCK_REALTIME, 10);
    (void)arg;
    return (void *)(long)(pthread_rwlock_tryrdlock(&rwlock) == EBUSY &&
                          pthread_rwlock_timedrdlock(&rwlock, &soon) == ETIMEDOUT &&
                          pthread_rwlock_timedwrlock(&rwlock, &soon) == ETIMEDOUT &&
                          pthread_rwlock_unlock(&rwlock) == EPERM);
}

static void test_rwlock(void)
{
    pthread_t t;
    void *result = NULL;
    const struct timespec soon = in_ms(CLOCK_REALTIME, 10);
    pthread_rwlock_wrlock(&rwlock);
    pthread_create(&t, NULL, try_all, NULL);
    pthread_join(t, &result);
    tap_check(result == (void *)1, "a writer keeps all out, for as long as they wait");
    tap_check(pthread_rwlock_rdlock(&rwlock) == EDEADLK &&
                  pthread_rwlock_wrlock(&rwlock) == EDEADLK && pthread_rwlock_unlock(&rwlock) == 0,
              "its own second lock is a deadlock");
    tap_check(pthread_rwlock_rdlock(&rwlock) == 0 &&
                  pthread_rwlock_timedrdlock(&rwlock, &soon) == 0 &&
                  pthread_rwlock_trywrlock(&rwlock) == EBUSY &&
                  pthread_rwlock_destroy(&rwlock) == EBUSY && pthread_rwlock_unlock(&rwlock) == 0 &&
                  pthread_rwlock_unlock(&rwlock) == 0,
              "readers share it");
}

static void test_semaphores(void)
{
    int value = -1;
    sem_t *const s = sem_open("/one", O_CREAT | O_EXCL, 0600, 2);
    tap_check(s != SEM_FAILED && sem_getvalue(s, &value) == 0 && value == 2, "sem_open makes one");
    tap_check(sem_open("/one", 0) == s &&
                  sem_open("/one", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST,
              "finds it again, and refuses another one");
    tap_check(sem_open("/two", 0) == SEM_FAILED && errno == ENOENT, "there is no other");
    tap_check(sem_unlink("/one") == 0 && sem_open("/one", 0) == SEM_FAILED && sem_wait(s) == 0,
              "without its name it lives on");
    tap_check(sem_close(s) == 0 && sem_close(s) == 0 && sem_close(s) == -1 && errno == EINVAL,
              "until it is closed as often as it was opened");
    sem_t mine;
    sem_init(&mine, 0, SEM_VALUE_MAX);
    tap_check(sem_post(&mine) == -1 && errno == EOVERFLOW, "a semaphore has a largest value");
    tap_check(sem_init(&mine, 0, SEM_VALUE_MAX + 1u) == -1 && errno == EINVAL, "also at the start");
}

/* ---- keys, once, names ------------------------------------------------------------------------ */

static pthread_key_t key_a, key_b;
static int destroyed_a, destroyed_b;

static void destroy_a(void *value)
{
    destroyed_a++;
    pthread_setspecific(key_b, value); /* needs another round */
}

static void destroy_b(void *value)
{
    destroyed_b++;
    pthread_setspecific(key_b, value); /* never ends */
}

static void *set_keys(void *arg)
{
    pthread_setspecific(key_a, arg);
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;

static void never_ends(void)
{
    once_runs++;
    if (once_runs == 1) {
        pause();
    }
}

static void *call_once_there(void *arg)
{
    pthread_once(&once, never_ends);
    return arg;
}

static void test_keys(void)
{
    pthread_t t;
    pthread_key_create(&key_a, destroy_a);
    pthread_key_create(&key_b, destroy_b);
    pthread_create(&t, NULL, set_keys, (void *)1);
    pthread_join(t, NULL);
    tap_check(destroyed_a == 1 && destroyed_b == PTHREAD_DESTRUCTOR_ITERATIONS,
              "destructors run until all is destroyed, or for so many rounds");
    tap_check(pthread_setspecific(key_a, &t) == 0 && pthread_key_delete(key_a) == 0 &&
                  pthread_key_delete(key_a) == EINVAL && pthread_setspecific(key_a, &t) == EINVAL &&
                  pthread_key_create(&key_a, NULL) == 0 && pthread_getspecific(key_a) == NULL,
              "a key that is made again has no value");
    int count = 0;
    pthread_key_t k;
    while (pthread_key_create(&k, NULL) == 0) {
        count++;
    }
    tap_check(count > 100 && count <= PTHREAD_KEYS_MAX, "and there are PTHREAD_KEYS_MAX");
    pthread_create(&t, NULL, call_once_there, NULL);
    usleep(1000);
    pthread_cancel(t);
    pthread_join(t, NULL);
    pthread_once(&once, never_ends);
    tap_equal(once_runs, 2, "a cancelled pthread_once() has not run");
    char name[16];
    tap_check(pthread_setname_np(pthread_self(), "a-name-of-16-byt") == ERANGE &&
                  pthread_setname_np(pthread_self(), "main") == 0 &&
                  pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 &&
                  strcmp(name, "main") == 0,
              "names of threads");
}

static void test_join(void)
{
    pthread_t t;
    pthread_create(&t, NULL, finish, NULL);
    tap_check(pthread_kill(t, 0) == 0 && pthread_kill(t, 4711) == EINVAL, "pthread_kill checks");
    tap_check(pthread_detach(t) == 0 && pthread_join(t, NULL) == EINVAL &&
                  pthread_detach(t) == EINVAL,
              "a detached thread cannot be joined or detached again");
    usleep(1000);
    jmp_buf env;
    volatile int value = _setjmp(env);
    if (value == 0) {
        _longjmp(env, 5);
    }
    tap_equal(value, 5, "_setjmp and _longjmp");
}

int main(void)
{
    test_attributes();
    test_cancel();
    test_robust();
    test_rwlock();
    test_semaphores();
    test_keys();
    test_join();
    return tap_done();
}

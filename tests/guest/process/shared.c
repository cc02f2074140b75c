// SPDX-License-Identifier: Apache-2.0
// timeout: 120
// Memory and synchronisation that processes of a family share: anonymous, of files, of shm_open(); semaphores,
// mutexes, conditions, barriers and read-write locks in it.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "soon.h"
#include "tap.h"

#define CHECK(condition) tap_check(condition, "%s: %s", __func__, #condition)
#define CHILDREN 4
#define ROUNDS 500
#define LARGE ((size_t)5 << 20)

struct shared {
    sem_t ping, pong, done;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_barrier_t barrier;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
    volatile int counter, other, turn;
};

static struct shared *s;

static void *map(size_t bytes)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* ---- memory ------------------------------------------------------------------------------------- */

static int *value;

static int write_value(void)
{
    const int seen = *value;
    *value = 7;
    return seen;
}

static int grandchild_writes(void)
{
    return in_child(write_value) == 0x300 ? *value : 99;
}

static int child_maps_more(void)
{
    value = map(4096);
    *value = 1;
    const int status = in_child(write_value);
    return status == 0x100 && *value == 7 ? 0 : 1;
}

static void anonymous_memory_is_shared(void)
{
    value = map(4096);
    CHECK(value != MAP_FAILED && *value == 0);
    *value = 3;
    CHECK(in_child(write_value) == 0x300);
    CHECK(*value == 7);
    *value = 3;
    CHECK(in_child(grandchild_writes) == 0x700);
    CHECK(*value == 7);
    CHECK(in_child(child_maps_more) == 0);
    CHECK(munmap(value, 4096) == 0);
}

static char *large;

static int fill_large(void)
{
    for (size_t i = 0; i < LARGE; i += 4096) {
        if (large[i] != 1) {
            return 1;
        }
        large[i] = 2;
    }
    return 0;
}

static void large_areas_come_and_go(void)
{
    bool ok = true;
    for (int i = 0; i < 20; i++) {
        large = map(LARGE);
        ok = ok && large != MAP_FAILED;
        for (size_t at = 0; ok && at < LARGE; at += 4096) {
            ok = large[at] == 0;
            large[at] = 1;
        }
        ok = ok && (i % 5 != 0 || in_child(fill_large) == 0);
        ok = ok && (i % 5 != 0 || (large[0] == 2 && large[LARGE - 4096] == 2));
        ok = ok && munmap(large, LARGE) == 0;
    }
    CHECK(ok);
    char *const small[] = {map(4096), map(8192), map(4096)};
    memset(small[1], 1, 8192);
    CHECK(munmap(small[1], 8192) == 0);
    char *const again = map(8192);
    CHECK(again != MAP_FAILED && again[0] == 0 && again[8191] == 0);
    CHECK(munmap(again + 4096, 4096) == 0);
    CHECK(munmap(again, 4096) == 0 && munmap(small[0], 4096) == 0 && munmap(small[2], 4096) == 0);
}

static void there_is_a_limit(void)
{
    errno = 0;
    CHECK(map((size_t)1 << 30) == MAP_FAILED);
    CHECK(errno == ENOMEM);
    int count = 0;
    void *maps[64];
    while (count < 64 && (maps[count] = map(LARGE)) != MAP_FAILED) {
        count++;
    }
    CHECK(count > 1 && count < 64 && errno == ENOMEM);
    while (count > 0) {
        munmap(maps[--count], LARGE);
    }
    void *const again = map(LARGE);
    CHECK(again != MAP_FAILED && munmap(again, LARGE) == 0);
}

/* ---- files -------------------------------------------------------------------------------------- */

static int write_object(void)
{
    const int fd = shm_open("/object", O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, 100000) != 0) {
        return 1;
    }
    char *const at = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        return 2;
    }
    strcpy(at + 90000, "from the child");
    if (munmap(at, 100000) != 0) {
        return 3;
    }
    char back[16];
    return pread(fd, back, 15, 90000) == 15 && strcmp(back, "from the child") == 0 ? 0 : 4;
}

static int change_file(void)
{
    const int fd = open("/tmp/file", O_RDWR);
    char *const at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED || strcmp(at, "parent") != 0) {
        return 1;
    }
    strcpy(at + 4096, "child");
    if (pwrite(fd, "PARENT", 6, 0) != 6 || strcmp(at, "PARENT") != 0) {
        return 2;
    }
    return 0;
}

static char *inherited;

static int change_inherited(void)
{
    if (strcmp(inherited, "PARENT") != 0) {
        return 1;
    }
    strcpy(inherited, "again");
    return munmap(inherited, 8192) == 0 ? 0 : 2;
}

static void files_are_shared(void)
{
    CHECK(in_child(write_object) == 0);
    int fd = shm_open("/object", O_RDONLY, 0);
    char *at = mmap(NULL, 100000, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(at != MAP_FAILED && strcmp(at + 90000, "from the child") == 0);
    CHECK(munmap(at, 100000) == 0 && close(fd) == 0 && shm_unlink("/object") == 0);

    fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    CHECK(ftruncate(fd, 8192) == 0);
    inherited = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    strcpy(inherited, "parent");
    CHECK(in_child(change_file) == 0);
    CHECK(strcmp(inherited, "PARENT") == 0 && strcmp(inherited + 4096, "child") == 0);
    CHECK(in_child(change_inherited) == 0);
    CHECK(strcmp(inherited, "again") == 0);
    CHECK(munmap(inherited, 8192) == 0 && close(fd) == 0 && unlink("/tmp/file") == 0);
    const int again = in_child(write_object);
    CHECK(again == 0 && shm_unlink("/object") == 0);
}

/* ---- semaphores --------------------------------------------------------------------------------- */

static int ping_pong(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&s->ping);
        s->counter++;
        sem_post(&s->pong);
    }
    return 0;
}

static int post_named(void)
{
    sem_t *const named = sem_open("/named", 0);
    return named != SEM_FAILED && sem_post(named) == 0 && sem_close(named) == 0 ? 0 : 1;
}

static void semaphores_work_across_processes(void)
{
    CHECK(sem_init(&s->ping, 1, 0) == 0 && sem_init(&s->pong, 1, 0) == 0);
    const pid_t pid = child(ping_pong);
    for (int i = 0; i < ROUNDS; i++) {
        sem_post(&s->ping);
        sem_wait(&s->pong);
    }
    CHECK(status_of(pid) == 0 && s->counter == ROUNDS);
    struct timespec t = in_ms(CLOCK_REALTIME, 30);
    CHECK(sem_timedwait(&s->pong, &t) == -1 && errno == ETIMEDOUT);
    CHECK(sem_trywait(&s->pong) == -1 && errno == EAGAIN);

    sem_t *const named = sem_open("/named", O_CREAT | O_EXCL, 0600, 0);
    CHECK(named != SEM_FAILED);
    CHECK(sem_open("/named", O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED && errno == EEXIST);
    const pid_t poster = child(post_named);
    CHECK(sem_wait(named) == 0);
    CHECK(status_of(poster) == 0);
    CHECK(sem_open("/named", 0) == named && sem_close(named) == 0);
    CHECK(sem_unlink("/named") == 0 && sem_open("/named", 0) == SEM_FAILED && errno == ENOENT);
    CHECK(sem_close(named) == 0);
}

/* ---- mutexes and the others ----------------------------------------------------------------------- */

static int count_up(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&s->mutex);
        const int seen = s->counter;
        if (i % 50 == 0) {
            sched_yield();
        }
        for (volatile int j = 0; j < 100; j++) {
        }
        s->counter = seen + 1;
        pthread_mutex_unlock(&s->mutex);
    }
    return 0;
}

static int in_all(int (*fn)(void))
{
    pid_t pids[CHILDREN];
    int bad = 0;
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = child(fn);
    }
    for (int i = 0; i < CHILDREN; i++) {
        bad |= status_of(pids[i]);
    }
    return bad;
}

static int try_mutex(void)
{
    struct timespec t = in_ms(CLOCK_REALTIME, 30);
    return pthread_mutex_trylock(&s->mutex) == EBUSY &&
                   pthread_mutex_timedlock(&s->mutex, &t) == ETIMEDOUT &&
                   pthread_mutex_unlock(&s->mutex) == EPERM
               ? 0
               : 1;
}

static void mutexes_exclude(void)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_mutex_init(&s->mutex, &attr) == 0);
    s->counter = 0;
    CHECK(in_all(count_up) == 0);
    CHECK(s->counter == CHILDREN * ROUNDS);
    pthread_mutex_lock(&s->mutex);
    CHECK(in_child(try_mutex) == 0);
    CHECK(pthread_mutex_unlock(&s->mutex) == 0 && pthread_mutex_destroy(&s->mutex) == 0);
}

static int die_with_mutex(void)
{
    pthread_mutex_lock(&s->mutex);
    sem_post(&s->ping);
    sem_wait(&s->pong); /* for ever: it is killed */
    return 0;
}

static int wait_for_mutex(void)
{
    return pthread_mutex_lock(&s->mutex) == EOWNERDEAD &&
                   pthread_mutex_consistent(&s->mutex) == 0 && pthread_mutex_unlock(&s->mutex) == 0
               ? 0
               : 1;
}

static int exit_with_mutex(void)
{
    return pthread_mutex_lock(&s->mutex);
}

static void robust_mutexes_survive(void)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    CHECK(pthread_mutex_init(&s->mutex, &attr) == 0);
    const pid_t pid = child(die_with_mutex);
    sem_wait(&s->ping);
    struct timespec t = in_ms(CLOCK_REALTIME, 20);
    CHECK(pthread_mutex_timedlock(&s->mutex, &t) == ETIMEDOUT);
    if (fork() == 0) {
        usleep(50000);
        kill(pid, SIGKILL);
        _exit(0);
    }
    CHECK(pthread_mutex_lock(&s->mutex) == EOWNERDEAD); /* it waits here */
    CHECK(pthread_mutex_consistent(&s->mutex) == 0 && pthread_mutex_unlock(&s->mutex) == 0);
    CHECK(pthread_mutex_lock(&s->mutex) == 0 && pthread_mutex_unlock(&s->mutex) == 0);
    while (wait(NULL) > 0) {
    }
    const pid_t holder = child(die_with_mutex);
    sem_wait(&s->ping);
    const pid_t sibling = child(wait_for_mutex); /* nobody's death is told to it but by the mutex */
    usleep(50000);
    kill(holder, SIGKILL);
    CHECK(status_of(sibling) == 0 && status_of(holder) == SIGKILL);
    CHECK(in_child(exit_with_mutex) == 0);
    CHECK(pthread_mutex_lock(&s->mutex) == EOWNERDEAD && pthread_mutex_unlock(&s->mutex) == 0);
    CHECK(pthread_mutex_lock(&s->mutex) == ENOTRECOVERABLE);
}

static int take_turns(void)
{
    pthread_mutex_lock(&s->mutex);
    while (s->turn == 0) {
        pthread_cond_wait(&s->cond, &s->mutex);
    }
    s->counter++;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->mutex);
    return 0;
}

static void conditions_wake(void)
{
    pthread_mutexattr_t attr;
    pthread_condattr_t cond_attr;
    pid_t pids[CHILDREN];
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_condattr_init(&cond_attr);
    pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->mutex, &attr);
    CHECK(pthread_cond_init(&s->cond, &cond_attr) == 0);
    s->counter = s->turn = 0;
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = child(take_turns);
    }
    usleep(20000);
    pthread_mutex_lock(&s->mutex);
    s->turn = 1;
    pthread_cond_broadcast(&s->cond);
    while (s->counter < CHILDREN) {
        pthread_cond_wait(&s->cond, &s->mutex);
    }
    struct timespec t = in_ms(CLOCK_REALTIME, 30);
    CHECK(pthread_cond_timedwait(&s->cond, &s->mutex, &t) == ETIMEDOUT || s->counter == CHILDREN);
    CHECK(pthread_mutex_unlock(&s->mutex) == 0);
    int bad = 0;
    for (int i = 0; i < CHILDREN; i++) {
        bad |= status_of(pids[i]);
    }
    CHECK(bad == 0 && s->counter == CHILDREN);
}

static int meet(void)
{
    int serial = 0;
    for (int i = 0; i < 20; i++) {
        serial += pthread_barrier_wait(&s->barrier) != 0;
    }
    pthread_spin_lock(&s->spin);
    s->counter += serial;
    pthread_spin_unlock(&s->spin);
    return 0;
}

static void barriers_and_spin_locks(void)
{
    pthread_barrierattr_t attr;
    pthread_barrierattr_init(&attr);
    pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_barrier_init(&s->barrier, &attr, CHILDREN) == 0);
    CHECK(pthread_spin_init(&s->spin, PTHREAD_PROCESS_SHARED) == 0);
    s->counter = 0;
    CHECK(in_all(meet) == 0 && s->counter == 20);
}

static int read_and_write(void)
{
    for (int i = 0; i < 100; i++) {
        if (i % 4 == 0) {
            pthread_rwlock_wrlock(&s->rwlock);
            s->counter++;
            sched_yield();
            s->other++;
        } else {
            pthread_rwlock_rdlock(&s->rwlock);
            if (s->counter != s->other) {
                return 1;
            }
        }
        if (pthread_rwlock_unlock(&s->rwlock) != 0) {
            return 2;
        }
    }
    return 0;
}

static void read_write_locks(void)
{
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_rwlock_init(&s->rwlock, &attr) == 0);
    s->counter = s->other = 0;
    CHECK(in_all(read_and_write) == 0);
    CHECK(s->counter == 25 * CHILDREN && s->other == s->counter);
    CHECK(pthread_rwlock_wrlock(&s->rwlock) == 0 && pthread_rwlock_rdlock(&s->rwlock) == EDEADLK);
    struct timespec t = in_ms(CLOCK_REALTIME, 20);
    CHECK(pthread_rwlock_timedrdlock(&s->rwlock, &t) == EDEADLK);
    CHECK(pthread_rwlock_unlock(&s->rwlock) == 0 && pthread_rwlock_destroy(&s->rwlock) == 0);
}

int main(void)
{
    anonymous_memory_is_shared();
    large_areas_come_and_go();
    there_is_a_limit();
    s = map(sizeof(*s));
    files_are_shared();
    semaphores_work_across_processes();
    mutexes_exclude();
    robust_mutexes_survive();
    conditions_wake();
    barriers_and_spin_locks();
    read_write_locks();
    return tap_done();
}

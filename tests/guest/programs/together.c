// SPDX-License-Identifier: Apache-2.0
// Processes that share memory. count: a child counts under a robust mutex until there is /tmp/stop or it is
// killed, its parent tells what it sees. many N: as many children, each maps, posts and ends. keep: a child
// writes, its parent is to be copied; a copy says what it has, and ends; keep small: with
// little memory, and quiet. alone: never forks, waits for a signal. cost: what a turn between two processes takes, in cycles of the TSC.
#include <errno.h>
#include <fcntl.h>
#include <mayfly.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 1000
#define LARGE ((size_t)3 << 20)

struct shared {
    pthread_mutex_t mutex;
    sem_t ping, pong;
    volatile unsigned int count;
};

static struct shared *s;

static void *map(size_t bytes)
{
    void *const at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        printf("together: mmap: %s\n", strerror(errno));
        exit(1);
    }
    return at;
}

static void say(const char *what, unsigned int number)
{
    printf("together: %s %u\n", what, number);
    fflush(stdout);
}

static void begin(void)
{
    pthread_mutexattr_t attr;

    s = map(sizeof(*s));
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s->mutex, &attr);
    sem_init(&s->ping, 1, 0);
    sem_init(&s->pong, 1, 0);
}

/* It is killed with the mutex, or asleep. */
static void count_for_ever(void)
{
    for (;;) {
        pthread_mutex_lock(&s->mutex);
        s->count++;
        usleep(5000);
        pthread_mutex_unlock(&s->mutex);
        usleep(1000);
    }
}

static int count(void)
{
    unsigned int told = 0;

    if (fork() == 0) {
        count_for_ever();
    }
    for (;;) {
        usleep(20000);
        const int err = pthread_mutex_lock(&s->mutex);
        const unsigned int seen = s->count;
        if (err == EOWNERDEAD) {
            pthread_mutex_consistent(&s->mutex);
        }
        pthread_mutex_unlock(&s->mutex);
        if (waitpid(-1, NULL, WNOHANG) > 0) {
            say(err == EOWNERDEAD ? "the owner died at" : "it died at", seen);
            return 0;
        }
        if (seen >= told + 10) {
            told = seen;
            say("counted to", seen - seen % 10);
        }
    }
}

static int many(int children)
{
    int good = 0, status;

    char *const large = map(LARGE);
    for (int i = 0; i < children; i++) {
        const pid_t pid = fork();
        if (pid == 0) {
            char *const own = map(LARGE);
            own[LARGE - 1] = 1;
            large[i * 4096] = 1;
            if (i % 3 != 0) {
                munmap(own, LARGE);
            }
            sem_post(&s->ping);
            _exit(0);
        }
        good += sem_wait(&s->ping) == 0 && waitpid(pid, &status, 0) == pid && status == 0 &&
                large[i * 4096] == 1;
    }
    printf("together: %d of %d\n", good, children);
    return 0;
}

/* Every other page of a large area. */
static bool has_pattern(unsigned int *large, bool is_to_be_set)
{
    for (unsigned int i = 0; large != NULL && i < LARGE / sizeof(*large);
         i += 4096 / sizeof(*large)) {
        const unsigned int wanted = i / 1024 % 2 != 0 ? i : 0;
        if (is_to_be_set && wanted != 0) {
            large[i] = wanted;
        } else if (large[i] != wanted) {
            return false;
        }
    }
    return true;
}

/* What is there goes on changing; each copy has its own. */
static int keep(bool is_small)
{
    unsigned int *const large = is_small ? NULL : map(LARGE);
    const int fd = open("/tmp/kept", O_RDWR | O_CREAT, 0600);
    if (ftruncate(fd, 4096) != 0) {
        return 1;
    }
    char *const file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char text[8] = {0};

    if (!is_small) {
        (void)map(LARGE); /* and never touched */
    }
    has_pattern(large, true);
    strcpy(file, "kept");
    if (fork() == 0) {
        for (;;) {
            sem_wait(&s->ping);
            s->count++;
            sem_post(&s->pong);
        }
    }
    for (unsigned int i = 1; access("/tmp/stop", F_OK) != 0; i++) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += 3;
        sem_post(&s->ping);
        if (sem_timedwait(&s->pong, &t) != 0) { /* a copy has no child */
            pread(fd, text, 4, 0);
            const bool is_kept = strcmp(text, "kept") == 0 && has_pattern(large, false);
            has_pattern(large, true);
            say(is_kept ? "alone, kept" : "alone, lost", s->count++);
            return has_pattern(large, false) ? 0 : 1;
        }
        if (i == 10 || (i % 10 == 0 && !is_small)) {
            mf_ready();
            say("turn", s->count);
        }
        usleep(10000);
    }
    kill(0, SIGKILL);
    return 0;
}

static unsigned long long now(void)
{
    return __builtin_ia32_rdtsc();
}

static int cost(void)
{
    if (fork() == 0) {
        for (int i = 0; i < 2 * TURNS; i++) {
            sem_wait(&s->ping);
            sem_post(&s->pong);
        }
        _exit(0);
    }
    for (int round = 0; round < 2; round++) {
        const unsigned long long start = now();
        for (int i = 0; i < TURNS; i++) {
            sem_post(&s->ping);
            sem_wait(&s->pong);
        }
        say("a turn takes", (unsigned int)((now() - start) / TURNS));
    }
    wait(NULL);
    unsigned long long start = now();
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&s->mutex);
        pthread_mutex_unlock(&s->mutex);
    }
    say("lock and unlock take", (unsigned int)((now() - start) / TURNS));
    start = now();
    for (int i = 0; i < TURNS; i++) {
        munmap(map(4096), 4096);
    }
    say("mmap and munmap take", (unsigned int)((now() - start) / TURNS));
    return 0;
}

int main(int argc, char *argv[])
{
    const char *const what = argc > 1 ? argv[1] : "cost";

    begin();
    if (strcmp(what, "count") == 0) {
        return count();
    }
    if (strcmp(what, "alone") == 0) {
        say("alone in group", (unsigned int)getpgrp());
        pause();
    }
    if (strcmp(what, "many") == 0 && argc > 2) {
        return many(atoi(argv[2]));
    }
    return strcmp(what, "keep") == 0 ? keep(argc > 2) : cost();
}

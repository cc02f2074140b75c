// SPDX-License-Identifier: Apache-2.0
// POSIX.1-2017, 2.9.5.2: calls at which a thread that is to be cancelled ends at once; what stdio locks
// is not left locked; with the asynchronous type also a wait for a mutex ends.
// timeout: 30
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static int file, cleaned;
static sem_t full;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static const struct timespec no_time;

static void clean(void *arg)
{
    (void)arg;
    cleaned++;
}

/* ---- calls that could do their work at once ---------------------------------------------------- */

static void do_open(void)
{
    open("/tmp/a", O_RDONLY);
}
static void do_openat(void)
{
    openat(AT_FDCWD, "/tmp/a", O_RDONLY);
}
static void do_creat(void)
{
    creat("/tmp/b", 0600);
}
static void do_close(void)
{
    close(-1);
}
static void do_fsync(void)
{
    fsync(file);
}
static void do_fdatasync(void)
{
    fdatasync(file);
}
static void do_setlkw(void)
{
    struct flock lock = {.l_type = F_WRLCK};
    fcntl(file, F_SETLKW, &lock);
}
static void do_lockf(void)
{
    lockf(file, F_LOCK, 0);
}
static void do_msync(void)
{
    msync(NULL, 0, MS_SYNC);
}
static void do_tcdrain(void)
{
    tcdrain(1);
}
static void do_read(void)
{
    char c;
    read(file, &c, 1);
}
static void do_pread(void)
{
    char c;
    pread(file, &c, 1, 0);
}
static void do_write(void)
{
    write(file, "x", 1);
}
static void do_pwrite(void)
{
    pwrite(file, "x", 1, 0);
}
static void do_poll(void)
{
    poll(NULL, 0, 0);
}
static void do_select(void)
{
    struct timeval none = {0};
    select(0, NULL, NULL, NULL, &none);
}
static void do_nanosleep(void)
{
    nanosleep(&no_time, NULL);
}
static void do_clock_nanosleep(void)
{
    clock_nanosleep(CLOCK_MONOTONIC, 0, &no_time, NULL);
}
static void do_sem_wait(void)
{
    sem_wait(&full);
}
static void do_sem_timedwait(void)
{
    sem_timedwait(&full, &no_time);
}
static void do_cond_timedwait(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push((void (*)(void *))(void (*)(void))pthread_mutex_unlock, &mutex);
    pthread_cond_timedwait(&condition, &mutex, &no_time);
    pthread_cleanup_pop(1);
}
static void do_sigtimedwait(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigtimedwait(&set, NULL, &no_time);
}
static void do_waitpid(void)
{
    waitpid(-1, NULL, WNOHANG);
}
static void do_waitid(void)
{
    siginfo_t info;
    waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
}
static void do_accept(void)
{
    accept(-1, NULL, NULL);
}
static void do_connect(void)
{
    connect(-1, NULL, 0);
}
static void do_recv(void)
{
    char c;
    recv(-1, &c, 1, 0);
}
static void do_send(void)
{
    send(-1, "x", 1, 0);
}

static const struct {
    const char *name;
    void (*fn)(void);
} points[] = {
    {"open", do_open},
    {"openat", do_openat},
    {"creat", do_creat},
    {"close", do_close},
    {"fsync", do_fsync},
    {"fdatasync", do_fdatasync},
    {"fcntl(F_SETLKW)", do_setlkw},
    {"lockf", do_lockf},
    {"msync", do_msync},
    {"tcdrain", do_tcdrain},
    {"read", do_read},
    {"pread", do_pread},
    {"write", do_write},
    {"pwrite", do_pwrite},
    {"poll", do_poll},
    {"select", do_select},
    {"nanosleep", do_nanosleep},
    {"clock_nanosleep", do_clock_nanosleep},
    {"sem_wait", do_sem_wait},
    {"sem_timedwait", do_sem_timedwait},
    {"pthread_cond_timedwait", do_cond_timedwait},
    {"sigtimedwait", do_sigtimedwait},
    {"waitpid", do_waitpid},
    {"waitid", do_waitid},
    {"accept", do_accept},
    {"connect", do_connect},
    {"recv", do_recv},
    {"send", do_send},
};

/* It is to be cancelled already when it calls the function. */
static void *run_point(void *arg)
{
    int old;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    pthread_cancel(pthread_self());
    pthread_cleanup_push(clean, NULL);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    points[(long)arg].fn();
    pthread_cleanup_pop(0);
    return NULL;
}

static void test_points(void)
{
    file = open("/tmp/a", O_RDWR | O_CREAT, 0600);
    sem_init(&full, 0, 100);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        pthread_t thread;
        void *result = NULL;
        cleaned = 0;
        pthread_create(&thread, NULL, run_point, (void *)i);
        pthread_join(thread, &result);
        tap_check(result == PTHREAD_CANCELED && cleaned == 1, "cancelled in %s", points[i].name);
    }
    tap_check(access("/tmp/b", F_OK) == -1, "a_call_that_is_cancelled_has_done_nothing");
}

/* ---- stdio ------------------------------------------------------------------------------------ */

static void *read_line(void *arg)
{
    char line[64];
    char *const got = fgets(line, sizeof(line), arg);
    pthread_testcancel();
    return got;
}

static void stdio_leaves_nothing_locked(void)
{
    int ends[2];
    pthread_t thread;
    void *result = NULL;
    pipe(ends);
    FILE *const f = fdopen(ends[0], "r");
    pthread_create(&thread, NULL, read_line, f);
    usleep(10000);
    pthread_cancel(thread);
    usleep(10000);
    write(ends[1], "one\ntwo\n", 8);
    pthread_join(thread, &result);
    tap_check(result == PTHREAD_CANCELED, "a_thread_is_cancelled_after_stdio");
    const bool is_free = ftrylockfile(f) == 0;
    tap_check(is_free, "the_stream_is_not_left_locked");
    if (is_free) {
        funlockfile(f);
        char line[64] = "";
        tap_check(fgets(line, sizeof(line), f) != NULL && strcmp(line, "two\n") == 0,
                  "and_can_be_read_on");
    }
}

static void *read_locked(void *arg)
{
    char c;
    flockfile(arg);
    pthread_cleanup_push((void (*)(void *))(void (*)(void))funlockfile, arg);
    read(fileno(arg), &c, 1);
    pthread_cleanup_pop(1);
    return NULL;
}

static void flockfile_does_not_keep_from_it(void)
{
    int ends[2];
    pthread_t thread;
    void *result = NULL;
    pipe(ends);
    FILE *const f = fdopen(ends[0], "r");
    pthread_create(&thread, NULL, read_locked, f);
    usleep(10000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    tap_check(result == PTHREAD_CANCELED && ftrylockfile(f) == 0,
              "who_has_locked_a_stream_is_cancelled_and_unlocks_it");
    funlockfile(f);
}

/* ---- asynchronously ---------------------------------------------------------------------------- */

static void *lock_mutex(void *arg)
{
    int old;
    (void)arg;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    pthread_cleanup_push(clean, NULL);
    pthread_mutex_lock(&mutex);
    pthread_cleanup_pop(0);
    return NULL;
}

static void a_wait_for_a_mutex_ends(void)
{
    pthread_t thread;
    void *result = NULL;
    cleaned = 0;
    pthread_mutex_lock(&mutex);
    pthread_create(&thread, NULL, lock_mutex, NULL);
    usleep(10000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    tap_check(result == PTHREAD_CANCELED && cleaned == 1, "asynchronously_in_pthread_mutex_lock");
    tap_check(pthread_mutex_unlock(&mutex) == 0 && pthread_mutex_trylock(&mutex) == 0,
              "the_mutex_is_as_before");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    test_points();
    stdio_leaves_nothing_locked();
    flockfile_does_not_keep_from_it();
    a_wait_for_a_mutex_ends();
    return tap_done();
}

// SPDX-License-Identifier: Apache-2.0
// Clocks and timers, function by function: CPU time, timer_create, timerfd, sleeps, time zones.
#include "tap.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static uint64_t ns_of(clockid_t which)
{
    struct timespec t;
    return clock_gettime(which, &t) == 0 ? (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec
                                         : 0;
}

static void compute_ms(unsigned int ms)
{
    const uint64_t end = ns_of(CLOCK_MONOTONIC) + ms * 1000000ull;
    while (ns_of(CLOCK_MONOTONIC) < end) {
    }
}

static volatile int is_seen; /* however slow the machine: the thread lives until then */

static void *compute_50(void *arg)
{
    compute_ms(50);
    while (!is_seen) {
    }
    *(uint64_t *)arg = ns_of(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static void test_clocks(void)
{
    struct timespec t;
    clockid_t its_clock;
    const uint64_t before = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    compute_ms(30);
    const uint64_t used = ns_of(CLOCK_PROCESS_CPUTIME_ID) - before;
    tap_check(used > 3000000 && used < 500000000, "CPU time grows with computing");
    const uint64_t idle_from = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    usleep(50000);
    tap_check(ns_of(CLOCK_PROCESS_CPUTIME_ID) - idle_from < 30000000, "and not with sleeping");
    tap_check(clock_getcpuclockid(0, &its_clock) == 0 && ns_of(its_clock) > before &&
                  clock_getcpuclockid(1 << 20, &its_clock) == ESRCH,
              "clock_getcpuclockid");
    pthread_t thread;
    uint64_t in_thread = 0;
    const uint64_t mine = ns_of(CLOCK_THREAD_CPUTIME_ID);
    pthread_create(&thread, NULL, compute_50, &in_thread);
    tap_check(pthread_getcpuclockid(thread, &its_clock) == 0, "pthread_getcpuclockid");
    usleep(20000);
    tap_check(ns_of(its_clock) > 1000000, "a thread's time can be seen by others");
    is_seen = 1;
    pthread_join(thread, NULL);
    tap_check(in_thread > 10000000 && ns_of(CLOCK_THREAD_CPUTIME_ID) - mine < in_thread,
              "each thread has its own");
    tap_check(clock_gettime(4711, &t) == -1 && errno == EINVAL && clock_getres(4711, &t) == -1,
              "there is no clock 4711");
    tap_check(clock_settime(CLOCK_REALTIME, &(struct timespec){1, 0}) == -1 && errno == EPERM &&
                  clock_settime(CLOCK_MONOTONIC, &(struct timespec){1, 0}) == -1 && errno == EINVAL,
              "clocks cannot be set");
    struct rusage usage;
    struct tms tms;
    tap_check(getrusage(RUSAGE_SELF, &usage) == 0 &&
                  usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec > 10000,
              "getrusage");
    tap_check(times(&tms) != (clock_t)-1 && tms.tms_utime > 0, "times");
    tap_check(CLOCKS_PER_SEC == 1000000 && clock() > CLOCKS_PER_SEC / 100, "clock");
}

static void test_sleeps(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const uint64_t start = ns_of(CLOCK_MONOTONIC);
    t.tv_nsec += 20000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    tap_check(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == 0 &&
                  ns_of(CLOCK_MONOTONIC) - start >= 20000000,
              "clock_nanosleep until a time");
    tap_check(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == 0, "that has passed");
    t.tv_nsec = 1000000000;
    tap_check(clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL) == EINVAL &&
                  clock_nanosleep(4711, 0, &(struct timespec){0}, NULL) == EINVAL &&
                  clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &(struct timespec){0}, NULL) ==
                      EINVAL,
              "its errors");
}

/* ---- timer_create ------------------------------------------------------------------------------- */

static volatile int calls, value, overrun, code;
static volatile pthread_t caller;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    calls++;
    value = info->si_value.sival_int;
    overrun = info->si_overrun;
    code = info->si_code;
}

static void on_thread(union sigval v)
{
    value = v.sival_int;
    caller = pthread_self();
    calls++;
}

static void test_timer(void)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
    const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    struct itimerspec t = {.it_value = {0, 10000000}, .it_interval = {0, 10000000}}, now;
    timer_t id;
    sigset_t set;
    sigaction(SIGRTMIN + 1, &action, NULL);
    tap_check(timer_create(CLOCK_MONOTONIC, &event, &id) == 0 &&
                  timer_settime(id, 0, &t, NULL) == 0,
              "a timer is made and set");
    while (calls < 3) {
        pause();
    }
    tap_check(value == 77 && code == SI_TIMER, "its signals carry its value");
    tap_check(timer_gettime(id, &now) == 0 && now.it_interval.tv_nsec == 10000000 &&
                  now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 10000000,
              "timer_gettime");
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    usleep(100000);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    tap_check(overrun >= 5 && timer_getoverrun(id) == overrun, "overruns are counted");
    const struct itimerspec off = {0};
    timer_settime(id, 0, &off, &now);
    calls = 0;
    usleep(30000);
    tap_check(calls == 0 && now.it_interval.tv_nsec == 10000000, "a timer is taken back");
    tap_check(timer_delete(id) == 0 && timer_delete(id) == -1 && errno == EINVAL &&
                  timer_settime(id, 0, &t, NULL) == -1 && timer_gettime(id, &now) == -1 &&
                  timer_getoverrun(id) == -1,
              "a deleted timer is gone");
    event = (struct sigevent){.sigev_notify = SIGEV_THREAD,
                              .sigev_notify_function = on_thread,
                              .sigev_value.sival_int = 5};
    timer_create(CLOCK_REALTIME, &event, &id);
    clock_gettime(CLOCK_REALTIME, &t.it_value);
    t.it_value.tv_nsec += 10000000;
    t.it_value.tv_sec += t.it_value.tv_nsec / 1000000000;
    t.it_value.tv_nsec %= 1000000000;
    t.it_interval = (struct timespec){0};
    timer_settime(id, TIMER_ABSTIME, &t, NULL);
    usleep(60000);
    tap_check(calls == 1 && value == 5 && caller != pthread_self(), "SIGEV_THREAD, at a time");
    timer_delete(id);
    event = (struct sigevent){.sigev_notify = SIGEV_NONE};
    t = (struct itimerspec){.it_value = {100, 0}};
    tap_check(timer_create(CLOCK_MONOTONIC, &event, &id) == 0 &&
                  timer_settime(id, 0, &t, NULL) == 0 && timer_gettime(id, &now) == 0 &&
                  now.it_value.tv_sec == 99 && timer_delete(id) == 0,
              "SIGEV_NONE");
    event.sigev_notify = 99;
    tap_check(timer_create(CLOCK_MONOTONIC, &event, &id) == -1 && errno == EINVAL &&
                  timer_create(4711, NULL, &id) == -1 && errno == EINVAL,
              "timer_create's errors");
}

/* ---- timerfd ------------------------------------------------------------------------------------ */

static void test_timerfd(void)
{
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec t = {.it_value = {0, 10000000}, .it_interval = {0, 5000000}}, now;
    uint64_t expired = 0;
    tap_check(fd >= 0 && read(fd, &expired, 8) == -1 && errno == EAGAIN, "a timerfd is made");
    tap_check(timerfd_settime(fd, 0, &t, NULL) == 0 && timerfd_gettime(fd, &now) == 0 &&
                  now.it_interval.tv_nsec == 5000000,
              "set");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    tap_check(poll(&p, 1, 1000) == 1 && read(fd, &expired, 8) == 8 && expired >= 1, "polled");
    usleep(50000);
    tap_check(read(fd, &expired, 8) == 8 && expired >= 8, "counts what nobody read");
    const int e = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(e, EPOLL_CTL_ADD, fd, &event);
    tap_check(epoll_wait(e, &event, 1, 1000) == 1 && event.data.fd == fd, "and works with epoll");
    tap_check(read(fd, &expired, 4) == -1 && errno == EINVAL, "eight bytes are asked for");
    t = (struct itimerspec){0};
    timerfd_settime(fd, 0, &t, NULL);
    tap_check(epoll_wait(e, &event, 1, 30) == 0, "taken back");
    t.it_value.tv_nsec = 1000000000;
    tap_check(timerfd_settime(fd, 0, &t, NULL) == -1 && errno == EINVAL &&
                  timerfd_settime(0, 0, &now, NULL) == -1 && errno == EINVAL &&
                  timerfd_settime(1000, 0, &now, NULL) == -1 && errno == EBADF &&
                  timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0) == -1 && errno == EINVAL,
              "its errors");
    close(e);
    close(fd);
}

static void test_zones(void)
{
    char text[64];
    struct tm tm;
    const time_t summer = 1751371200; /* 2025-07-01 12:00 UTC */
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    localtime_r(&summer, &tm);
    strftime(text, sizeof(text), "%F %T %Z %z", &tm);
    tap_check(strcmp(text, "2025-07-01 14:00:00 CEST +0200") == 0, "a time zone with summer: %s",
              text);
    tap_check(mktime(&tm) == summer && strcmp(tzname[0], "CET") == 0, "and back");
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    test_clocks();
    test_sleeps();
    test_timer();
    test_timerfd();
    test_zones();
    struct itimerval v;
    tap_check(getitimer(ITIMER_VIRTUAL, &v) == 0 && getitimer(7, &v) == -1 && errno == EINVAL,
              "getitimer knows three timers");
    return tap_done();
}

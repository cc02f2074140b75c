// SPDX-License-Identifier: Apache-2.0
// Time, random numbers, identity, limits.
#include "tap.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static long long ns_now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void test_time(void)
{
    struct timespec t = {0, 30000000};
    const long long start = ns_now(CLOCK_MONOTONIC), wall = ns_now(CLOCK_REALTIME);
    nanosleep(&t, NULL);
    const long long slept = ns_now(CLOCK_MONOTONIC) - start;
    tap_check(slept >= 30000000 && slept < 3000000000LL, "nanosleep sleeps as long as asked");
    tap_check(ns_now(CLOCK_REALTIME) - wall >= 29000000, "the wall clock goes on");
    struct timeval v;
    gettimeofday(&v, NULL);
    tap_check(v.tv_sec > 1700000000, "the year is right");
    bool monotonic = true;
    long long before = start;
    for (int i = 0; i < 10000; i++) {
        const long long now = ns_now(CLOCK_MONOTONIC);
        monotonic = monotonic && now >= before;
        before = now;
    }
    tap_check(monotonic, "the monotonic clock never goes back");
    t = (struct timespec){0, 1000000000};
    errno = 0;
    tap_check(nanosleep(&t, NULL) == -1 && errno == EINVAL, "a bad time is EINVAL");
    clock_gettime(CLOCK_MONOTONIC, &t);
    tap_check(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == 0, "a time in the past");
    tap_check(clock() >= 0 && times(&(struct tms){0}) != (clock_t)-1, "clock and times");
}

static void test_random(void)
{
    unsigned char a[1000] = {0}, b[1000] = {0};
    int counts[256] = {0}, most = 0;
    tap_check(getrandom(a, sizeof(a), 0) == sizeof(a) && getentropy(b, 256) == 0 &&
                  memcmp(a, b, 256) != 0,
              "getrandom and getentropy");
    for (int i = 0; i < 1000; i++) {
        counts[a[i]]++;
        most = counts[a[i]] > most ? counts[a[i]] : most;
    }
    tap_check(most < 20, "the bytes are spread");
    errno = 0;
    tap_check(getentropy(a, 257) == -1 && errno == EIO, "getentropy gives at most 256 bytes");
}

static void test_identity(void)
{
    struct utsname u;
    struct rlimit limit;
    struct rusage usage;
    char name[64] = {0};
    tap_check(getpid() == 1 && getuid() == 0 && geteuid() == 0 && getgid() == 0, "process 1, root");
    tap_check(setuid(0) == 0 && setuid((uid_t)-1) == -1 && errno == EINVAL, "user 0 stays user 0");
    tap_check(uname(&u) == 0 && strcmp(u.sysname, "Mayfly") == 0 &&
                  strcmp(u.machine, "x86_64") == 0 && gethostname(name, sizeof(name)) == 0 &&
                  strcmp(u.nodename, name) == 0,
              "uname");
    tap_check(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_NPROCESSORS_ONLN) == 1 &&
                  sysconf(_SC_OPEN_MAX) >= 1024,
              "sysconf");
    errno = 0;
    tap_check(sysconf(9999) == -1 && errno == EINVAL, "an unknown name is EINVAL");
    limit = (struct rlimit){100, 65536};
    tap_check(setrlimit(RLIMIT_NOFILE, &limit) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
                  limit.rlim_cur == 100 && dup2(1, 100) == -1 && errno == EBADF,
              "RLIMIT_NOFILE limits");
    tap_check(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
}

static int order;

static void at_exit_one(void)
{
    _exit(order == 1 ? 0 : 3);
}

static void at_exit_two(void)
{
    order = 1;
}

int main(void)
{
    test_time();
    test_random();
    test_identity();
    atexit(at_exit_one);
    atexit(at_exit_two);
    return tap_done();
}

// SPDX-License-Identifier: Apache-2.0
// Signals within the guest: handlers, masks, faults, timers.
#include "tap.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int last, calls;
static jmp_buf back;
static volatile int *volatile nowhere = (int *)16;

static void handle(int sig)
{
    last = sig;
    calls++;
}

static void handle_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    last = sig;
    longjmp(back, info->si_addr == (void *)16 ? 1 : 2);
}

static void test_masks(void)
{
    sigset_t set, old, pending;
    signal(SIGUSR1, handle);
    tap_check(raise(SIGUSR1) == 0 && last == SIGUSR1 && calls == 1, "raise runs the handler");
    tap_check(kill(getpid(), SIGUSR1) == 0 && calls == 2, "kill(getpid()) too");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    sigpending(&pending);
    tap_check(calls == 2 && sigismember(&pending, SIGUSR1) == 1, "a blocked signal waits");
    sigprocmask(SIG_SETMASK, &old, NULL);
    tap_check(calls == 3, "and comes when it is unblocked");
    int sig = 0;
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    tap_check(sigwait(&set, &sig) == 0 && sig == SIGUSR1 && calls == 3, "sigwait takes it");
    sigprocmask(SIG_SETMASK, &old, NULL);
    struct sigaction action = {.sa_handler = handle, .sa_flags = (int)SA_RESETHAND};
    tap_check(sigaction(SIGUSR2, &action, NULL) == 0 && raise(SIGUSR2) == 0 &&
                  sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_DFL,
              "SA_RESETHAND");
    errno = 0;
    tap_check(sigaction(SIGKILL, &action, NULL) == -1 && errno == EINVAL, "SIGKILL has no handler");
    tap_check(raise(SIGCHLD) == 0, "SIGCHLD is ignored");
    tap_check(kill(4711, 0) == -1 && errno == ESRCH, "there is no other process");
}

static void test_faults(void)
{
    struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    volatile int step = 0;
    int r = setjmp(back);
    if (r == 0) {
        *nowhere = 1;
    }
    tap_check(r == 1 && last == SIGSEGV, "SIGSEGV's handler gets the address and may jump out");
    r = setjmp(back);
    if (r == 0) {
        *nowhere = 1;
    }
    tap_check(r == 1, "and again");
    r = setjmp(back);
    if (r == 0) {
        step = 7 / step;
    }
    tap_check(r == 2 && last == SIGFPE, "SIGFPE for a division by zero");
}

static void test_timers(void)
{
    signal(SIGALRM, handle);
    struct itimerval t = {.it_value = {0, 20000}, .it_interval = {0, 10000}};
    calls = 0;
    setitimer(ITIMER_REAL, &t, NULL);
    tap_check(sleep(5) > 0 && calls == 1 && last == SIGALRM, "SIGALRM interrupts sleep()");
    while (calls < 4) {
        pause();
    }
    tap_check(calls >= 4, "setitimer goes on");
    t = (struct itimerval){0};
    setitimer(ITIMER_REAL, &t, NULL);
    int p[2];
    char c;
    struct sigaction action = {.sa_handler = handle};
    pipe(p);
    sigaction(SIGALRM, &action, NULL);
    t.it_value.tv_usec = 20000;
    setitimer(ITIMER_REAL, &t, NULL);
    errno = 0;
    tap_check(read(p[0], &c, 1) == -1 && errno == EINTR, "a blocking read ends with EINTR");
    tap_check(alarm(100) == 0 && alarm(0) == 100, "alarm tells what was left");
}

static void *wait_for_usr1(void *arg)
{
    sigset_t set;
    int sig = 0;
    (void)arg;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &sig);
    return (void *)(long)sig;
}

static void test_threads(void)
{
    pthread_t t;
    sigset_t set;
    void *result;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&t, NULL, wait_for_usr1, NULL);
    usleep(1000);
    kill(getpid(), SIGUSR1);
    pthread_join(t, &result);
    tap_equal((long)result, SIGUSR1, "a thread waits for the process's signals");
}

int main(void)
{
    test_masks();
    test_faults();
    test_timers();
    test_threads();
    return tap_done();
}

// SPDX-License-Identifier: Apache-2.0
// timeout: 90
// fork() returns twice; the child is a copy; the parent learns how it ended; signals between them.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

#define MANY 100

static volatile int shared = 1;
static volatile sig_atomic_t caught, children_ended;
static char order[16];

static void status_comes_back(void)
{
    int status = 0;
    const pid_t pid = fork();

    if (pid == 0) {
        shared = 2;
        _exit(getppid() == 1 && getpid() > 1 ? 42 : 1);
    }
    tap_check(pid > 1, "the_parent_gets_the_childs_number");
    tap_check(wait(&status) == pid, "wait_finds_it");
    tap_check(WIFEXITED(status) && WEXITSTATUS(status) == 42, "its_status_comes_back");
    tap_check(shared == 1, "the_childs_write_is_invisible");
    errno = 0;
    tap_check(wait(&status) == -1 && errno == ECHILD, "then_there_is_no_child");
}

/* ---- ends ---------------------------------------------------------------------------------- */

static int do_fault(void)
{
    volatile uintptr_t nowhere = 8;
    *(volatile int *)nowhere = 1;
    return 0;
}

static int do_abort(void)
{
    abort();
}

static int do_raise(void)
{
    raise(SIGTERM);
    return 0;
}

static int do_divide(void)
{
    volatile int zero = 0;
    return 100 / zero;
}

static int do_exit(void)
{
    exit(7);
}

static void ends_are_told(void)
{
    int status = in_child(do_fault);
    tap_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a_fault_is_sigsegv");
    status = in_child(do_abort);
    tap_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "abort_is_sigabrt");
    status = in_child(do_raise);
    tap_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "a_signal_is_told_from_exit");
    status = in_child(do_divide);
    tap_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGFPE, "a_division_is_sigfpe");
    status = in_child(do_exit);
    tap_check(WIFEXITED(status) && WEXITSTATUS(status) == 7, "exit_is_an_exit");
}

/* ---- waiting ------------------------------------------------------------------------------- */

static pid_t start_sleeper(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    return pid;
}

static void waiting_has_options(void)
{
    int status = 0;
    siginfo_t info = {0};
    struct rusage usage;
    const pid_t a = start_sleeper(), b = start_sleeper();

    tap_check(waitpid(-1, &status, WNOHANG) == 0, "nohang_does_not_wait");
    tap_check(waitpid(9999, &status, WNOHANG) == -1 && errno == ECHILD, "a_stranger_is_no_child");
    tap_check(kill(b, 0) == 0 && kill(9999, 0) == -1 && errno == ESRCH, "kill_0_looks");
    tap_check(kill(b, SIGKILL) == 0, "kill_is_sent");
    tap_check(waitid(P_PID, (id_t)b, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == b &&
                  info.si_code == CLD_KILLED && info.si_status == SIGKILL,
              "waitid_can_leave_it");
    tap_check(waitpid(b, &status, 0) == b && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
              "a_killed_child_is_told");
    kill(a, SIGTERM);
    tap_check(wait4(a, &status, 0, &usage) == a && WTERMSIG(status) == SIGTERM,
              "sigterm_reaches_a_child_that_sleeps");
    tap_check(waitid(P_ALL, 0, &info, WEXITED) == -1 && errno == ECHILD, "nobody_is_left");
}

/* ---- signals ------------------------------------------------------------------------------- */

static void on_signal(int sig)
{
    caught = sig;
}

static void on_child(int sig)
{
    int status;
    (void)sig;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        children_ended++;
    }
}

static int tell_parent(void)
{
    return kill(getppid(), SIGUSR1) == 0 ? 0 : 1;
}

static int say_later(void)
{
    usleep(5000);
    return 0;
}

static int tell_parent_later(void)
{
    usleep(5000);
    kill(getppid(), SIGUSR1);
    usleep(50000);
    return 0;
}

static void signals_travel(void)
{
    signal(SIGUSR1, on_signal);
    tap_check(in_child(tell_parent) == 0, "a_child_signals_its_parent");
    usleep(1000);
    tap_check(caught == SIGUSR1, "and_the_parent_gets_it");

    const pid_t pid = fork();
    if (pid == 0) {
        while (caught != SIGUSR2) {
            signal(SIGUSR2, on_signal);
            kill(getppid(), SIGUSR1);
            usleep(1000);
        }
        _exit(3);
    }
    int status = 0;
    caught = 0;
    while (caught == 0) {
        usleep(1000);
    }
    kill(pid, SIGUSR2);
    tap_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3,
              "a_handler_in_the_child_runs");

    signal(SIGCHLD, on_signal);
    tap_check(in_child(say_later) == 0 && caught == SIGCHLD, "wait_goes_on_after_a_handler");
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    const pid_t later = fork();
    if (later == 0) {
        _exit(tell_parent_later());
    }
    errno = 0;
    tap_check(waitpid(later, &status, 0) == -1 && errno == EINTR, "or_ends_without_sa_restart");
    waitpid(later, &status, 0);

    signal(SIGCHLD, on_child);
    for (int i = 0; i < 5; i++) {
        if (fork() == 0) {
            _exit(i);
        }
    }
    for (int i = 0; i < 5000 && children_ended < 5; i++) {
        usleep(1000);
    }
    tap_check(children_ended == 5, "sigchld_comes_and_its_handler_may_wait");
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            _exit(0);
        }
    }
    tap_check(wait(&status) == -1 && errno == ECHILD, "who_ignores_sigchld_has_no_zombies");
    signal(SIGCHLD, SIG_DFL);
}

/* ---- threads ------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int ticks;

static void *tick(void *arg)
{
    (void)arg;
    for (;;) {
        ticks++;
        usleep(1000);
    }
    return NULL;
}

static int only_one_thread(void)
{
    const int before = ticks;
    usleep(30000);
    pthread_mutex_lock(&lock);
    return ticks == before ? 0 : 1;
}

static void *fork_in_thread(void *arg)
{
    *(int *)arg = in_child(only_one_thread);
    return NULL;
}

static void *return_in_child(void *arg)
{
    *(pid_t *)arg = fork();
    return NULL;
}

static void note(char c)
{
    if (strlen(order) + 1 < sizeof(order)) {
        order[strlen(order)] = c;
    }
}

static void prepare_1(void)
{
    note('p');
}
static void prepare_2(void)
{
    note('P');
}
static void parent_1(void)
{
    note('a');
}
static void parent_2(void)
{
    note('A');
}
static void child_1(void)
{
    note('c');
}
static void child_2(void)
{
    note('C');
}

static int handlers_of_child(void)
{
    return strcmp(order, "PpcC") == 0 ? 0 : 1;
}

static void one_thread_lives_on(void)
{
    pthread_t ticker, forker;
    int status = -1;
    pid_t pid = -1;

    pthread_create(&ticker, NULL, tick, NULL);
    usleep(5000);
    tap_check(in_child(only_one_thread) == 0, "other_threads_are_not_in_the_child");
    pthread_create(&forker, NULL, fork_in_thread, &status);
    pthread_join(forker, NULL);
    tap_check(status == 0, "any_thread_may_fork");
    const int before = ticks;
    usleep(10000);
    tap_check(ticks > before, "the_parents_threads_go_on");
    pthread_create(&forker, NULL, return_in_child, &pid);
    pthread_join(forker, NULL);
    tap_check(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
                  WEXITSTATUS(status) == 0,
              "a_child_ends_with_its_thread");
    pthread_atfork(prepare_1, parent_1, child_1);
    pthread_atfork(prepare_2, parent_2, child_2);
    tap_check(in_child(handlers_of_child) == 0, "handlers_run_in_the_child");
    tap_check(strcmp(order, "PpaA") == 0, "handlers_run_in_the_parent");
}

/* ---- families ------------------------------------------------------------------------------ */

static int be_grandparent(void)
{
    int status = -1;
    const pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        _exit(getppid() == self ? 5 : 6);
    }
    return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5 ? 0 : 1;
}

static int leave_an_orphan(void)
{
    if (fork() == 0) {
        while (getppid() != 1) {
            usleep(1000);
        }
        kill(1, SIGUSR1);
        _exit(0);
    }
    return 0;
}

static void families_are_known(void)
{
    tap_check(in_child(be_grandparent) == 0, "children_have_children");
    caught = 0;
    tap_check(in_child(leave_an_orphan) == 0, "a_child_ends_before_its_child");
    for (int i = 0; i < 5000 && caught == 0; i++) {
        usleep(1000);
    }
    tap_check(caught == SIGUSR1, "the_orphan_is_the_first_processes");
    errno = 0;
    tap_check(wait(NULL) == -1 && errno == ECHILD, "which_need_not_wait_for_it");
}

static void many_in_turn(void)
{
    int good = 0;
    for (int i = 0; i < MANY; i++) {
        int status = -1;
        const pid_t pid = fork();
        if (pid == 0) {
            _exit(i);
        }
        good += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i;
    }
    tap_check(good == MANY, "a_hundred_in_turn");
    pid_t all[MANY];
    good = 0;
    for (int i = 0; i < MANY; i++) {
        all[i] = start_sleeper();
    }
    for (int i = 0; i < MANY; i++) {
        good += kill(all[i], SIGKILL) == 0 && waitpid(all[i], NULL, 0) == all[i];
    }
    tap_check(good == MANY, "a_hundred_at_once");
}

/* The last one: it makes as many as it may. */
static void a_bomb_is_contained(void)
{
    int count = 0;
    errno = 0;
    while (start_sleeper() > 0) {
        count++;
    }
    tap_check(errno == EAGAIN && count == 256, "a_bomb_ends_with_eagain");
    tap_check(kill(0, 0) == 0 && kill(-1, SIGKILL) == 0, "all_can_be_signalled");
    while (wait(NULL) > 0) {
        count--;
    }
    tap_check(count == 0 && errno == ECHILD, "and_all_are_told");
    tap_check(in_child(do_exit) == 7 << 8, "then_there_is_room_again");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    status_comes_back();
    ends_are_told();
    waiting_has_options();
    signals_travel();
    one_thread_lives_on();
    families_are_known();
    many_in_turn();
    a_bomb_is_contained();
    return tap_done();
}

// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// set: console-input=terminal
// set: console-output=terminal
// Process groups, sessions, stopping and continuing, and what siginfo_t says between processes.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

static volatile siginfo_t got;
static volatile sig_atomic_t count, continued;

static void on_info(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    got = *info;
    count++;
}

static void handle(int sig, int flags)
{
    struct sigaction action = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO | flags};
    sigaction(sig, &action, NULL);
}

static void on_continue(int sig)
{
    (void)sig;
    continued = 1;
}

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

/* Computes, without a call. */
static pid_t start_computing(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        for (volatile unsigned long i = 0;; i++) {
        }
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- what siginfo_t says --------------------------------------------------------------------- */

static int send_info(void)
{
    const union sigval value = {.sival_ptr = (void *)0x123456789abcdef0};
    return kill(getppid(), SIGUSR1) == 0 && sigqueue(getppid(), SIGRTMIN + 3, value) == 0 ? 0 : 1;
}

static int exit_9(void)
{
    return 9;
}

static int be_user_7(void)
{
    return setuid(7) == 0 && kill(getppid(), SIGUSR1) == 0 ? 0 : 1;
}

static void wait_for_count(int n)
{
    for (int i = 0; i < 3000 && count < n; i++) {
        usleep(1000);
    }
}

static void signals_tell_who_sent_them(void)
{
    sigset_t set, old;
    siginfo_t info = {0};
    pid_t pid;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, &old);
    if ((pid = fork()) == 0) {
        _exit(send_info());
    }
    const struct timespec second = {.tv_sec = 5};
    sigdelset(&set, SIGRTMIN + 3);
    tap_check(sigtimedwait(&set, &info, &second) == SIGUSR1 && info.si_code == SI_USER &&
                  info.si_pid == pid && info.si_uid == 0,
              "kill_tells_pid_and_uid");
    sigaddset(&set, SIGRTMIN + 3);
    tap_check(sigtimedwait(&set, &info, &second) == SIGRTMIN + 3 && info.si_code == SI_QUEUE &&
                  info.si_pid == pid && info.si_value.sival_ptr == (void *)0x123456789abcdef0,
              "sigqueue_brings_its_value");
    waitpid(pid, NULL, 0);
    sigprocmask(SIG_SETMASK, &old, NULL);

    handle(SIGUSR1, 0);
    count = 0;
    tap_check(value_in_child(be_user_7) == 0, "another_user_sends");
    wait_for_count(1);
    tap_check(count == 1 && got.si_uid == 7, "its_number_comes_along");
    signal(SIGUSR1, SIG_DFL);

    errno = 0;
    tap_check(sigqueue(99999, SIGUSR1, (union sigval){0}) == -1 && errno == ESRCH,
              "sigqueue_to_nobody_is_esrch");
    errno = 0;
    tap_check(sigqueue(1, 99, (union sigval){0}) == -1 && errno == EINVAL,
              "sigqueue_of_no_signal_is_einval");
}

static void each_realtime_signal_comes(void)
{
    handle(SIGRTMIN, 0);
    count = 0;
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 40; i++) {
            const union sigval value = {.sival_int = i};
            while (sigqueue(parent, SIGRTMIN, value) != 0 && errno == EAGAIN) {
                usleep(1000);
            }
        }
        _exit(0);
    }
    wait_for_count(40);
    tap_check(count == 40 && got.si_value.sival_int == 39, "forty_realtime_signals_come");
    waitpid(pid, NULL, 0);
    signal(SIGRTMIN, SIG_DFL);
}

static void sigchld_tells_how_it_ended(void)
{
    handle(SIGCHLD, 0);
    count = 0;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(exit_9());
    }
    wait_for_count(1);
    tap_check(got.si_signo == SIGCHLD && got.si_code == CLD_EXITED && got.si_pid == pid &&
                  got.si_status == 9,
              "sigchld_of_an_exit");
    waitpid(pid, &status, 0);
    count = 0;
    pid = start_sleeper();
    kill(pid, SIGTERM);
    wait_for_count(1);
    tap_check(got.si_code == CLD_KILLED && got.si_pid == pid && got.si_status == SIGTERM,
              "sigchld_of_a_signal");
    waitpid(pid, &status, 0);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- sigwait, without blocking the signal ------------------------------------------------------ */

static int wait_unblocked(void)
{
    sigset_t set;
    int sig = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handle(SIGUSR1, 0);
    kill(getppid(), SIGUSR2);
    return sigwait(&set, &sig) == 0 && sig == SIGUSR1 && count == 0 ? 0 : 1;
}

static void sigwait_takes_what_is_not_blocked(void)
{
    int status = -1;
    handle(SIGUSR2, 0);
    count = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        count = 0;
        _exit(wait_unblocked());
    }
    wait_for_count(1);
    usleep(20000);
    kill(pid, SIGUSR1);
    waitpid(pid, &status, 0);
    tap_check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "sigwait_comes_before_handlers");
}

/* ---- stopping ------------------------------------------------------------------------------- */

static void a_child_is_stopped_and_goes_on(void)
{
    int status = 0;
    siginfo_t info = {0};
    const pid_t pid = start_sleeper();

    tap_check(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid &&
                  WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP && !WIFEXITED(status) &&
                  !WIFSIGNALED(status) && !WIFCONTINUED(status),
              "sigstop_stops_and_waitpid_says_so");
    tap_check(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0, "it_says_so_once");
    tap_check(kill(pid, SIGCONT) == 0 && waitpid(pid, &status, WCONTINUED) == pid &&
                  WIFCONTINUED(status) && !WIFSTOPPED(status) && !WIFSIGNALED(status),
              "sigcont_is_told_by_wcontinued");
    setpgid(pid, pid); /* the first process's group is an orphaned one */
    kill(pid, SIGTSTP);
    tap_check(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT) == 0 &&
                  info.si_code == CLD_STOPPED && info.si_status == SIGTSTP && info.si_pid == pid,
              "waitid_tells_which_signal");
    tap_check(waitid(P_PID, (id_t)pid, &info, WSTOPPED) == 0 && info.si_code == CLD_STOPPED,
              "wnowait_leaves_it");
    tap_check(waitpid(pid, &status, WNOHANG) == 0, "without_wuntraced_it_is_not_told");
    kill(pid, SIGTERM);
    usleep(50000);
    tap_check(waitpid(pid, &status, WNOHANG) == 0, "a_stopped_process_takes_no_signal");
    kill(pid, SIGCONT);
    tap_check(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM,
              "it_takes_it_when_it_goes_on");

    const pid_t other = start_sleeper();
    kill(other, SIGSTOP);
    waitpid(other, &status, WUNTRACED);
    kill(other, SIGKILL);
    tap_check(waitpid(other, &status, 0) == other && WTERMSIG(status) == SIGKILL,
              "sigkill_ends_a_stopped_one");
}

static int tick_and_stop(void)
{
    signal(SIGCONT, on_continue);
    raise(SIGSTOP);
    return continued == 1 ? 3 : 4;
}

static int stop_by_kill(void)
{
    signal(SIGTSTP, SIG_IGN);
    kill(getpid(), SIGTSTP);
    signal(SIGTSTP, SIG_DFL);
    kill(getpid(), SIGTTIN);
    return 5;
}

static void a_process_stops_itself(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(tick_and_stop());
    }
    tap_check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "raise_stops");
    kill(pid, SIGCONT);
    tap_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3,
              "a_handler_of_sigcont_runs");
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        _exit(stop_by_kill());
    }
    tap_check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
                  WSTOPSIG(status) == SIGTTIN,
              "an_ignored_signal_does_not_stop");
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    tap_check(WEXITSTATUS(status) == 5, "then_it_goes_on");
}

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

/* A byte for each tick into a pipe: who is stopped writes none. */
static void all_threads_stand_still(void)
{
    int pipe_fds[2], status;
    char buffer[4096];
    pthread_t thread;

    if (pipe(pipe_fds) != 0) {
        return;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        pthread_create(&thread, NULL, tick, NULL);
        for (;;) {
            write(pipe_fds[1], "x", 1);
            usleep(1000);
        }
    }
    close(pipe_fds[1]);
    read(pipe_fds[0], buffer, sizeof(buffer));
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    while (read(pipe_fds[0], buffer, sizeof(buffer)) > 0) {
    }
    fcntl(pipe_fds[0], F_SETFL, 0);
    struct timeval none = {.tv_usec = 100000};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_fds[0], &set);
    tap_check(select(pipe_fds[0] + 1, &set, NULL, NULL, &none) == 0, "all_its_threads_stop");
    kill(pid, SIGCONT);
    tap_check(read(pipe_fds[0], buffer, 1) == 1, "and_go_on");
    end(pid);
    close(pipe_fds[0]);
}

/* Gives back a byte that it is given, and ends. */
static pid_t start_echo(int *to, int *from)
{
    int in[2], out[2];
    char byte;

    if (pipe(in) != 0 || pipe(out) != 0) {
        return -1;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(read(in[0], &byte, 1) == 1 && write(out[1], &byte, 1) == 1 ? 0 : 1);
    }
    close(in[0]);
    close(out[1]);
    *to = in[1];
    *from = out[0];
    return pid;
}

static void sigcont_takes_a_stop_back(void)
{
    int status, to = -1, from = -1;
    char byte = 'x';
    const pid_t pid = start_echo(&to, &from);

    for (int i = 0; i < 200; i++) {
        kill(pid, SIGSTOP);
        kill(pid, SIGCONT);
    }
    tap_check(write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1, "the_last_sigcont_wins");
    tap_check(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "it_runs");
    close(to);
    close(from);
}

static void one_that_computes_is_stopped(void)
{
    int status = 0;
    pid_t pid = start_computing();
    usleep(20000);
    kill(pid, SIGSTOP);
    tap_check(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
              "one_that_computes_is_stopped");
    kill(pid, SIGCONT);
    kill(pid, SIGTERM);
    tap_check(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM, "and_takes_signals");
}

static void sigchld_of_stops(void)
{
    int status;
    const pid_t pid = start_sleeper();
    handle(SIGCHLD, 0);
    count = 0;
    kill(pid, SIGSTOP);
    wait_for_count(1);
    tap_check(got.si_code == CLD_STOPPED && got.si_pid == pid && got.si_status == SIGSTOP,
              "sigchld_of_a_stop");
    kill(pid, SIGCONT);
    wait_for_count(2);
    tap_check(got.si_code == CLD_CONTINUED && got.si_pid == pid, "sigchld_of_going_on");
    handle(SIGCHLD, SA_NOCLDSTOP);
    count = 0;
    kill(pid, SIGSTOP);
    waitpid(pid, &status, WUNTRACED);
    usleep(20000);
    tap_check(count == 0, "not_with_sa_nocldstop");
    signal(SIGCHLD, SIG_DFL);
    end(pid);
}

/* ---- groups and sessions --------------------------------------------------------------------- */

static int leave_session(void)
{
    const pid_t sid = setsid();
    errno = 0;
    return sid == getpid() && getsid(0) == sid && getpgrp() == sid && setsid() == -1 &&
                   errno == EPERM && setpgid(0, 0) == -1 && errno == EPERM && tcgetpgrp(0) == -1 &&
                   errno == ENOTTY
               ? 0
               : 1;
}

static int inherit(void)
{
    return getpgrp() == 1 && getsid(0) == 1 && getpgid(0) == 1 && getpgid(getpid()) == 1 &&
                   getpgid(1) == 1
               ? 0
               : 1;
}

static int bad_groups(void)
{
    int wrong = 0;
    wrong += setpgid(0, -1) != -1 || errno != EINVAL;
    wrong += setpgid(0, 4711) != -1 || errno != EPERM;
    wrong += setpgid(getppid(), 0) != -1 || errno != ESRCH;
    wrong += setpgid(4711, 0) != -1 || errno != ESRCH;
    wrong += getpgid(4711) != -1 || errno != ESRCH;
    wrong += getsid(4711) != -1 || errno != ESRCH;
    wrong += killpg(4711, 0) != -1 || errno != ESRCH;
    wrong += kill(-4711, 0) != -1 || errno != ESRCH;
    wrong += killpg(1, 99) != -1 || errno != EINVAL;
    wrong += waitpid(-4711, NULL, 0) != -1 || errno != ECHILD;
    wrong += setpgrp() != getpid() || getpgrp() != getpid();
    return wrong;
}

static void groups_are_known(void)
{
    tap_check(value_in_child(inherit) == 0, "a_child_inherits_group_and_session");
    tap_check(value_in_child(leave_session) == 0, "setsid_makes_a_session_once");
    tap_check(value_in_child(bad_groups) == 0, "errors_are_posixs");
    errno = 0;
    tap_check(setsid() == -1 && errno == EPERM, "the_first_process_is_a_leader_already");
    tap_check(tcgetpgrp(0) == 1 && tcgetsid(0) == 1, "the_terminal_is_the_first_sessions");

    const pid_t a = start_sleeper(), b = start_sleeper(), c = start_sleeper();
    int status;
    tap_check(setpgid(a, a) == 0 && setpgid(b, a) == 0 && getpgid(b) == a && getpgid(c) == 1,
              "a_parent_puts_children_into_a_group");
    tap_check(tcsetpgrp(0, a) == 0 && tcgetpgrp(0) == a && tcsetpgrp(0, 1) == 0,
              "a_group_comes_to_the_front");
    errno = 0;
    tap_check(tcsetpgrp(0, 4711) == -1 && errno == EPERM, "but_only_one_of_the_session");
    tap_check(waitpid(-a, &status, WNOHANG) == 0 && waitpid(0, &status, WNOHANG) == 0,
              "waitpid_knows_groups");
    tap_check(kill(-a, SIGTERM) == 0, "kill_sends_to_a_group");
    const pid_t first = waitpid(-a, &status, 0), second = waitpid(-a, &status, 0);
    tap_check((first == a && second == b) || (first == b && second == a),
              "both_of_it_end_and_are_found_by_it");
    errno = 0;
    tap_check(waitpid(-a, &status, WNOHANG) == -1 && errno == ECHILD, "then_nobody_is_in_it");
    tap_check(waitpid(c, &status, WNOHANG) == 0, "others_live");

    handle(SIGUSR1, 0);
    count = 0;
    tap_check(killpg(1, SIGUSR1) == 0 && count == 1, "killpg_1_is_a_group_and_includes_the_caller");
    tap_check(waitpid(0, &status, 0) == c && WTERMSIG(status) == SIGUSR1, "and_the_others_of_it");
    count = 0;
    tap_check(kill(0, SIGUSR1) == 0 && count == 1, "kill_0_is_the_own_group");
    signal(SIGUSR1, SIG_DFL);
}

/* A group whose last link to the session ends while it is stopped gets SIGHUP and SIGCONT. */
static int leave_a_stopped_group(void)
{
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        raise(SIGSTOP);
        _exit(0);
    }
    waitpid(pid, &status, WUNTRACED);
    return pid;
}

static void orphaned_groups(void)
{
    const int pid = value_in_child(leave_a_stopped_group);
    bool is_gone = false;
    for (int i = 0; i < 3000 && !is_gone; i++) {
        is_gone = kill(pid, 0) == -1 && errno == ESRCH;
        usleep(1000);
    }
    tap_check(is_gone, "an_orphaned_stopped_group_is_hung_up");
    tap_check(raise(SIGTSTP) == 0, "sigtstp_does_not_stop_an_orphaned_group");
}

/* ---- usage ---------------------------------------------------------------------------------- */

static int use_cpu(void)
{
    struct rusage usage;
    do {
        for (volatile int i = 0; i < 100000; i++) {
        }
        getrusage(RUSAGE_SELF, &usage);
    } while (usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 60000);
    return 0;
}

static int have_a_child_use_it(void)
{
    return value_in_child(use_cpu);
}

static long children_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (long)usage.ru_utime.tv_sec * 1000000 + (long)usage.ru_utime.tv_usec;
}

static void usage_of_children_is_known(void)
{
    const long before = children_us();
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(have_a_child_use_it());
    }
    while (kill(pid, 0) == 0 && waitpid(pid, NULL, WNOHANG) == 0) {
        usleep(5000);
    }
    struct tms t;
    tap_check(children_us() - before >= 60000, "getrusage_counts_children_and_theirs");
    tap_check(times(&t) != (clock_t)-1 && t.tms_cutime >= 6, "times_does_too");
    tap_check(value_in_child((int (*)(void))(void (*)(void))children_us) == 0,
              "a_child_begins_with_none");
}

/* ---- waiting in a thread that is cancelled ------------------------------------------------------- */

static void *wait_for_child(void *arg)
{
    waitpid(*(pid_t *)arg, NULL, 0);
    return NULL;
}

static void waitpid_is_a_cancellation_point(void)
{
    pid_t pid = start_sleeper();
    pthread_t thread;
    void *result = NULL;
    pthread_create(&thread, NULL, wait_for_child, &pid);
    usleep(10000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    tap_check(result == PTHREAD_CANCELED, "waitpid_ends_when_its_thread_is_cancelled");
    end(pid);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    signals_tell_who_sent_them();
    each_realtime_signal_comes();
    sigchld_tells_how_it_ended();
    sigwait_takes_what_is_not_blocked();
    a_child_is_stopped_and_goes_on();
    a_process_stops_itself();
    all_threads_stand_still();
    sigcont_takes_a_stop_back();
    one_that_computes_is_stopped();
    sigchld_of_stops();
    groups_are_known();
    orphaned_groups();
    usage_of_children_is_known();
    waitpid_is_a_cancellation_point();
    return tap_done();
}

// SPDX-License-Identifier: Apache-2.0
// timeout: 40
// Details of POSIX.1-2008 on threads, clocks, signals and limits that programs and test suites rely on.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static volatile sig_atomic_t count;
static volatile int code;

static void on_info(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    code = info->si_code;
    count++;
}

static void handle(int sig)
{
    struct sigaction action = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
    sigaction(sig, &action, NULL);
}

/* ---- threads ------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int runs;

static void run(void)
{
    runs++;
}

static void once_can_be_set_again(void)
{
    pthread_once(&once, run);
    pthread_once(&once, run);
    tap_check(runs == 1, "pthread_once_runs_it_once");
    once = PTHREAD_ONCE_INIT; /* as children of fork() do */
    pthread_once(&once, run);
    tap_check(runs == 2, "and_again_when_it_was_assigned");
}

struct stack {
    char *low;
    size_t bytes;
    bool is_right;
};

static void *look_at_stack(void *arg)
{
    struct stack *const s = arg;
    pthread_attr_t attr;
    void *low;
    size_t bytes;
    char here;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &bytes);
    s->is_right = bytes == s->bytes && (s->low == NULL || s->low == low) &&
                  &here - (char *)low > 0 && &here < (char *)low + bytes;
    return NULL;
}

static void stacks_have_the_size_that_was_asked_for(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    struct stack s = {.bytes = 0x40000};
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, s.bytes);
    pthread_create(&thread, &attr, look_at_stack, &s);
    pthread_join(thread, NULL);
    tap_check(s.is_right, "a_stack_is_as_large_as_asked");
    s.low = aligned_alloc(4096, s.bytes);
    pthread_attr_setstack(&attr, s.low, s.bytes);
    pthread_create(&thread, &attr, look_at_stack, &s);
    pthread_join(thread, NULL);
    tap_check(s.is_right, "a_stack_of_ones_own_is_it");
    pthread_attr_destroy(&attr);

    void *low;
    size_t bytes;
    char here;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &bytes);
    tap_check(&here > (char *)low && &here < (char *)low + bytes, "main_is_on_its_own_stack");
}

static void scheduling_has_one_policy(void)
{
    const struct sched_param one = {.sched_priority = 1}, zero = {.sched_priority = 0};
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    tap_check(pthread_attr_setschedpolicy(&attr, SCHED_FIFO) == ENOTSUP &&
                  pthread_attr_setschedpolicy(&attr, 77) == EINVAL &&
                  pthread_attr_setschedparam(&attr, &one) == EINVAL &&
                  pthread_setschedparam(pthread_self(), SCHED_RR, &one) == ENOTSUP &&
                  pthread_setschedparam(pthread_self(), SCHED_OTHER, &zero) == 0 &&
                  sysconf(_SC_PRIORITY_SCHEDULING) == -1 &&
                  sysconf(_SC_THREAD_PRIORITY_SCHEDULING) == -1,
              "other_policies_are_refused_and_not_promised");
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static void wrong_clocks(void)
{
    static const int wrong[] = {INT_MIN, INT_MAX, -1, 17, -2147483647, -1073743192};
    struct timespec t;
    int refused = 0;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        errno = 0;
        refused += clock_gettime((clockid_t)wrong[i], &t) == -1 && errno == EINVAL;
    }
    tap_check(refused == 6, "wrong_clocks_are_refused");
    clockid_t clock;
    tap_check(pthread_getcpuclockid(pthread_self(), &clock) == 0 && clock_gettime(clock, &t) == 0,
              "a_threads_clock_is_there");
    tap_check(clock_getcpuclockid(99999, &clock) == ESRCH, "that_of_no_process_is_esrch");
}

static double cpu_seconds(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool timer_counts(clockid_t clock)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    const struct itimerspec value = {.it_value = {.tv_nsec = 50000000},
                                     .it_interval = {.tv_nsec = 30000000}};
    struct itimerspec left;
    timer_t timer;
    count = 0;
    const double begin = cpu_seconds(clock);
    if (timer_create(clock, &event, &timer) != 0 || timer_settime(timer, 0, &value, NULL) != 0) {
        return false;
    }
    usleep(120000);
    const bool is_early = count != 0;
    timer_gettime(timer, &left);
    const bool is_known =
        left.it_value.tv_sec == 0 && left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 50000000;
    while (count < 1 && cpu_seconds(clock) - begin < 5) {
    }
    const double first = cpu_seconds(clock) - begin;
    while (count < 3 && cpu_seconds(clock) - begin < 5) {
    }
    timer_delete(timer);
    printf("# first after %f s of CPU time, %d in all\n", first, (int)count);
    return !is_early && is_known && first >= 0.05 && count >= 3 && code == SI_TIMER;
}

static void cpu_timers(void)
{
    handle(SIGUSR1);
    tap_check(timer_counts(CLOCK_PROCESS_CPUTIME_ID), "a_timer_counts_the_processes_cpu_time");
    tap_check(timer_counts(CLOCK_THREAD_CPUTIME_ID), "a_timer_counts_the_threads_cpu_time");
    timer_t timer;
    errno = 0;
    tap_check(timer_create((clockid_t)-1, NULL, &timer) == -1 && errno == EINVAL,
              "a_timer_on_no_clock_is_einval");
}

/* ---- signals --------------------------------------------------------------------------------- */

static void raise_is_as_kill(void)
{
    handle(SIGUSR2);
    code = 99;
    raise(SIGUSR2);
    tap_check(code == SI_USER, "raise_says_si_user");
    pthread_kill(pthread_self(), SIGUSR2);
    tap_check(code == SI_TKILL, "pthread_kill_says_si_tkill");
}

static void held_signals(void)
{
    handle(SIGUSR1);
    count = 0;
    tap_check(sigset(SIGUSR1, SIG_HOLD) != SIG_ERR, "sigset_holds");
    raise(SIGUSR1);
    tap_check(count == 0, "a_held_signal_waits");
    tap_check(sigset(SIGUSR1, SIG_HOLD) == SIG_HOLD, "it_says_that_it_was_held");
    errno = 0;
    tap_check(sigpause(SIGUSR1) == -1 && errno == EINTR && count == 1, "sigpause_lets_it_come");
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    tap_check(sigismember(&mask, SIGUSR1) == 1, "and_holds_it_again");
    sigset(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    tap_check(sigismember(&mask, SIGUSR1) == 0, "an_action_releases_it");
    errno = 0;
    tap_check(sigpause(99) == -1 && errno == EINVAL && sigset(99, SIG_HOLD) == SIG_ERR,
              "wrong_numbers_are_refused");
}

static void stop_signals_of_a_guest_alone(void)
{
    tap_check(raise(SIGTSTP) == 0 && raise(SIGSTOP) == 0 && kill(getpid(), SIGTTIN) == 0,
              "nothing_stops_a_guest_that_never_forked");
    handle(SIGTSTP);
    count = 0;
    raise(SIGTSTP);
    tap_check(count == 1, "a_handler_for_sigtstp_runs");
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void what_sysconf_promises(void)
{
    static const int absent[] = {
        _SC_THREAD_PRIO_PROTECT,  _SC_PRIORITIZED_IO, _SC_RAW_SOCKETS,         _SC_SPORADIC_SERVER,
        _SC_TYPED_MEMORY_OBJECTS, _SC_SPAWN,          _SC_THREAD_PRIO_INHERIT, _SC_XOPEN_UNIX};
    int good = 0;
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        errno = 0;
        good += sysconf(absent[i]) == -1 && errno == 0;
    }
    tap_equal(good, 8, "absent_options_are_minus_1_without_an_error");
    errno = 0;
    tap_check(sysconf(9999) == -1 && errno == EINVAL, "no_option_is_einval");
    tap_check(sysconf(_SC_JOB_CONTROL) > 0 && sysconf(_SC_SAVED_IDS) > 0 &&
                  sysconf(_SC_SHARED_MEMORY_OBJECTS) == 200809 &&
                  sysconf(_SC_MEMORY_PROTECTION) == 200809 && sysconf(_SC_CPUTIME) == 200809,
              "present_ones_are_told");
    tap_check(sysconf(_SC_HOST_NAME_MAX) >= _POSIX_HOST_NAME_MAX &&
                  sysconf(_SC_SEM_NSEMS_MAX) >= _POSIX_SEM_NSEMS_MAX &&
                  sysconf(_SC_SIGQUEUE_MAX) >= _POSIX_SIGQUEUE_MAX &&
                  sysconf(_SC_TIMER_MAX) >= _POSIX_TIMER_MAX &&
                  sysconf(_SC_OPEN_MAX) >= _POSIX_OPEN_MAX &&
                  sysconf(_SC_RTSIG_MAX) >= _POSIX_RTSIG_MAX &&
                  sysconf(_SC_NGROUPS_MAX) >= _POSIX_NGROUPS_MAX &&
                  sysconf(_SC_ARG_MAX) >= _POSIX_ARG_MAX && NAME_MAX >= _POSIX_NAME_MAX &&
                  PATH_MAX >= _POSIX_PATH_MAX && PIPE_BUF >= _POSIX_PIPE_BUF,
              "limits_reach_posixs_minimum");
}

static void nice_keeps_its_value(void)
{
    tap_check(nice(5) == 5 && getpriority(PRIO_PROCESS, 0) == 5, "nice_adds");
    tap_check(nice(100) == 19 && nice(-100) == -20, "within_its_limits");
    errno = 0;
    tap_check(setpriority(PRIO_PROCESS, 99999, 0) == -1 && errno == ESRCH,
              "of_no_process_is_esrch");
}

static void names_of_shared_memory(void)
{
    char name[PATH_MAX + 2];
    memset(name, 'a', sizeof(name));
    for (size_t i = 0; i < sizeof(name); i += 10) {
        name[i] = '/';
    }
    name[PATH_MAX + 1] = '\0';
    errno = 0;
    tap_check(shm_open(name, O_RDWR | O_CREAT, 0600) == -1 && errno == ENAMETOOLONG,
              "a_name_of_path_max_is_too_long");
    errno = 0;
    tap_check(shm_open("..", O_RDWR | O_CREAT, 0600) == -1 && errno == EINVAL,
              "folders_are_no_names");
    const int fd = shm_open("/mine", O_RDWR | O_CREAT, 0600);
    seteuid(7);
    errno = 0;
    tap_check(shm_unlink("/mine") == -1 && errno == EACCES, "another_user_may_not_unlink_it");
    seteuid(0);
    tap_check(shm_unlink("/mine") == 0 && close(fd) == 0, "its_owner_may");
}

static int pipe_ends[2];

static void *write_much(void *bytes)
{
    char *const much = calloc(1, 200000);
    *(ssize_t *)bytes = write(pipe_ends[1], much, 200000);
    free(much);
    return NULL;
}

static void a_reader_that_goes_leaves_the_count(void)
{
    pthread_t writer;
    ssize_t written = 0;
    int queued = 0;

    signal(SIGPIPE, SIG_IGN);
    tap_equal(pipe(pipe_ends), 0, "pipe()");
    pthread_create(&writer, NULL, write_much, &written);
    while (queued < 65536) {
        sched_yield();
        ioctl(pipe_ends[0], FIONREAD, &queued);
    }
    close(pipe_ends[0]);
    pthread_join(writer, NULL);
    tap_equal(written, 65536, "write() tells what the pipe took before its reader went");
    errno = 0;
    tap_check(write(pipe_ends[1], "x", 1) == -1 && errno == EPIPE, "and then EPIPE");
    close(pipe_ends[1]);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    once_can_be_set_again();
    stacks_have_the_size_that_was_asked_for();
    scheduling_has_one_policy();
    wrong_clocks();
    cpu_timers();
    raise_is_as_kill();
    held_signals();
    stop_signals_of_a_guest_alone();
    what_sysconf_promises();
    nice_keeps_its_value();
    names_of_shared_memory();
    a_reader_that_goes_leaves_the_count();
    return tap_done();
}

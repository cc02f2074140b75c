// SPDX-License-Identifier: Apache-2.0
// Signals, function by function: information, queues, masks while waiting, stacks, faults and their
// codes, restarted calls.
#include "tap.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile siginfo_t got;
static volatile int count, order[8];
static char *volatile handler_stack;
static sigjmp_buf out;

static void note(int sig, siginfo_t *info, void *context)
{
    char here;
    (void)context;
    got = *info;
    handler_stack = &here;
    order[count & 7] = sig;
    count++;
}

static void handle(int sig, unsigned int flags)
{
    const struct sigaction action = {.sa_sigaction = note, .sa_flags = (int)(SA_SIGINFO | flags)};
    sigaction(sig, &action, NULL);
}

static sigset_t set_of(int a, int b)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, a);
    if (b != 0) {
        sigaddset(&set, b);
    }
    return set;
}

/* ---- queues ----------------------------------------------------------------------------------- */

static void test_queue(void)
{
    const sigset_t set = set_of(SIGRTMIN, SIGUSR1);
    sigset_t pending;
    siginfo_t info;
    const struct timespec no_time = {0};
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 1; i <= 3; i++) {
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 10});
        kill(getpid(), SIGUSR1);
    }
    tap_check(sigpending(&pending) == 0 && sigismember(&pending, SIGRTMIN) == 1 &&
                  sigismember(&pending, SIGUSR1) == 1,
              "blocked signals are pending");
    tap_check(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_USER &&
                  info.si_pid == getpid(),
              "the lowest number comes first, and who sent it");
    bool good = true;
    for (int i = 1; i <= 3; i++) {
        good = good && sigtimedwait(&set, &info, &no_time) == SIGRTMIN &&
               info.si_code == SI_QUEUE && info.si_value.sival_int == i * 10;
    }
    tap_check(good, "real-time signals queue, in order, with their values");
    tap_check(sigtimedwait(&set, &info, &no_time) == -1 && errno == EAGAIN,
              "an ordinary signal waits once");
    int queued = 0;
    while (sigqueue(getpid(), SIGRTMIN, (union sigval){0}) == 0) {
        queued++;
    }
    tap_check(errno == EAGAIN && queued == sysconf(_SC_SIGQUEUE_MAX), "SIGQUEUE_MAX can wait");
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGRTMIN, &ignore, NULL);
    tap_check(sigpending(&pending) == 0 && sigismember(&pending, SIGRTMIN) == 0,
              "to ignore a signal drops what is pending");
    tap_check(sigqueue(getpid(), 64, (union sigval){0}) == -1 && errno == EINVAL &&
                  sigqueue(1 << 20, SIGUSR1, (union sigval){0}) == -1 && errno == ESRCH,
              "sigqueue checks");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void test_masks(void)
{
    const sigset_t both = set_of(SIGUSR1, SIGUSR2);
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO, .sa_mask = both};
    sigset_t none, before;
    sigemptyset(&none);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigprocmask(SIG_BLOCK, &both, NULL);
    raise(SIGUSR2);
    raise(SIGUSR1);
    count = 0;
    tap_check(sigsuspend(&none) == -1 && errno == EINTR && count == 2 && order[0] == SIGUSR1,
              "sigsuspend lets signals in and ends after their handlers");
    sigprocmask(SIG_SETMASK, NULL, &before);
    tap_check(sigismember(&before, SIGUSR1) == 1, "and has the mask of before");
    count = 0;
    raise(SIGUSR1);
    struct pollfd nothing = {.fd = -1};
    tap_check(ppoll(&nothing, 1, NULL, &none) == -1 && errno == EINTR && count == 1,
              "ppoll() ends for a signal that its mask lets through");
    raise(SIGUSR1);
    const struct timespec second = {1, 0};
    tap_check(pselect(0, NULL, NULL, NULL, &second, &none) == -1 && errno == EINTR && count == 2,
              "pselect() too");
    raise(SIGUSR1);
    const int e = epoll_create1(0);
    struct epoll_event event;
    tap_check(epoll_pwait(e, &event, 1, 1000, &none) == -1 && errno == EINTR && count == 3,
              "epoll_pwait() too");
    close(e);
    sigprocmask(SIG_UNBLOCK, &both, NULL);
    tap_check(sighold(SIGUSR1) == 0 && raise(SIGUSR1) == 0 && count == 3 &&
                  sigrelse(SIGUSR1) == 0 && count == 4,
              "sighold and sigrelse");
    handle(SIGUSR1, SA_RESETHAND | SA_NODEFER);
    struct sigaction now;
    tap_check(raise(SIGUSR1) == 0 && sigaction(SIGUSR1, NULL, &now) == 0 &&
                  now.sa_handler == SIG_DFL,
              "SA_RESETHAND");
}

/* ---- calls that are interrupted, or not ------------------------------------------------------- */

static int ends[2];

static void *write_later(void *arg)
{
    usleep(60000);
    write(ends[1], "z", 1);
    sem_post((sem_t *)arg);
    return NULL;
}

static void test_restart(void)
{
    const struct itimerval soon = {.it_value = {0, 10000}};
    pthread_t t;
    sem_t s;
    char c;
    pipe(ends);
    sem_init(&s, 0, 0);
    handle(SIGALRM, SA_RESTART);
    count = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    pthread_create(&t, NULL, write_later, &s);
    tap_check(read(ends[0], &c, 1) == 1 && count == 1, "SA_RESTART: read() goes on");
    tap_check(sem_wait(&s) == 0, "and a semaphore is taken");
    pthread_join(t, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    tap_check(poll(&p, 1, 1000) == -1 && errno == EINTR, "but poll() ends");
    const struct timespec second = {1, 0};
    struct timespec left = {0};
    setitimer(ITIMER_REAL, &soon, NULL);
    tap_check(nanosleep(&second, &left) == -1 && errno == EINTR && left.tv_sec == 0 &&
                  left.tv_nsec > 800000000,
              "and nanosleep(), which tells what is left");
    siginterrupt(SIGALRM, 1);
    setitimer(ITIMER_REAL, &soon, NULL);
    tap_check(read(ends[0], &c, 1) == -1 && errno == EINTR, "without it read() ends");
    setitimer(ITIMER_REAL, &soon, NULL);
    tap_check(sem_wait(&s) == -1 && errno == EINTR, "and sem_wait()");
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    tap_check(write(ends[1], &c, 1) == -1 && errno == EPIPE, "EPIPE when SIGPIPE is ignored");
    handle(SIGPIPE, 0);
    count = 0;
    tap_check(write(ends[1], &c, 1) == -1 && errno == EPIPE && count == 1 && order[0] == SIGPIPE,
              "SIGPIPE when it is not");
}

/* ---- stacks and faults ------------------------------------------------------------------------- */

static char alternate[65536] __attribute__((aligned(16)));

static bool is_alternate(const char *p)
{
    return p >= alternate && p < alternate + sizeof(alternate);
}

static void __attribute__((noinline)) overflow(volatile char *above)
{
    volatile char here[4096];
    here[0] = above[0];
    if (here[0] == 0) { /* always */
        overflow(here);
    }
    above[1] = here[0];
}

static void jump_out(int sig, siginfo_t *info, void *context)
{
    note(sig, info, context);
    siglongjmp(out, 1);
}

static void test_stacks(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = 100};
    tap_check(sigaltstack(&stack, NULL) == -1 && errno == ENOMEM, "MINSIGSTKSZ is asked for");
    stack.ss_size = sizeof(alternate);
    stack_t before;
    tap_check(sigaltstack(&stack, &before) == 0 && before.ss_flags == SS_DISABLE, "sigaltstack");
    handle(SIGUSR1, SA_ONSTACK);
    raise(SIGUSR1);
    tap_check(is_alternate(handler_stack), "a handler with SA_ONSTACK runs there");
    handle(SIGUSR1, 0);
    raise(SIGUSR1);
    tap_check(!is_alternate(handler_stack), "one without does not");
    const struct sigaction action = {.sa_sigaction = jump_out,
                                     .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK)};
    sigaction(SIGSEGV, &action, NULL);
    for (volatile int i = 0; i < 2; i++) {
        if (sigsetjmp(out, 1) == 0) {
            volatile char top[8] = {0};
            overflow(top);
        }
        tap_check(got.si_signo == SIGSEGV && is_alternate(handler_stack),
                  "a stack overflow can be handled there");
    }
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
}

static volatile int *volatile nowhere = (int *)64;

static void skip_load(int sig, siginfo_t *info, void *context)
{
    ucontext_t *const c = (ucontext_t *)context;
    note(sig, info, context);
    c->uc_mcontext.gregs[REG_RAX] = 42; /* the load is mov (%rdx), %eax: two bytes */
    c->uc_mcontext.gregs[REG_RIP] += 2;
}

static void fault_codes(int sig, int code, const char *name, void (*fn)(void))
{
    const struct sigaction action = {.sa_sigaction = jump_out, .sa_flags = SA_SIGINFO};
    sigaction(sig, &action, NULL);
    got = (siginfo_t){0};
    if (sigsetjmp(out, 1) == 0) {
        fn();
    }
    if (!tap_check(got.si_signo == sig && got.si_code == code, "%s", name)) {
        printf("# signal %d code %d\n", got.si_signo, got.si_code);
    }
}

static void write_constant(void)
{
    *(volatile char *)(uintptr_t) "constant" = 1;
}

static void bad_instruction(void)
{
    __asm__ volatile("ud2");
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

/* By the x87: QEMU's TCG has no exceptions of SSE. */
static void divide_float(void)
{
    const unsigned short control = 0x37b; /* division by zero is not masked */
    __asm__ volatile(
        "fldcw %0\n\tfld1\n\tfldz\n\tfdivrp %%st, %%st(1)\n\tfwait\n\tfstp %%st(0)" ::"m"(control));
}

static void test_faults(void)
{
    struct sigaction action = {.sa_sigaction = skip_load, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    int value;
    __asm__ volatile("movl (%%rdx), %%eax" : "=a"(value) : "d"(nowhere));
    tap_check(value == 42 && got.si_addr == (void *)64 && got.si_code == SEGV_MAPERR,
              "a handler may change the registers and return");
    fault_codes(SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR for a write to a constant", write_constant);
    fault_codes(SIGILL, ILL_ILLOPN, "SIGILL", bad_instruction);
    fault_codes(SIGTRAP, TRAP_BRKPT, "SIGTRAP for int3", breakpoint);
    fault_codes(SIGFPE, FPE_FLTDIV, "SIGFPE for 1.0 / 0 when that traps", divide_float);
    __asm__ volatile("fninit");
}

/* ---- who gets it -------------------------------------------------------------------------------- */

static volatile pthread_t receiver;

static void note_receiver(int sig)
{
    (void)sig;
    receiver = pthread_self();
}

static void *take_usr2(void *arg)
{
    const sigset_t set = set_of(SIGUSR2, 0);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    sem_post((sem_t *)arg);
    pause();
    return NULL;
}

static void test_receiver(void)
{
    const sigset_t set = set_of(SIGUSR2, 0);
    pthread_t t;
    sem_t s;
    sem_init(&s, 0, 0);
    signal(SIGUSR2, note_receiver);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&t, NULL, take_usr2, &s);
    sem_wait(&s);
    kill(getpid(), SIGUSR2);
    pthread_join(t, NULL);
    tap_check(receiver == t, "a signal goes to the thread that does not block it");
    struct signalfd_siginfo info;
    const int fd = signalfd(-1, &set, SFD_NONBLOCK);
    tap_check(read(fd, &info, sizeof(info)) == -1 && errno == EAGAIN, "nothing to read");
    sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 7});
    struct pollfd p = {.fd = fd, .events = POLLIN};
    tap_check(poll(&p, 1, 0) == 1 && read(fd, &info, sizeof(info)) == sizeof(info) &&
                  info.ssi_signo == SIGUSR2 && info.ssi_int == 7,
              "signalfd gives a blocked signal");
    close(fd);
}

/* ---- leaving by siglongjmp() --------------------------------------------------------------------- */

static int ends[2], pair[2];

static void leave(int sig)
{
    (void)sig;
    siglongjmp(out, 1);
}

static void wait_in_read(void)
{
    char c;
    (void)!read(ends[0], &c, 1);
}

static void wait_in_poll(void)
{
    struct pollfd p[20];
    for (int i = 0; i < 20; i++) {
        p[i] = (struct pollfd){.fd = i % 2 == 0 ? ends[0] : pair[0], .events = POLLIN};
    }
    (void)poll(p, 20, -1);
}

static void wait_in_receive(void)
{
    char c;
    (void)recv(pair[0], &c, 1, 0);
}

static void wait_in_send(void)
{
    static char much[400000];
    (void)send(pair[0], much, sizeof(much), 0);
}

static void wait_in_epoll(void)
{
    struct epoll_event e;
    const int fd = epoll_create1(0);
    e = (struct epoll_event){.events = EPOLLIN};
    epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &e);
    (void)epoll_wait(fd, &e, 1, -1);
}

/* What a wait has left on the stack is overwritten. */
static void __attribute__((noinline)) scribble(void)
{
    volatile char over[4096];
    for (size_t i = 0; i < sizeof(over); i++) {
        over[i] = 0x5a;
    }
}

static void test_jumps(void)
{
    static void (*const waits[])(void) = {wait_in_read, wait_in_poll, wait_in_receive, wait_in_send,
                                          wait_in_epoll};
    const struct itimerval soon = {.it_value.tv_usec = 5000};
    volatile unsigned int jumps = 0;
    char c = 0;

    signal(SIGALRM, leave);
    (void)!pipe(ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    for (volatile unsigned int i = 0; i < 10; i++) {
        if (sigsetjmp(out, 1) == 0) {
            setitimer(ITIMER_REAL, &soon, NULL);
            waits[i % 5]();
        } else {
            jumps++;
        }
        scribble();
    }
    signal(SIGALRM, SIG_DFL);
    tap_equal(jumps, 10, "handlers leave read, poll, recv, send and epoll_wait by siglongjmp()");
    tap_check(write(ends[1], "a", 1) == 1 && read(ends[0], &c, 1) == 1 && c == 'a',
              "and nobody looks for the waits that were left");
    tap_check(send(pair[1], "b", 1, 0) == 1 && recv(pair[0], &c, 1, 0) == 1 && c == 'b',
              "nor of sockets");
    close(pair[0]);
    while (recv(pair[1], &c, 1, MSG_DONTWAIT) == 1) {
        /* what wait_in_send() has sent */
    }
    tap_equal(recv(pair[1], &c, 1, MSG_DONTWAIT), 0, "what they had open can be closed");
    close(ends[1]);
    tap_equal(read(ends[0], &c, 1), 0, "and has an end");
}

int main(void)
{
    test_queue();
    test_masks();
    test_restart();
    test_stacks();
    test_faults();
    test_receiver();
    test_jumps();
    return tap_done();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.c - POSIX signals within the one process that a guest is. See signal_internal.h for when
 * they are delivered. Default actions: ignore, end the guest with 128 + number, or, where POSIX
 * asks for a core dump, end it by a fault after a backtrace.
 */
#include "signal/signal_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/fault.h"
#include "mayfly/hypercall.h"
#include "process/process.h"
#include "start/info.h"
#include "time/time_internal.h"

#define IGNORED_BY_DEFAULT                                                                         \
    (MF_SIGNAL_BIT(SIGCHLD) | MF_SIGNAL_BIT(SIGCONT) | MF_SIGNAL_BIT(SIGURG) |                     \
     MF_SIGNAL_BIT(SIGWINCH) | MF_SIGNAL_BIT(SIGSTOP) | MF_SIGNAL_BIT(SIGTSTP) |                   \
     MF_SIGNAL_BIT(SIGTTIN) | MF_SIGNAL_BIT(SIGTTOU))
#define DUMPS_BY_DEFAULT                                                                           \
    (MF_SIGNAL_BIT(SIGQUIT) | MF_SIGNAL_BIT(SIGILL) | MF_SIGNAL_BIT(SIGTRAP) |                     \
     MF_SIGNAL_BIT(SIGABRT) | MF_SIGNAL_BIT(SIGBUS) | MF_SIGNAL_BIT(SIGFPE) |                      \
     MF_SIGNAL_BIT(SIGSEGV) | MF_SIGNAL_BIT(SIGXCPU) | MF_SIGNAL_BIT(SIGXFSZ) |                    \
     MF_SIGNAL_BIT(SIGSYS))
#define NEVER_BLOCKED (MF_SIGNAL_BIT(SIGKILL) | MF_SIGNAL_BIT(SIGSTOP))

sigset_t mf_signals_pending;

static struct sigaction actions[NSIG];
static struct mf_waitq sigwaiters; /* threads in sigwait() and the like */
static bool restarts;

static bool is_signal(int sig)
{
    return sig > 0 && sig < NSIG;
}

static bool is_ignored(int sig)
{
    const _sig_func_ptr handler = actions[sig].sa_handler;
    return handler == SIG_IGN ||
           (handler == SIG_DFL && (IGNORED_BY_DEFAULT & MF_SIGNAL_BIT(sig)) != 0);
}

static void end_by_default(int sig)
{
    mf_info()->process.end_signal = (uint32_t)sig;
    if ((DUMPS_BY_DEFAULT & MF_SIGNAL_BIT(sig)) == 0) {
        _exit(128 + sig);
    }
    char why[] = "ended by signal 00";
    why[sizeof(why) - 3] = (char)('0' + sig / 10);
    why[sizeof(why) - 2] = (char)('0' + sig % 10);
    mf_fault_die(why, sig);
}

/* The calling thread gets `sig`, whatever its mask. */
static void act(int sig, siginfo_t *info, void *context)
{
    const struct sigaction action = actions[sig];
    const unsigned int flags = (unsigned int)action.sa_flags;
    if (is_ignored(sig)) {
        return;
    }
    if (action.sa_handler == SIG_DFL) {
        end_by_default(sig);
    }
    struct mf_thread *const self = mf_thread_self();
    const sigset_t mask = self->signal_mask;
    self->signal_mask |= action.sa_mask;
    if ((flags & SA_NODEFER) == 0) {
        self->signal_mask |= MF_SIGNAL_BIT(sig);
    }
    if ((flags & SA_RESETHAND) != 0) {
        actions[sig].sa_handler = SIG_DFL;
    }
    restarts = restarts && (flags & SA_RESTART) != 0;
    const int saved_errno = errno;
    if ((flags & SA_SIGINFO) != 0) {
        action.sa_sigaction(sig, info, context);
    } else {
        action.sa_handler(sig);
    }
    errno = saved_errno;
    self->signal_mask = mask;
}

/* Takes the lowest pending signal of `set` that the caller may have; 0: none. */
static int take_pending(sigset_t set)
{
    struct mf_thread *const self = mf_thread_self();
    const sigset_t ready = (self->signals_pending | mf_signals_pending) & set;
    if (ready == 0) {
        return 0;
    }
    const int sig = __builtin_ctzl(ready);
    if ((self->signals_pending & MF_SIGNAL_BIT(sig)) != 0) {
        self->signals_pending &= ~MF_SIGNAL_BIT(sig);
    } else {
        mf_signals_pending &= ~MF_SIGNAL_BIT(sig);
    }
    return sig;
}

void mf_signal_deliver(void)
{
    int sig;
    restarts = true;
    while ((sig = take_pending(~mf_thread_self()->signal_mask)) != 0) {
        siginfo_t info = {.si_signo = sig, .si_code = SI_USER, .si_pid = getpid()};
        act(sig, &info, NULL);
    }
}

bool mf_signal_restarts(void)
{
    return restarts;
}

void mf_signal_post(int sig)
{
    struct mf_thread *const main_one = mf_thread_main();
    const bool blocked = (main_one->signal_mask & MF_SIGNAL_BIT(sig)) != 0;
    if (!blocked && is_ignored(sig)) {
        return;
    }
    if (!blocked && actions[sig].sa_handler == SIG_DFL) {
        end_by_default(sig);
    }
    mf_signals_pending |= MF_SIGNAL_BIT(sig);
    mf_waitq_wake_all(&sigwaiters);
    if (!blocked) {
        mf_thread_interrupt(main_one);
    }
}

/* ---- faults -------------------------------------------------------------------------------- */

/* What a fault puts on the stack of the thread before its handler runs. */
struct fault_frame {
    uint8_t fpu[512] __attribute__((aligned(16)));
    struct hv_regs regs;
    siginfo_t info;
};

static void __attribute__((noreturn, used)) run_fault_handler(struct fault_frame *frame)
{
    act(frame->info.si_signo, &frame->info, NULL);
    __asm__ volatile("fxrstor64 %0" ::"m"(frame->fpu));
    hv_fault_return(&frame->regs);
    __builtin_trap();
}

void mf_signal_fault(int sig, const struct hv_fault *f, const void *fpu)
{
    const struct mf_thread *const self = mf_thread_self();
    const _sig_func_ptr handler = actions[sig].sa_handler;
    if (handler == SIG_DFL || handler == SIG_IGN || (self->signal_mask & MF_SIGNAL_BIT(sig)) != 0) {
        return;
    }
    const uint64_t red_zone_bytes = 128;
    const uint64_t at = (f->regs.rsp - red_zone_bytes - sizeof(struct fault_frame)) & ~(uint64_t)63;
    struct fault_frame *const frame = (struct fault_frame *)(uintptr_t)at;
    memcpy(frame->fpu, fpu, sizeof(frame->fpu));
    frame->regs = f->regs;
    frame->info = (siginfo_t){.si_signo = sig, .si_addr = (void *)(uintptr_t)f->regs.rip};
    if (sig == SIGSEGV) {
        frame->info.si_code = (f->error_code & 1) != 0 ? SEGV_ACCERR : SEGV_MAPERR;
        frame->info.si_addr = (void *)(uintptr_t)f->address;
    }
    struct hv_regs go = f->regs;
    go.rdi = at;
    go.rsp = at - 8; /* as if called */
    go.rbp = 0;
    go.rip = (uint64_t)(uintptr_t)run_fault_handler;
    hv_fault_return(&go);
}

/* ---- POSIX: sending ------------------------------------------------------------------------ */

static int fail(int err)
{
    errno = err;
    return -1;
}

int pthread_kill(pthread_t thread, int sig)
{
    struct mf_thread *const t = (struct mf_thread *)thread;
    if (sig != 0 && !is_signal(sig)) {
        return EINVAL;
    }
    if (sig == 0 || (is_ignored(sig) && (t->signal_mask & MF_SIGNAL_BIT(sig)) == 0)) {
        return 0;
    }
    t->signals_pending |= MF_SIGNAL_BIT(sig);
    if (t == mf_thread_self()) {
        mf_signal_deliver();
    } else {
        mf_waitq_wake_all(&sigwaiters);
        if ((t->signal_mask & MF_SIGNAL_BIT(sig)) == 0) {
            mf_thread_interrupt(t);
        }
    }
    return 0;
}

int raise(int sig)
{
    const int err = pthread_kill((pthread_t)mf_thread_self(), sig);
    return err == 0 ? 0 : fail(err);
}

int kill(pid_t pid, int sig)
{
    if (sig != 0 && !is_signal(sig)) {
        return fail(EINVAL);
    }
    if (pid != getpid()) {
        const int err = mf_process_kill(pid, sig);
        if (pid > 0 || err != 0) {
            return err == 0 ? 0 : fail(err);
        }
    }
    if (sig != 0 && pid != -1) {
        if ((mf_thread_self()->signal_mask & MF_SIGNAL_BIT(sig)) == 0) {
            return raise(sig); /* POSIX: delivered before kill() returns */
        }
        mf_signal_post(sig);
    }
    return 0;
}

void abort(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    if (actions[SIGABRT].sa_handler != SIG_DFL && actions[SIGABRT].sa_handler != SIG_IGN) {
        raise(SIGABRT);
    }
    mf_info()->process.end_signal = SIGABRT;
    mf_fault_die("abort() was called", SIGABRT);
}

/* ---- POSIX: actions and masks -------------------------------------------------------------- */

int sigaction(int sig, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    if (!is_signal(sig) || (action != NULL && (MF_SIGNAL_BIT(sig) & NEVER_BLOCKED) != 0)) {
        return fail(EINVAL);
    }
    if (old != NULL) {
        *old = actions[sig];
    }
    if (action != NULL) {
        actions[sig] = *action;
        if (is_ignored(sig)) {
            mf_signals_pending &= ~MF_SIGNAL_BIT(sig);
        }
        if (sig == SIGCHLD) {
            mf_process_tell_zombies();
        }
    }
    return 0;
}

_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
    struct sigaction old;
    const struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    return sigaction(sig, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    struct mf_thread *const self = mf_thread_self();
    const sigset_t before = self->signal_mask;
    if (set != NULL) {
        sigset_t mask;
        switch (how) {
        case SIG_BLOCK:
            mask = before | *set;
            break;
        case SIG_UNBLOCK:
            mask = before & ~*set;
            break;
        case SIG_SETMASK:
            mask = *set;
            break;
        default:
            return EINVAL;
        }
        self->signal_mask = mask & ~NEVER_BLOCKED;
    }
    if (old != NULL) {
        *old = before;
    }
    if (set != NULL && mf_signal_is_deliverable()) {
        mf_signal_deliver();
    }
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    const int err = pthread_sigmask(how, set, old);
    return err == 0 ? 0 : fail(err);
}

int sigpending(sigset_t *set)
{
    const struct mf_thread *const self = mf_thread_self();
    *set = (mf_signals_pending | self->signals_pending) & self->signal_mask;
    return 0;
}

int sigsuspend(const sigset_t *mask)
{
    struct mf_thread *const self = mf_thread_self();
    const sigset_t before = self->signal_mask;
    self->signal_mask = *mask & ~NEVER_BLOCKED;
    while (mf_thread_sleep(MF_NEVER) != -EINTR) {
    }
    self->signal_mask = before;
    return fail(EINTR);
}

int pause(void)
{
    while (mf_thread_sleep(MF_NEVER) != -EINTR) {
    }
    return fail(EINTR);
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    if (timeout != NULL && !mf_timespec_is_valid(timeout)) {
        return fail(EINVAL);
    }
    const uint64_t deadline_ns = timeout == NULL ? MF_NEVER : mf_deadline_of_span(timeout);
    int sig;
    while ((sig = take_pending(*set)) == 0) {
        const int err = mf_thread_wait(&sigwaiters, deadline_ns);
        if (err != 0) {
            return fail(err == -ETIMEDOUT ? EAGAIN : EINTR);
        }
    }
    if (info != NULL) {
        *info = (siginfo_t){.si_signo = sig, .si_code = SI_USER, .si_pid = getpid()};
    }
    return sig;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *set, int *sig)
{
    while ((*sig = take_pending(*set)) == 0) {
        mf_thread_wait(&sigwaiters, MF_NEVER);
    }
    return 0;
}

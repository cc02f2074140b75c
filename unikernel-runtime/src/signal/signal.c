/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.c - POSIX signals within the one process that a guest is: actions, handlers, faults. See
 * signal_internal.h for when they are delivered. Default actions: ignore, end the guest with 128 +
 * number, or, where POSIX asks for a core dump, end it after a backtrace.
 */
#include "signal/signal_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/fault.h"
#include "process/process.h"
#include "start/info.h"
#include "thread/preempt.h"

#define IGNORED_BY_DEFAULT                                                                         \
    (MF_SIGNAL_BIT(SIGCHLD) | MF_SIGNAL_BIT(SIGCONT) | MF_SIGNAL_BIT(SIGURG) |                     \
     MF_SIGNAL_BIT(SIGWINCH))
#define DUMPS_BY_DEFAULT                                                                           \
    (MF_SIGNAL_BIT(SIGQUIT) | MF_SIGNAL_BIT(SIGILL) | MF_SIGNAL_BIT(SIGTRAP) |                     \
     MF_SIGNAL_BIT(SIGABRT) | MF_SIGNAL_BIT(SIGBUS) | MF_SIGNAL_BIT(SIGFPE) |                      \
     MF_SIGNAL_BIT(SIGSEGV) | MF_SIGNAL_BIT(SIGXCPU) | MF_SIGNAL_BIT(SIGXFSZ) |                    \
     MF_SIGNAL_BIT(SIGSYS))
#define NEVER_BLOCKED (MF_SIGNAL_BIT(SIGKILL) | MF_SIGNAL_BIT(SIGSTOP))

typedef void (*handler_fn)(int sig, void *info, void *context);

void mf_call_on_stack(void *top, handler_fn fn, int sig, void *info, void *context);

/* Cold: many programs read them only, and what is only read costs no page. */
static struct sigaction actions[NSIG] __attribute__((section(".bss..cold.signals")));

void (*mf_signal_stop)(int sig);

bool mf_signal_is_ignored(int sig)
{
    const _sig_func_ptr handler = actions[sig].sa_handler;
    const sigset_t ignored = IGNORED_BY_DEFAULT | (mf_signal_stop == NULL ? MF_STOP_SIGNALS : 0);
    return handler == SIG_IGN || (handler == SIG_DFL && (ignored & MF_SIGNAL_BIT(sig)) != 0);
}

const struct sigaction *mf_signal_action(int sig)
{
    return &actions[sig];
}

void mf_signal_end_by_default(int sig)
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

/* ---- handlers ------------------------------------------------------------------------------ */

/* A handler with one argument may be given three: they are in registers. */
static void call(const struct sigaction *action, int sig, siginfo_t *info, void *context)
{
    const struct mf_thread *const self = mf_thread_self();
    const handler_fn fn = (handler_fn)(void (*)(void))action->sa_sigaction;
    const uint64_t sp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    if (((unsigned int)action->sa_flags & SA_ONSTACK) != 0 && self->altstack != NULL &&
        !mf_is_on_altstack(self, sp)) {
        mf_call_on_stack(self->altstack + self->altstack_bytes, fn, sig, info, context);
    } else {
        fn(sig, info, context);
    }
}

/* The calling thread gets `sig`, whatever its mask. Returns whether a handler ran. */
static bool act(int sig, siginfo_t *info, struct mf_frame *frame)
{
    const struct sigaction action = actions[sig];
    const unsigned int flags = (unsigned int)action.sa_flags;
    if (mf_signal_is_ignored(sig)) {
        return false;
    }
    if (action.sa_handler == SIG_DFL) {
        if ((MF_SIGNAL_BIT(sig) & MF_STOP_SIGNALS) == 0) {
            mf_signal_end_by_default(sig);
        }
        mf_signal_stop(sig);
        return false;
    }
    struct mf_thread *const self = mf_thread_self();
    const sigset_t mask = self->signal_mask;
    ucontext_t none = {.uc_sigmask = mask};
    self->signal_mask |= action.sa_mask & ~NEVER_BLOCKED;
    if ((flags & SA_NODEFER) == 0) {
        self->signal_mask |= MF_SIGNAL_BIT(sig);
    }
    if ((flags & SA_RESETHAND) != 0) {
        actions[sig].sa_handler = SIG_DFL;
    }
    if (frame != NULL) {
        mf_frame_to_context(frame);
        frame->context.uc_sigmask = mask;
    }
    ucontext_t *const context = frame != NULL ? &frame->context : &none;
    const int saved_errno = errno;
    call(&action, sig, info, context);
    errno = saved_errno;
    if (frame != NULL) {
        mf_frame_from_context(frame);
    }
    self->signal_mask = context->uc_sigmask & ~NEVER_BLOCKED;
    return true;
}

bool mf_signal_deliver(struct mf_frame *frame)
{
    struct mf_thread *const self = mf_thread_self();
    siginfo_t info;
    int sig;
    bool is_handled = false, restarts = true;
    while ((sig = mf_signal_take(~self->signal_mask, &info)) != 0) {
        const bool restart = ((unsigned int)actions[sig].sa_flags & SA_RESTART) != 0;
        if (act(sig, &info, frame)) {
            is_handled = true;
            restarts = restarts && restart;
        }
    }
    self->cancel &= (uint8_t)~MF_RESTARTS;
    self->cancel |= restarts ? MF_RESTARTS : 0;
    return is_handled;
}

bool mf_signal_restarts(void)
{
    return (mf_thread_self()->cancel & MF_RESTARTS) != 0;
}

void mf_signal_restart_no_more(void)
{
    mf_thread_self()->cancel &= (uint8_t)~MF_RESTARTS;
}

/* ---- faults -------------------------------------------------------------------------------- */

static void run_fault_handler(struct mf_frame *frame)
{
    char *const before = mf_preempt_fault_begin(frame);
    act(frame->info.si_signo, &frame->info, frame);
    mf_preempt_fault_end(before);
    mf_frame_resume(frame);
}

void mf_signal_fault(int sig, int code, void *address, bool is_overflow, const struct hv_fault *f,
                     const void *fpu)
{
    const struct mf_thread *const self = mf_thread_self();
    const struct sigaction *const action = &actions[sig];
    if (action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN ||
        (self->signal_mask & MF_SIGNAL_BIT(sig)) != 0) {
        return;
    }
    const bool on_altstack = ((unsigned int)action->sa_flags & SA_ONSTACK) != 0 &&
                             self->altstack != NULL && !mf_is_on_altstack(self, f->regs.rsp);
    if (is_overflow && !on_altstack) {
        return;
    }
    const uint64_t top =
        on_altstack ? (uint64_t)(uintptr_t)self->altstack + self->altstack_bytes : f->regs.rsp;
    struct mf_frame *const frame = mf_frame_push(top, f, fpu);
    frame->info = (siginfo_t){.si_signo = sig, .si_code = code, .si_addr = address};
    mf_frame_enter(frame, run_fault_handler);
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

/* ---- POSIX: actions, stacks ---------------------------------------------------------------- */

static int fail(int err)
{
    errno = err;
    return -1;
}

int sigaction(int sig, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    if (!mf_signal_is_valid(sig) || (action != NULL && (MF_SIGNAL_BIT(sig) & NEVER_BLOCKED) != 0)) {
        return fail(EINVAL);
    }
    const struct sigaction before = actions[sig];
    if (action != NULL) {
        actions[sig] = *action;
        if (mf_signal_is_ignored(sig)) {
            mf_signal_drop(sig);
        }
        if (sig == SIGCHLD) {
            mf_process_tell_zombies();
        }
    }
    if (old != NULL) {
        *old = before;
    }
    return 0;
}

_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
    struct sigaction old;
    const struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    return sigaction(sig, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int siginterrupt(int sig, int flag)
{
    if (!mf_signal_is_valid(sig)) {
        return fail(EINVAL);
    }
    const unsigned int flags = (unsigned int)actions[sig].sa_flags & ~(unsigned int)SA_RESTART;
    actions[sig].sa_flags = (int)(flags | (flag ? 0 : SA_RESTART));
    return 0;
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    struct mf_thread *const self = mf_thread_self();
    const bool is_used = mf_is_on_altstack(self, (uint64_t)(uintptr_t)__builtin_frame_address(0));
    const stack_t before = {.ss_sp = self->altstack,
                            .ss_size = self->altstack_bytes,
                            .ss_flags = self->altstack == NULL ? SS_DISABLE
                                        : is_used              ? SS_ONSTACK
                                                               : 0};
    if (stack != NULL) {
        if (is_used) {
            return fail(EPERM);
        }
        if ((stack->ss_flags & ~SS_DISABLE) != 0 || stack->ss_size > UINT32_MAX) {
            return fail(EINVAL);
        }
        const bool is_off = stack->ss_flags == SS_DISABLE;
        if (!is_off && stack->ss_size < MINSIGSTKSZ) {
            return fail(ENOMEM);
        }
        self->altstack = is_off ? NULL : stack->ss_sp;
        self->altstack_bytes = is_off ? 0 : (uint32_t)stack->ss_size;
    }
    if (old != NULL) {
        *old = before;
    }
    return 0;
}

/* ---- POSIX: masks ------------------------------------------------------------------------------ */

void mf_signal_set_mask(const sigset_t *mask, sigset_t *before)
{
    struct mf_thread *const self = mf_thread_self();
    *before = self->signal_mask;
    if (mask != NULL) {
        self->signal_mask = *mask & ~NEVER_BLOCKED;
    }
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
        mf_signal_deliver(NULL);
    }
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    const int err = pthread_sigmask(how, set, old);
    return err == 0 ? 0 : fail(err);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* send.c - POSIX calls that send signals, and those that wait for them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/process.h"
#include "signal/signal_internal.h"
#include "time/time_internal.h"

static int fail(int err)
{
    errno = err;
    return -1;
}

/* ---- sending ------------------------------------------------------------------------------- */

static siginfo_t from_user(int sig, int code)
{
    return (siginfo_t){.si_signo = sig, .si_code = code, .si_pid = getpid(), .si_uid = getuid()};
}

static int send_to_thread(struct mf_thread *t, int sig, int code)
{
    if (sig != 0 && !mf_signal_is_valid(sig)) {
        return EINVAL;
    }
    if (sig == 0 || t->state == MF_THREAD_ENDED) {
        return 0;
    }
    const siginfo_t info = from_user(sig, code);
    const int err = mf_signal_post_thread(t, &info);
    if (err == 0 && t == mf_thread_self() && mf_signal_is_deliverable()) {
        mf_signal_deliver(NULL);
    }
    return -err;
}

int pthread_kill(pthread_t thread, int sig)
{
    return send_to_thread((struct mf_thread *)thread, sig, SI_TKILL);
}

int raise(int sig)
{
    const int err = send_to_thread(mf_thread_self(), sig, SI_USER);
    return err == 0 ? 0 : fail(err);
}

/* To the process; POSIX: if the caller does not block it, one signal comes before this returns. */
static int send_to_process(const siginfo_t *info)
{
    struct mf_thread *const self = mf_thread_self();
    const bool is_mine = (self->signal_mask & MF_SIGNAL_BIT(info->si_signo)) == 0;
    const int err = is_mine ? mf_signal_post_thread(self, info) : mf_signal_post_info(info);
    if (err == 0 && mf_signal_is_deliverable()) {
        mf_signal_deliver(NULL);
    }
    return err == 0 ? 0 : fail(-err);
}

/* To the caller, besides others. */
static int send_to_self(const siginfo_t *info)
{
    if (info->si_signo == SIGKILL) {
        mf_signal_end_by_default(SIGKILL);
    }
    mf_jobs_cancel_opposite(info->si_signo);
    return info->si_signo == 0 ? 0 : send_to_process(info);
}

/* Where no other process is known, the caller is all there is of its group. */
static int send_to_group(pid_t group, const siginfo_t *info)
{
    bool is_mine;
    const int err = mf_process_kill(MF_PROCESS_GROUP(group), info, &is_mine);
    if (err == ESRCH && (group == 0 || group == getpid())) {
        is_mine = true;
    } else if (err != 0) {
        return fail(err);
    }
    return is_mine ? send_to_self(info) : 0;
}

int kill(pid_t pid, int sig)
{
    bool is_mine;
    if (sig != 0 && !mf_signal_is_valid(sig)) {
        return fail(EINVAL);
    }
    const siginfo_t info = from_user(sig, SI_USER);
    if (pid == getpid()) {
        return send_to_self(&info);
    }
    if (pid > (pid_t)MF_PID_MAX || pid < -(pid_t)MF_PID_MAX) {
        return fail(ESRCH);
    }
    if (pid == 0 || pid < -1) {
        return send_to_group(-pid, &info);
    }
    const int err = mf_process_kill(pid > 0 ? (uint64_t)pid : MF_PROCESS_OTHERS, &info, &is_mine);
    return err == 0 || (pid < 0 && err == ESRCH) ? 0 : fail(err);
}

int killpg(pid_t group, int sig)
{
    if (group < 0 || (sig != 0 && !mf_signal_is_valid(sig))) {
        return fail(EINVAL);
    }
    const siginfo_t info = from_user(sig, SI_USER);
    return group > (pid_t)MF_PID_MAX ? fail(ESRCH) : send_to_group(group, &info);
}

int sigqueue(pid_t pid, int sig, union sigval value)
{
    bool is_mine;
    if (sig != 0 && !mf_signal_is_valid(sig)) {
        return fail(EINVAL);
    }
    siginfo_t info = from_user(sig, SI_QUEUE);
    info.si_value = value;
    if (pid == getpid()) {
        return send_to_self(&info);
    }
    if (pid <= 0 || pid > (pid_t)MF_PID_MAX) {
        return fail(ESRCH);
    }
    const int err = mf_process_kill((uint64_t)pid, &info, &is_mine);
    return err == 0 ? 0 : fail(err);
}

/* ---- waiting ------------------------------------------------------------------------------- */

int sigpending(sigset_t *set)
{
    const struct mf_thread *const self = mf_thread_self();
    *set = (mf_signals_pending | self->signals_pending) & self->signal_mask;
    return 0;
}

/* Until a handler has run, or the thread is to be cancelled. */
static void sleep_until_signal(void)
{
    while (mf_thread_sleep(MF_NEVER) != -EINTR) {
    }
}

int sigsuspend(const sigset_t *mask)
{
    sigset_t before;
    mf_thread_test_cancel();
    mf_signal_set_mask(mask, &before);
    sleep_until_signal();
    sigprocmask(SIG_SETMASK, &before, NULL);
    mf_thread_test_cancel();
    return fail(EINTR);
}

int pause(void)
{
    mf_thread_test_cancel();
    sleep_until_signal();
    mf_thread_test_cancel();
    return fail(EINTR);
}

static int take_or_wait(sigset_t set, siginfo_t *info, uint64_t deadline_ns, bool is_interruptible)
{
    int sig;
    while ((sig = mf_signal_take(set, info)) == 0) {
        const int err =
            mf_thread_block(&mf_sigwaiters, deadline_ns, MF_WAIT_OUTSIDE | MF_WAIT_CANCEL);
        mf_thread_test_cancel();
        if (err == -ETIMEDOUT) {
            return -EAGAIN;
        }
        if (err == -EINTR && is_interruptible) {
            sig = mf_signal_take(set, info);
            return sig != 0 ? sig : -EINTR;
        }
    }
    return sig;
}

/*
 * A signal of `set`, or -EAGAIN when the time is over, or -EINTR (is_interruptible only). Those of the
 * set that are not blocked are meanwhile, so that no handler gets them first.
 */
static int wait_for(sigset_t set, siginfo_t *info, uint64_t deadline_ns, bool is_interruptible)
{
    struct mf_thread *const self = mf_thread_self();
    const sigset_t own = set & ~self->signal_mask;
    mf_thread_test_cancel();
    self->signal_mask |= own;
    const int sig = take_or_wait(set, info, deadline_ns, is_interruptible);
    self->signal_mask &= ~own;
    return sig;
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    siginfo_t taken;
    uint64_t deadline_ns = MF_NEVER;
    if (timeout != NULL) {
        if (!mf_timespec_is_valid(timeout)) {
            return fail(EINVAL);
        }
        deadline_ns = mf_deadline_of_span(timeout);
    }
    const int sig = wait_for(*set, &taken, deadline_ns, true);
    if (sig < 0) {
        return fail(-sig);
    }
    if (info != NULL) {
        *info = taken;
    }
    return sig;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    return sigtimedwait(set, info, NULL);
}

int sigwait(const sigset_t *set, int *sig)
{
    siginfo_t info;
    *sig = wait_for(*set, &info, MF_NEVER, false);
    return 0;
}

/* ---- of X/Open, on their way out of POSIX ------------------------------------------------------ */

static int change_mask(int how, int sig)
{
    sigset_t set;
    sigemptyset(&set);
    return sigaddset(&set, sig) == 0 ? sigprocmask(how, &set, NULL) : -1;
}

int sighold(int sig)
{
    return change_mask(SIG_BLOCK, sig);
}

int sigrelse(int sig)
{
    return change_mask(SIG_UNBLOCK, sig);
}

int sigignore(int sig)
{
    const struct sigaction action = {.sa_handler = SIG_IGN};
    return sigaction(sig, &action, NULL);
}

_sig_func_ptr sigset(int sig, _sig_func_ptr handler)
{
    struct sigaction old;
    const struct sigaction action = {.sa_handler = handler};
    const bool holds = handler == SIG_HOLD;
    const bool was_held = sigismember(&mf_thread_self()->signal_mask, sig) == 1;
    if (sigaction(sig, holds ? NULL : &action, &old) != 0 ||
        (holds ? sighold(sig) : sigrelse(sig)) != 0) {
        return SIG_ERR;
    }
    return was_held ? SIG_HOLD : old.sa_handler;
}

int sigpause(int sig)
{
    sigset_t mask = mf_thread_self()->signal_mask;
    return sigdelset(&mask, sig) == 0 ? sigsuspend(&mask) : -1;
}

void psiginfo(const siginfo_t *info, const char *text)
{
    const char *const name = strsignal(info->si_signo);
    if (text != NULL && *text != '\0') {
        fprintf(stderr, "%s: %s\n", text, name);
    } else {
        fprintf(stderr, "%s\n", name);
    }
}

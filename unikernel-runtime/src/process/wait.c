/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c - waiting for children. dom0 keeps what is to be known. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/request.h"
#include "thread/idle.h"
#include "thread/thread_internal.h"

#define OPTIONS (WNOHANG | WUNTRACED | WCONTINUED)
#define ID_CHANGES (WEXITED | WSTOPPED | WCONTINUED)
#define ID_OPTIONS (WNOHANG | ID_CHANGES | WNOWAIT)

/* A child that has ended, stopped or gone on. pid 0: none has yet. */
struct ended {
    pid_t pid;
    int status;
    uint32_t cpu_ms;
};

static struct mf_waitq waiters;
static uint32_t seen; /* child_changes, as the waiters know it */

static void poll(void *arg)
{
    (void)arg;
    if (waiters.head != NULL && mf_info()->process.child_changes != seen) {
        mf_waitq_wake_all(&waiters);
    }
}

/* A copy that fork() did not make has no children: who waits for one asks again. */
static void attach(void)
{
    mf_waitq_wake_all(&waiters);
}

static void register_once(void)
{
    static struct mf_poller poller = {.poll = poll};
    static struct mf_clone_hook hook = {.attach = attach};
    static bool is_registered;

    if (!is_registered) {
        is_registered = true;
        mf_poller_register(&poller);
        mf_clone_register(&hook);
    }
}

static bool is_interrupted(int err)
{
    return err == -EINTR && (mf_thread_is_cancelled() || !mf_signal_restarts());
}

/* Returns 0 or an errno number. number: of a process, or of a group (MF_WAIT_GROUP). */
static int wait_for(uint64_t number, int options, uint32_t flags, struct ended *child)
{
    uint64_t value;

    flags |= ((options & WUNTRACED) != 0 ? MF_WAIT_STOPPED : 0) |
             ((options & WCONTINUED) != 0 ? MF_WAIT_CONTINUED : 0);
    register_once();
    mf_thread_test_cancel();
    for (;;) {
        const uint32_t changes = mf_info()->process.child_changes;
        const int64_t err = mf_request(MF_REQUEST_WAIT, number, flags, NULL, &value);
        if (err != 0) {
            return err == HV_ERR_NOENT || err == HV_ERR_NOSYS ? ECHILD : mf_request_errno(err);
        }
        if (value != 0 || (options & WNOHANG) != 0) {
            break;
        }
        seen = changes;
        if (changes == mf_info()->process.child_changes &&
            is_interrupted(mf_thread_block(&waiters, MF_NEVER, MF_WAIT_OUTSIDE | MF_WAIT_CANCEL))) {
            mf_thread_test_cancel();
            return EINTR;
        }
    }
    *child = (struct ended){.pid = (pid_t)(value >> 16 & 0xfffff),
                            .status = (int)(value & 0xffff),
                            .cpu_ms = (uint32_t)(value >> 36)};
    return 0;
}

static pid_t fails(int error)
{
    errno = error;
    return -1;
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    struct ended child;

    if ((options & ~OPTIONS) != 0) {
        return fails(EINVAL);
    }
    if (pid == INT_MIN) {
        return fails(ESRCH);
    }
    const bool is_group = pid == 0 || pid < -1;
    const int err = wait_for(pid == -1 ? 0 : (uint64_t)(pid < 0 ? -pid : pid), options,
                             is_group ? MF_WAIT_GROUP : 0, &child);
    if (err != 0) {
        return fails(err);
    }
    if (status != NULL && child.pid != 0) {
        *status = child.status;
    }
    if (usage != NULL) {
        *usage = (struct rusage){
            .ru_utime = {.tv_sec = child.cpu_ms / 1000, .tv_usec = child.cpu_ms % 1000 * 1000}};
    }
    return child.pid;
}

pid_t wait3(int *status, int options, struct rusage *usage)
{
    return wait4(-1, status, options, usage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

static void describe(const struct ended *child, siginfo_t *info)
{
    const int status = child->status;

    *info = (siginfo_t){.si_signo = SIGCHLD, .si_pid = child->pid, .si_uid = getuid()};
    if (WIFEXITED(status)) {
        info->si_code = CLD_EXITED;
        info->si_status = WEXITSTATUS(status);
    } else if (WIFSTOPPED(status)) {
        info->si_code = CLD_STOPPED;
        info->si_status = WSTOPSIG(status);
    } else if (WIFCONTINUED(status)) {
        info->si_code = CLD_CONTINUED;
        info->si_status = SIGCONT;
    } else {
        info->si_code = CLD_KILLED;
        info->si_status = WTERMSIG(status);
    }
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    struct ended child;

    if ((type != P_PID && type != P_ALL && type != P_PGID) || (options & ~ID_OPTIONS) != 0 ||
        (options & ID_CHANGES) == 0 || (type == P_PID && (pid_t)id <= 0) ||
        (type == P_PGID && (pid_t)id < 0)) {
        return fails(EINVAL);
    }
    const uint32_t flags = ((options & WNOWAIT) != 0 ? MF_WAIT_KEEP : 0) |
                           ((options & WEXITED) == 0 ? MF_WAIT_NOT_ENDED : 0) |
                           (type == P_PGID ? MF_WAIT_GROUP : 0);
    const int err = wait_for(type == P_ALL ? 0 : (uint32_t)id, options, flags, &child);
    if (err != 0) {
        return fails(err);
    }
    if (info != NULL && child.pid == 0) {
        *info = (siginfo_t){0};
    } else if (info != NULL) {
        describe(&child, info);
    }
    return 0;
}

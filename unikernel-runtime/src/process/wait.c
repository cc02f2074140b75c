/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c - waiting for children, and signals to other processes. dom0 keeps what is to be known. */
#include <errno.h>
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
#include "thread/thread.h"

#define OPTIONS (WNOHANG | WUNTRACED | WCONTINUED)
#define ID_OPTIONS (WNOHANG | WEXITED | WSTOPPED | WCONTINUED | WNOWAIT)

/* A child that has ended. pid 0: none has yet. */
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

/* Returns 0 or an errno number. flags: MF_WAIT_*. */
static int wait_for(pid_t pid, int options, uint32_t flags, struct ended *child)
{
    uint64_t value;

    register_once();
    for (;;) {
        const uint32_t changes = mf_info()->process.child_changes;
        const int64_t err =
            mf_request(MF_REQUEST_WAIT, pid > 0 ? (uint64_t)pid : 0, flags, NULL, &value);
        if (err != 0) {
            return err == HV_ERR_NOENT || err == HV_ERR_NOSYS ? ECHILD : mf_request_errno(err);
        }
        if (value != 0 || (options & WNOHANG) != 0) {
            break;
        }
        seen = changes;
        if (changes == mf_info()->process.child_changes &&
            mf_thread_wait(&waiters, MF_NEVER) == -EINTR && !mf_signal_restarts()) {
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
    const int err = wait_for(pid, options, 0, &child);
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

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    struct ended child;

    if ((type != P_PID && type != P_ALL && type != P_PGID) || (options & ~ID_OPTIONS) != 0 ||
        (options & WEXITED) == 0 || (type == P_PID && (pid_t)id <= 0)) {
        return fails(EINVAL);
    }
    const int err = wait_for(type == P_PID ? (pid_t)id : -1, options,
                             (options & WNOWAIT) != 0 ? MF_WAIT_KEEP : 0, &child);
    if (err != 0) {
        return fails(err);
    }
    if (info != NULL && child.pid == 0) {
        *info = (siginfo_t){0};
    } else if (info != NULL) {
        *info = (siginfo_t){.si_signo = SIGCHLD,
                            .si_code = WIFEXITED(child.status) ? CLD_EXITED : CLD_KILLED,
                            .si_pid = child.pid,
                            .si_status = WIFEXITED(child.status) ? WEXITSTATUS(child.status)
                                                                 : WTERMSIG(child.status)};
    }
    return 0;
}

void mf_process_tell_zombies(void)
{
    struct sigaction action;

    sigaction(SIGCHLD, NULL, &action);
    mf_info()->process.flags =
        action.sa_handler == SIG_IGN || ((unsigned int)action.sa_flags & SA_NOCLDWAIT) != 0
            ? MF_PROCESS_NO_ZOMBIES
            : 0;
}

int mf_process_kill(pid_t pid, int sig)
{
    const int64_t err =
        mf_request(MF_REQUEST_KILL, pid > 0 ? (uint64_t)pid : 0, (uint64_t)sig, NULL, NULL);
    if (err == HV_ERR_NOENT || err == HV_ERR_NOSYS) {
        return pid > 0 ? ESRCH : 0;
    }
    return mf_request_errno(err);
}

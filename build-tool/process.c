/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see process.h. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "interrupt.h"
#include "report.h"

static int passed_on = -1;

void process_pass_on(int fd)
{
    passed_on = fd;
}

/* How a child differs from us. */
struct start {
    const char *folder; /* NULL: ours */
    int in_fd, out_fd;  /* its stdin and stdout; -1: ours */
    bool guarded;       /* SIGINT stays blocked; in our process group, for it uses the terminal */
};

/* In the child, between fork and exec: only async-signal-safe calls. */
static void become(const struct strlist *argv, const struct start *start, pid_t parent)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    if (start->guarded) {
        sigaddset(&blocked, SIGINT);
    }
    if (!start->guarded) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN); /* it may write to the terminal all the same */
    }
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (passed_on >= 0) {
        fcntl(passed_on, F_SETFD, 0);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127); /* the parent died before the line above */
    }
    if ((start->in_fd >= 0 && dup2(start->in_fd, STDIN_FILENO) < 0) ||
        (start->out_fd >= 0 && dup2(start->out_fd, STDOUT_FILENO) < 0) ||
        (start->folder != NULL && chdir(start->folder) != 0)) {
        _exit(127);
    }
    execvp(argv->items[0], argv->items);
    dprintf(STDERR_FILENO, "mayfly: cannot run %s: %s\n", argv->items[0], strerror(errno));
    _exit(127);
}

static pid_t start_child(const struct strlist *argv, const struct start *start)
{
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become(argv, start, parent);
    }
    if (child > 0 && !start->guarded) {
        setpgid(child, child); /* whoever is first: it may be killed at once */
    }
    if (child < 0) {
        report_error("cannot start %s: %s", argv->items[0], strerror(errno));
    }
    return child;
}

pid_t process_start(const struct strlist *argv, const char *folder)
{
    const struct start start = {.folder = folder, .in_fd = -1, .out_fd = -1};
    return start_child(argv, &start);
}

pid_t process_start_guarded(const struct strlist *argv, int in_fd, int out_fd)
{
    const struct start start = {.in_fd = in_fd, .out_fd = out_fd, .guarded = true};
    return start_child(argv, &start);
}

int process_wait(pid_t pid)
{
    const int fd = pidfd_open(pid, 0);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    while (fd >= 0 && interrupt_pending() == 0 && interrupt_poll(&end, 1, -1) < 0) {
    }
    if (interrupt_pending() != 0 && kill(-pid, SIGKILL) != 0) {
        kill(pid, SIGKILL); /* it has no group */
    }
    if (fd >= 0) {
        close(fd);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_exists(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL) {
        return access(name, X_OK) == 0;
    }
    char *folders = alloc_copy(path != NULL ? path : "/usr/bin:/bin");
    int found = 0;
    char *rest = folders;
    for (char *folder; !found && (folder = strsep(&rest, ":")) != NULL;) {
        char *file = alloc_format("%s/%s", folder, name);
        found = access(file, X_OK) == 0;
        free(file);
    }
    free(folders);
    return found;
}

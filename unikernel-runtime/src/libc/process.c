/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - a guest is one process and makes no others. These exist so that ordinary programs
 * link; they say what is true: nothing can be started (ENOSYS) and there are no children (ECHILD).
 */
#include <errno.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int _execve(const char *path, char *const arguments[], char *const environment[]);

static int fails(int error)
{
    errno = error;
    return -1;
}

pid_t fork(void)
{
    return fails(ENOSYS);
}

/* Called by newlib's popen(), which then fails too. */
pid_t vfork(void)
{
    return fails(ENOSYS);
}

/* What newlib's exec functions end in. */
int _execve(const char *path, char *const arguments[], char *const environment[])
{
    (void)path;
    (void)arguments;
    (void)environment;
    return fails(ENOSYS);
}

pid_t wait(int *status)
{
    (void)status;
    return fails(ECHILD);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    (void)pid;
    (void)status;
    (void)options;
    return fails(ECHILD);
}

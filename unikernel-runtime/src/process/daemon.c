/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.c - daemon(), of 4.4BSD. It forks so that whoever waits for the process goes on. Nobody waits
 * for the first process, which leads its own session: that stays what it is, and keeps its files and
 * sockets to itself.
 */
#include <fcntl.h>
#include <unistd.h>

#pragma weak fork

/* Goes on as a child of nobody's, or as it is. Returns 0, or -1 and errno. */
static int leave_parent(void)
{
    if (fork == NULL || getppid() == 0) {
        return 0;
    }
    const pid_t pid = fork();
    if (pid > 0) {
        _exit(0);
    }
    return pid < 0 || setsid() < 0 ? -1 : 0;
}

static int close_streams(void)
{
    const int null = open("/dev/null", O_RDWR);

    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) {
        (void)dup2(null, fd);
    }
    return null > STDERR_FILENO ? close(null) : null < 0 ? -1 : 0;
}

int daemon(int keeps_directory, int keeps_streams)
{
    if (leave_parent() != 0 || (keeps_directory == 0 && chdir("/") != 0)) {
        return -1;
    }
    return keeps_streams == 0 ? close_streams() : 0;
}

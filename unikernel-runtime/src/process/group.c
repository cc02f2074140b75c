/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.c - process groups and sessions of a family, and the terminal's foreground group; dom0 keeps them
 * (POSIX.1-2008, 3.297, 3.343). A guest that has not forked is a group and a session of its own. The
 * terminal is for whoever reads first, so nobody is in the background for reading or writing.
 */
#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "fd/fd.h"
#include "mayfly/abi.h"
#include "process/process.h"
#include "start/request.h"

/* A value, or -1 and errno. */
static pid_t ask(enum mf_group_op op, pid_t pid, pid_t group, int no_process)
{
    uint64_t value = 0;
    const int64_t err =
        mf_request(MF_REQUEST_GROUP, MF_GROUP_OF(op, pid), (uint64_t)group, NULL, &value);
    if (err == 0) {
        return (pid_t)value;
    }
    return (pid_t)mf_ret(-(err == HV_ERR_NOENT ? no_process : mf_request_errno(err)));
}

pid_t getpgid(pid_t pid)
{
    return pid < 0 ? (pid_t)mf_ret(-ESRCH) : ask(MF_GROUP_GET, pid, 0, ESRCH);
}

/* It cannot fail; where there is no dom0, the process is alone. */
pid_t getpgrp(void)
{
    const int saved_errno = errno;
    const pid_t group = ask(MF_GROUP_GET, 0, 0, ESRCH);
    errno = saved_errno;
    return group > 0 ? group : getpid();
}

pid_t getsid(pid_t pid)
{
    return pid < 0 ? (pid_t)mf_ret(-ESRCH) : ask(MF_GROUP_SESSION, pid, 0, ESRCH);
}

int setpgid(pid_t pid, pid_t group)
{
    if (group < 0) {
        return (int)mf_ret(-EINVAL);
    }
    return pid < 0 ? (int)mf_ret(-ESRCH) : (ask(MF_GROUP_SET, pid, group, ESRCH) < 0 ? -1 : 0);
}

pid_t setpgrp(void)
{
    setpgid(0, 0); /* of a session's leader it changes nothing */
    return getpgrp();
}

pid_t setsid(void)
{
    return ask(MF_GROUP_LEAVE, 0, 0, ESRCH);
}

/* ---- the terminal -------------------------------------------------------------------------- */

pid_t tcgetpgrp(int fd)
{
    return isatty(fd) ? ask(MF_GROUP_FRONT, 0, 0, ENOTTY) : -1;
}

int tcsetpgrp(int fd, pid_t group)
{
    if (!isatty(fd)) {
        return -1;
    }
    if (group <= 0) {
        return (int)mf_ret(-EINVAL);
    }
    return ask(MF_GROUP_TO_FRONT, 0, group, ENOTTY) < 0 ? -1 : 0;
}

pid_t tcgetsid(int fd)
{
    return tcgetpgrp(fd) < 0 ? -1 : getsid(0);
}

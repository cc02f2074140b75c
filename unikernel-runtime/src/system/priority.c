/* SPDX-License-Identifier: Apache-2.0 */
/*
 * priority.c - the nice value (POSIX.1-2008). It is kept for who asks, and changes nothing: what share of
 * a CPU a guest gets is up to dom0 (weight and cap of its vCPU).
 */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOWEST = -20, HIGHEST = 19 };

static int nice_value;

static int check_who(int which, id_t who)
{
    const id_t self = which == PRIO_PROCESS ? (id_t)getpid()
                      : which == PRIO_PGRP  ? (id_t)getpgrp()
                                            : /* PRIO_USER */ (id_t)getuid();
    if (which < PRIO_PROCESS || which > PRIO_USER) {
        errno = EINVAL;
        return -1;
    }
    if (who != 0 && who != self) {
        errno = ESRCH;
        return -1;
    }
    return 0;
}

int getpriority(int which, id_t who)
{
    return check_who(which, who) != 0 ? -1 : nice_value;
}

int setpriority(int which, id_t who, int value)
{
    if (check_who(which, who) != 0) {
        return -1;
    }
    nice_value = value < LOWEST ? LOWEST : value > HIGHEST ? HIGHEST : value;
    return 0;
}

/** The new value; -1 may be one, so who wants to know about errors sets errno to 0 first (POSIX). */
int nice(int more)
{
    const long value = (long)nice_value + more;
    nice_value = value < LOWEST ? LOWEST : value > HIGHEST ? HIGHEST : (int)value;
    return nice_value;
}

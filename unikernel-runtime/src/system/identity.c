/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c - who and where a guest is: process 1, of user 0, alone. Changing to an identity that
 * it has already succeeds; there is no other.
 */
#include <grp.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fd/fd.h"
#include "start/image.h"
#include "start/info.h"

#define GUEST_PID 1

int setgroups(int count, const gid_t *groups);

pid_t getpid(void)
{
    const uint32_t pid = mf_info()->process.pid;
    return pid != 0 ? (pid_t)pid : GUEST_PID;
}

pid_t getppid(void)
{
    return (pid_t)mf_info()->process.ppid;
}

pid_t getpgrp(void)
{
    return GUEST_PID;
}

pid_t getsid(pid_t pid)
{
    return pid == 0 || pid == GUEST_PID || pid == getpid() ? GUEST_PID : (pid_t)mf_ret(-ESRCH);
}

pid_t setsid(void)
{
    return (pid_t)mf_ret(-EPERM); /* it is a group leader already */
}

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}

int getgroups(int count, gid_t *groups)
{
    (void)count, (void)groups;
    return 0;
}

static int set_id(unsigned int id)
{
    return (int)mf_ret(id == 0 ? 0 : -EINVAL);
}

int setuid(uid_t id)
{
    return set_id(id);
}

int seteuid(uid_t id)
{
    return set_id(id);
}

int setgid(gid_t id)
{
    return set_id(id);
}

int setegid(gid_t id)
{
    return set_id(id);
}

int setgroups(int count, const gid_t *groups)
{
    (void)groups;
    return (int)mf_ret(count == 0 ? 0 : -EINVAL);
}

int initgroups(const char *user, gid_t group)
{
    (void)user;
    return set_id(group);
}

char *getlogin(void)
{
    static char name[] = "root";
    return name;
}

int issetugid(void)
{
    return 0;
}

static void copy_name(char *to, const volatile char *from, size_t bytes)
{
    size_t i = 0;
    for (; i + 1 < bytes && from[i] != '\0'; i++) {
        to[i] = from[i];
    }
    to[i] = '\0';
}

int gethostname(char *name, size_t bytes)
{
    if (bytes == 0) {
        return (int)mf_ret(-EINVAL);
    }
    copy_name(name, mf_info()->name, bytes < sizeof(mf_info()->name) ? bytes : 64);
    return 0;
}

int uname(struct utsname *name)
{
    *name = (struct utsname){.sysname = "Mayfly", .version = "#1", .machine = "x86_64"};
    copy_name(name->nodename, mf_info()->name, sizeof(mf_info()->name));
    copy_name(name->release, mf_image()->runtime_version, sizeof(mf_image()->runtime_version));
    return 0;
}

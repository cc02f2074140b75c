/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c - who and where a guest is: process 1, if it was not forked. It starts as user 0 and may become
 * another one, as POSIX has it: what it may do with files depends on that, nothing else does.
 */
#include <grp.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "fd/fd.h"
#include "start/image.h"
#include "start/info.h"
#include "system/identity.h"

#define GUEST_PID 1

pid_t getpid(void)
{
    const uint32_t pid = mf_info()->process.pid;
    return pid != 0 ? (pid_t)pid : GUEST_PID;
}

pid_t getppid(void)
{
    return (pid_t)mf_info()->process.ppid;
}

struct mf_identity mf_identity;

uid_t getuid(void)
{
    return mf_identity.uid.real;
}

uid_t geteuid(void)
{
    return mf_identity.uid.effective;
}

gid_t getgid(void)
{
    return mf_identity.gid.real;
}

gid_t getegid(void)
{
    return mf_identity.gid.effective;
}

bool mf_identity_has_group(gid_t group)
{
    if (group == mf_identity.gid.effective) {
        return true;
    }
    for (int i = 0; i < mf_identity.group_count; i++) {
        if (group == mf_identity.groups[i]) {
            return true;
        }
    }
    return false;
}

static bool is_privileged(void)
{
    return mf_identity.uid.effective == 0;
}

static bool has_id(const struct mf_ids *ids, unsigned int id)
{
    return id == ids->real || id == ids->effective || id == ids->saved;
}

/* -1 leaves one as it is. */
static int set_ids(struct mf_ids *ids, unsigned int real, unsigned int effective,
                   unsigned int saved)
{
    const unsigned int same = (unsigned int)-1;
    const bool is_allowed = is_privileged() || ((real == same || has_id(ids, real)) &&
                                                (effective == same || has_id(ids, effective)) &&
                                                (saved == same || has_id(ids, saved)));
    if (!is_allowed) {
        return -EPERM;
    }
    ids->real = real == same ? ids->real : real;
    ids->effective = effective == same ? ids->effective : effective;
    ids->saved = saved == same ? ids->saved : saved;
    return 0;
}

/* setuid() and setgid(): all three for a privileged process, else the effective one. */
static int set_id(struct mf_ids *ids, unsigned int id)
{
    const unsigned int others = is_privileged() ? id : (unsigned int)-1;
    return id == (unsigned int)-1 ? -EINVAL : set_ids(ids, others, id, others);
}

static int set_effective(struct mf_ids *ids, unsigned int id)
{
    const unsigned int same = (unsigned int)-1;
    return id == same ? -EINVAL : set_ids(ids, same, id, same);
}

/* The saved one follows when the real one is set or the effective one becomes another than it. */
static int set_real_and_effective(struct mf_ids *ids, unsigned int real, unsigned int effective)
{
    const unsigned int same = (unsigned int)-1, old_real = ids->real;
    const int err = set_ids(ids, real, effective, same);
    if (err == 0 && (real != same || (effective != same && effective != old_real))) {
        ids->saved = ids->effective;
    }
    return err;
}

int setuid(uid_t id)
{
    return (int)mf_ret(set_id(&mf_identity.uid, id));
}

int setgid(gid_t id)
{
    return (int)mf_ret(set_id(&mf_identity.gid, id));
}

int seteuid(uid_t id)
{
    return (int)mf_ret(set_effective(&mf_identity.uid, id));
}

int setegid(gid_t id)
{
    return (int)mf_ret(set_effective(&mf_identity.gid, id));
}

int setreuid(uid_t real, uid_t effective)
{
    return (int)mf_ret(set_real_and_effective(&mf_identity.uid, real, effective));
}

int setregid(gid_t real, gid_t effective)
{
    return (int)mf_ret(set_real_and_effective(&mf_identity.gid, real, effective));
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return (int)mf_ret(set_ids(&mf_identity.uid, real, effective, saved));
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return (int)mf_ret(set_ids(&mf_identity.gid, real, effective, saved));
}

static int get_ids(const struct mf_ids *ids, unsigned int *real, unsigned int *effective,
                   unsigned int *saved)
{
    *real = ids->real;
    *effective = ids->effective;
    *saved = ids->saved;
    return 0;
}

int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    return get_ids(&mf_identity.uid, real, effective, saved);
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    return get_ids(&mf_identity.gid, real, effective, saved);
}

int getgroups(int count, gid_t *groups)
{
    if (count != 0 && count < mf_identity.group_count) {
        return (int)mf_ret(-EINVAL);
    }
    if (count != 0) {
        memcpy(groups, mf_identity.groups,
               (size_t)mf_identity.group_count * sizeof(mf_identity.groups[0]));
    }
    return mf_identity.group_count;
}

int setgroups(int count, const gid_t *groups)
{
    if (!is_privileged()) {
        return (int)mf_ret(-EPERM);
    }
    if (count < 0 || count > MF_GROUPS_MAX) {
        return (int)mf_ret(-EINVAL);
    }
    mf_identity.group_count = count;
    if (count != 0) {
        memcpy(mf_identity.groups, groups, (size_t)count * sizeof(groups[0]));
    }
    return 0;
}

char *getlogin(void)
{
    static char name[] = "root"; /* whoever started the guest */
    return name;
}

int getlogin_r(char *name, size_t bytes)
{
    return strlcpy(name, getlogin(), bytes) < bytes ? 0 : ERANGE;
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.c - the user and the group of a guest, both root with number 0, without files that say so.
 * In place of newlib's, which opens /etc/passwd and /etc/group.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static char name[] = "root", empty[] = "", home[] = "/";
static char *members[] = {NULL};
static bool user_was_read, group_was_read;

/* A fresh one for each caller: programs may write to what they get. */
static struct passwd *the_user(struct passwd *u)
{
    *u = (struct passwd){.pw_name = name,
                         .pw_passwd = empty,
                         .pw_comment = empty,
                         .pw_gecos = empty,
                         .pw_dir = home,
                         .pw_shell = empty};
    return u;
}

static struct group *the_group(struct group *g)
{
    *g = (struct group){.gr_name = name, .gr_passwd = empty, .gr_mem = members};
    return g;
}

static struct passwd *static_user(void)
{
    static struct passwd user;
    return the_user(&user);
}

static struct group *static_group(void)
{
    static struct group group;
    return the_group(&group);
}

struct passwd *getpwnam(const char *wanted)
{
    return strcmp(wanted, name) == 0 ? static_user() : NULL;
}

struct passwd *getpwuid(uid_t uid)
{
    return uid == 0 ? static_user() : NULL;
}

/* The strings are static: the buffer is not needed. Not found is no error (POSIX.1-2008). */
int getpwnam_r(const char *wanted, struct passwd *u, char *buffer, size_t bytes,
               struct passwd **result)
{
    (void)buffer;
    (void)bytes;
    *result = strcmp(wanted, name) == 0 ? the_user(u) : NULL;
    return 0;
}

int getpwuid_r(uid_t uid, struct passwd *u, char *buffer, size_t bytes, struct passwd **result)
{
    (void)buffer;
    (void)bytes;
    *result = uid == 0 ? the_user(u) : NULL;
    return 0;
}

void setpwent(void)
{
    user_was_read = false;
}

void endpwent(void)
{
    user_was_read = false;
}

struct passwd *getpwent(void)
{
    const bool again = user_was_read;
    user_was_read = true;
    return again ? NULL : static_user();
}

struct group *getgrnam(const char *wanted)
{
    return strcmp(wanted, name) == 0 ? static_group() : NULL;
}

struct group *getgrgid(gid_t gid)
{
    return gid == 0 ? static_group() : NULL;
}

int getgrnam_r(const char *wanted, struct group *g, char *buffer, size_t bytes,
               struct group **result)
{
    (void)buffer;
    (void)bytes;
    *result = strcmp(wanted, name) == 0 ? the_group(g) : NULL;
    return 0;
}

int getgrgid_r(gid_t gid, struct group *g, char *buffer, size_t bytes, struct group **result)
{
    (void)buffer;
    (void)bytes;
    *result = gid == 0 ? the_group(g) : NULL;
    return 0;
}

void setgrent(void)
{
    group_was_read = false;
}

void endgrent(void)
{
    group_was_read = false;
}

struct group *getgrent(void)
{
    const bool again = group_was_read;
    group_was_read = true;
    return again ? NULL : static_group();
}

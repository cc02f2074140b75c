/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.c - users and groups: those of /etc/passwd and /etc/group where the image has these files,
 * else root (0) and nobody (65534), each with a group of its name and number. In place of newlib's,
 * which knows the files only.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024 /* sysconf(_SC_GETPW_R_SIZE_MAX) */
#define MEMBERS_MAX 32

/* A database: a file, or the lines in its place. */
struct source {
    const char *path, *lines;
    FILE *file;     /* of the running get...ent() */
    const char *at; /* the same in `lines` */
    bool is_open;
};

static struct source users = {.path = "/etc/passwd",
                              .lines = "root::0:0:root:/:\nnobody::65534:65534:nobody:/:\n"};
static struct source groups = {.path = "/etc/group", .lines = "root::0:\nnobody::65534:\n"};

static void source_open(struct source *s)
{
    s->file = fopen(s->path, "re");
    s->at = s->lines;
    s->is_open = true;
}

static void source_close(struct source *s)
{
    if (s->is_open && s->file != NULL) {
        fclose(s->file);
    }
    s->file = NULL;
    s->is_open = false;
}

/* The next line without its end. Returns 0, ERANGE (does not fit) or -1: no more. */
static int source_next(struct source *s, char *line, size_t bytes)
{
    if (bytes < 2) {
        return ERANGE;
    }
    if (s->file != NULL) {
        if (fgets(line, (int)bytes, s->file) == NULL) {
            return -1;
        }
        char *const end = strchr(line, '\n');
        if (end == NULL && !feof(s->file)) {
            return ERANGE;
        }
        if (end != NULL) {
            *end = '\0';
        }
        return 0;
    }
    const size_t length = strcspn(s->at, "\n");
    if (length == 0) {
        return -1;
    }
    if (length >= bytes) {
        return ERANGE;
    }
    memcpy(line, s->at, length);
    line[length] = '\0';
    s->at += length + 1;
    return 0;
}

/* Cuts `line` at its colons. Returns how many fields there are, at most `most`. */
static int split(char *line, char **fields, int most)
{
    int count = 0;
    char *rest = line;
    while (count < most && rest != NULL) {
        fields[count++] = strsep(&rest, ":");
    }
    return count;
}

static bool parse_user(char *line, struct passwd *u)
{
    char *f[7];
    if (split(line, f, 7) != 7) {
        return false;
    }
    *u = (struct passwd){.pw_name = f[0],
                         .pw_passwd = f[1],
                         .pw_uid = (uid_t)strtoul(f[2], NULL, 10),
                         .pw_gid = (gid_t)strtoul(f[3], NULL, 10),
                         .pw_comment = f[4],
                         .pw_gecos = f[4],
                         .pw_dir = f[5],
                         .pw_shell = f[6]};
    return true;
}

/* The list of members is put behind the line, in what is left of the buffer. */
static int parse_group(char *line, size_t bytes, struct group *g)
{
    char *f[4];
    const size_t align = sizeof(char *) - 1;
    char **const members =
        (char **)(((uintptr_t)line + strlen(line) + 1 + align) & ~(uintptr_t)align);
    char **const end = (char **)((uintptr_t)(line + bytes) & ~(uintptr_t)align);
    if (split(line, f, 4) != 4) {
        return -1;
    }
    int count = 0;
    for (char *rest = f[3], *name; (name = strsep(&rest, ",")) != NULL;) {
        if (members + count + 1 >= end) {
            return ERANGE;
        }
        if (*name != '\0') {
            members[count++] = name;
        }
    }
    members[count] = NULL;
    *g = (struct group){.gr_name = f[0],
                        .gr_passwd = f[1],
                        .gr_gid = (gid_t)strtoul(f[2], NULL, 10),
                        .gr_mem = members};
    return 0;
}

/* ---- one after another --------------------------------------------------------------------- */

static int next_user(struct source *s, struct passwd *u, char *buffer, size_t bytes)
{
    int error;
    while ((error = source_next(s, buffer, bytes)) == 0 && !parse_user(buffer, u)) {
    }
    return error;
}

static int next_group(struct source *s, struct group *g, char *buffer, size_t bytes)
{
    int error;
    do {
        error = source_next(s, buffer, bytes);
    } while (error == 0 && (error = parse_group(buffer, bytes, g)) == -1);
    return error;
}

void setpwent(void)
{
    source_close(&users);
}

void endpwent(void)
{
    source_close(&users);
}

struct passwd *getpwent(void)
{
    static struct passwd user;
    static char line[LINE_BYTES];
    if (!users.is_open) {
        source_open(&users);
    }
    return next_user(&users, &user, line, sizeof(line)) == 0 ? &user : NULL;
}

void setgrent(void)
{
    source_close(&groups);
}

void endgrent(void)
{
    source_close(&groups);
}

struct group *getgrent(void)
{
    static struct group group;
    static char line[LINE_BYTES];
    if (!groups.is_open) {
        source_open(&groups);
    }
    return next_group(&groups, &group, line, sizeof(line)) == 0 ? &group : NULL;
}

/* ---- by name and number -------------------------------------------------------------------- */

/* name NULL: by number. Not found is no error (POSIX.1-2008). */
static int find_user(const char *name, uid_t uid, struct passwd *u, char *buffer, size_t bytes,
                     struct passwd **result)
{
    struct source s = {.path = users.path, .lines = users.lines};
    int error;
    *result = NULL;
    source_open(&s);
    while ((error = next_user(&s, u, buffer, bytes)) == 0 && *result == NULL) {
        if (name != NULL ? strcmp(u->pw_name, name) == 0 : u->pw_uid == uid) {
            *result = u;
            break;
        }
    }
    source_close(&s);
    return error == ERANGE ? ERANGE : 0;
}

static int find_group(const char *name, gid_t gid, struct group *g, char *buffer, size_t bytes,
                      struct group **result)
{
    struct source s = {.path = groups.path, .lines = groups.lines};
    int error;
    *result = NULL;
    source_open(&s);
    while ((error = next_group(&s, g, buffer, bytes)) == 0) {
        if (name != NULL ? strcmp(g->gr_name, name) == 0 : g->gr_gid == gid) {
            *result = g;
            break;
        }
    }
    source_close(&s);
    return error == ERANGE ? ERANGE : 0;
}

int getpwnam_r(const char *name, struct passwd *u, char *buffer, size_t bytes,
               struct passwd **result)
{
    return find_user(name, 0, u, buffer, bytes, result);
}

int getpwuid_r(uid_t uid, struct passwd *u, char *buffer, size_t bytes, struct passwd **result)
{
    return find_user(NULL, uid, u, buffer, bytes, result);
}

int getgrnam_r(const char *name, struct group *g, char *buffer, size_t bytes, struct group **result)
{
    return find_group(name, 0, g, buffer, bytes, result);
}

int getgrgid_r(gid_t gid, struct group *g, char *buffer, size_t bytes, struct group **result)
{
    return find_group(NULL, gid, g, buffer, bytes, result);
}

static struct passwd *static_user(const char *name, uid_t uid)
{
    static struct passwd user;
    static char line[LINE_BYTES];
    struct passwd *result;
    (void)find_user(name, uid, &user, line, sizeof(line), &result);
    return result;
}

static struct group *static_group(const char *name, gid_t gid)
{
    static struct group group;
    static char line[LINE_BYTES];
    struct group *result;
    (void)find_group(name, gid, &group, line, sizeof(line), &result);
    return result;
}

struct passwd *getpwnam(const char *name)
{
    return static_user(name, 0);
}

struct passwd *getpwuid(uid_t uid)
{
    return static_user(NULL, uid);
}

struct group *getgrnam(const char *name)
{
    return static_group(name, 0);
}

struct group *getgrgid(gid_t gid)
{
    return static_group(NULL, gid);
}

/* ---- memberships --------------------------------------------------------------------------- */

/* `group` first, then those that have `user` as a member. */
int getgrouplist(const char *user, gid_t group, gid_t *list, int *count)
{
    struct source s = {.path = groups.path, .lines = groups.lines};
    struct group g;
    char line[LINE_BYTES];
    int found = 0;
    const int room = *count;
    if (found++ < room) {
        list[0] = group;
    }
    source_open(&s);
    while (next_group(&s, &g, line, sizeof(line)) == 0) {
        char **member = g.gr_mem;
        while (*member != NULL && strcmp(*member, user) != 0) {
            member++;
        }
        if (*member != NULL && g.gr_gid != group && found++ < room) {
            list[found - 1] = g.gr_gid;
        }
    }
    source_close(&s);
    *count = found;
    return found <= room ? found : -1;
}

int initgroups(const char *user, gid_t group)
{
    gid_t list[MEMBERS_MAX];
    int count = MEMBERS_MAX;
    if (getgrouplist(user, group, list, &count) < 0) {
        count = MEMBERS_MAX;
    }
    return setgroups(count, list);
}

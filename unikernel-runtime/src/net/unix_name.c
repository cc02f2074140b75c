/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_name.c - names of AF_UNIX sockets: paths, which are nodes of the file tree, and abstract ones
 * (unix(7)). A table finds the socket of either; a path counts by its node, so that links, other
 * spellings and rename() lead to the same socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files/path.h"
#include "net/unix_socket.h"

#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)
#define BUCKETS 64u
#define AUTO_NAMES 0x100000u /* five hexadecimal digits */

static struct unix_socket *table[BUCKETS];

/* ---- struct sockaddr_un ----------------------------------------------------------------------- */

int unix_name_read(const struct sockaddr *from, socklen_t bytes, struct unix_name *name)
{
    if (from == NULL || bytes < PATH_OFFSET || bytes > sizeof(struct sockaddr_un)) {
        return -EINVAL;
    }
    if (from->sa_family != AF_UNIX) {
        return -EINVAL;
    }
    const char *const path = (const char *)from + PATH_OFFSET;
    size_t length = bytes - PATH_OFFSET;
    if (length > 0 && path[0] != '\0') {
        length = strnlen(path, length);
    }
    name->bytes = (uint8_t)length;
    memcpy(name->path, path, length);
    return 0;
}

void unix_name_write(const struct unix_name *name, struct sockaddr *to, socklen_t *bytes)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const bool is_path = name->bytes > 0 && name->path[0] != '\0';
    /* A path ends with a NUL where there is room for it. */
    const socklen_t length = (socklen_t)(PATH_OFFSET + name->bytes + (is_path ? 1 : 0));
    const socklen_t there = length < sizeof(un) ? length : (socklen_t)sizeof(un);

    if (to == NULL || bytes == NULL) {
        return;
    }
    memcpy(un.sun_path, name->path, name->bytes);
    memcpy(to, &un, there < *bytes ? there : *bytes);
    *bytes = length;
}

/* ---- the table ---------------------------------------------------------------------------- */

static struct unix_socket **bucket_of(const struct unix_name *name, const struct mf_node *node)
{
    uint64_t hash = (uintptr_t)node >> 4;

    for (size_t i = 0; node == NULL && i < name->bytes; i++) {
        hash = hash * 31 + (uint8_t)name->path[i];
    }
    return &table[(hash * 0x9e3779b97f4a7c15u) >> 58];
}

_Static_assert(BUCKETS == 1u << (64 - 58), "the upper six bits choose one");

static struct unix_socket *look_up(const struct unix_name *name, const struct mf_node *node)
{
    struct unix_socket *s = *bucket_of(name, node);

    for (; s != NULL; s = s->name_next) {
        if (s->node == node &&
            (node != NULL || (s->name.bytes == name->bytes &&
                              memcmp(s->name.path, name->path, name->bytes) == 0))) {
            return s;
        }
    }
    return NULL;
}

static void enter(struct unix_socket *s, const struct unix_name *name, struct mf_node *node)
{
    struct unix_socket **const bucket = bucket_of(name, node);

    s->name = *name;
    s->node = node == NULL ? NULL : mf_node_get(node);
    s->name_next = *bucket;
    *bucket = s;
}

void unix_name_release(struct unix_socket *s)
{
    if (s->name.bytes == 0) {
        return;
    }
    struct unix_socket **link = bucket_of(&s->name, s->node);
    while (*link != NULL && *link != s) {
        link = &(*link)->name_next;
    }
    if (*link == s) {
        *link = s->name_next;
    }
    mf_node_put(s->node);
    s->node = NULL;
    s->name.bytes = 0;
}

/* ---- binding and finding ----------------------------------------------------------------------- */

static bool is_path(const struct unix_name *name)
{
    return name->path[0] != '\0';
}

static int bind_auto(struct unix_socket *s)
{
    static uint32_t next;

    for (uint32_t i = 0; i < AUTO_NAMES; i++) {
        char digits[8];
        struct unix_name name = {.bytes = 6};
        snprintf(digits, sizeof(digits), "%05x", (unsigned int)(next++ % AUTO_NAMES));
        memcpy(name.path + 1, digits, 5);
        if (look_up(&name, NULL) == NULL) {
            enter(s, &name, NULL);
            return 0;
        }
    }
    return -ENOSPC;
}

static int bind_path(struct unix_socket *s, const struct unix_name *name)
{
    char path[sizeof(name->path) + 1] = {0};
    struct mf_place place;
    struct mf_node *node;

    memcpy(path, name->path, name->bytes);
    int r = mf_path_find(AT_FDCWD, path, 0, &place);
    if (r < 0) {
        return r;
    }
    if (place.node != NULL) {
        return -EADDRINUSE;
    }
    if (place.wants_directory) {
        return -ENOENT;
    }
    const mode_t mask = umask(0);
    umask(mask);
    r = mf_node_create(place.directory, place.name, place.name_bytes, S_IFSOCK | (0777 & ~mask),
                       &node);
    if (r == 0) {
        enter(s, name, node);
    }
    return r;
}

int unix_name_bind(struct unix_socket *s, const struct unix_name *name)
{
    if (name->bytes == 0) {
        return s->name.bytes != 0 ? 0 : bind_auto(s);
    }
    if (s->name.bytes != 0) {
        return -EINVAL;
    }
    if (is_path(name)) {
        return bind_path(s, name);
    }
    if (look_up(name, NULL) != NULL) {
        return -EADDRINUSE;
    }
    enter(s, name, NULL);
    return 0;
}

int unix_name_find(const struct unix_name *name, struct unix_socket **out)
{
    char path[sizeof(name->path) + 1] = {0};
    struct mf_node *node = NULL;

    if (name->bytes == 0) {
        return -ECONNREFUSED;
    }
    if (is_path(name)) {
        memcpy(path, name->path, name->bytes);
        const int r = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &node);
        if (r < 0) {
            return r;
        }
        if (!S_ISSOCK(node->mode)) {
            return -ECONNREFUSED;
        }
    }
    *out = look_up(name, node);
    return *out == NULL ? -ECONNREFUSED : 0;
}

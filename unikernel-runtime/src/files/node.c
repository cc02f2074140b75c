/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.c - the nodes of the file tree, found by a hash of directory and name. A directory that the
 * packed tree has entries for is looked up there too, until it was filled: then it is like any
 * other.
 */
#include "files/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files/device.h"
#include "start/image.h"
#include "time/clock.h"

#define FIRST_BUCKETS 64u /* a power of two */
#define NODES_PER_BUCKET 2

static struct mf_node *first_buckets[FIRST_BUCKETS];
static struct mf_node **buckets = first_buckets;
static size_t bucket_count = FIRST_BUCKETS;
static size_t node_count;
static uint64_t last_ino, last_cookie;

static struct mf_node root = {.mode = S_IFDIR | 0755, .refs = 1, .directory.packed = "", .ino = 1};
static bool root_is_ready;

/* ---- the hash table ------------------------------------------------------------------------ */

/* FNV-1a, begun with the directory's number. */
static uint32_t hash_of(const struct mf_node *directory, const char *name, size_t bytes)
{
    uint32_t h = 2166136261u ^ (uint32_t)directory->ino * 2654435761u;
    for (size_t i = 0; i < bytes; i++) {
        h = (h ^ (unsigned char)name[i]) * 16777619u;
    }
    return h;
}

static struct mf_node **bucket_of(uint32_t hash)
{
    return &buckets[hash & (bucket_count - 1)];
}

/* More buckets; without memory for them the chains just get longer. */
static void grow_table(void)
{
    const size_t old_count = bucket_count;
    struct mf_node **const old = buckets;
    struct mf_node **const more = calloc(old_count * 4, sizeof(void *));
    if (more == NULL) {
        return;
    }
    buckets = more;
    bucket_count = old_count * 4;
    for (size_t i = 0; i < old_count; i++) {
        for (struct mf_node *n = old[i], *next; n != NULL; n = next) {
            next = n->hash_next;
            n->hash_next = *bucket_of(n->hash);
            *bucket_of(n->hash) = n;
        }
    }
    if (old != first_buckets) {
        free(old);
    }
}

/* ---- linking ------------------------------------------------------------------------------- */

static void link_node(struct mf_node *n, struct mf_node *directory)
{
    n->parent = directory;
    n->cookie = ++last_cookie;
    n->next = NULL;
    n->previous = directory->directory.last;
    if (n->previous != NULL) {
        n->previous->next = n;
    } else {
        directory->directory.first = n;
    }
    directory->directory.last = n;
    if (++node_count > bucket_count * NODES_PER_BUCKET) {
        grow_table();
    }
    n->hash = hash_of(directory, n->name, n->name_bytes);
    n->hash_next = *bucket_of(n->hash);
    *bucket_of(n->hash) = n;
}

static void unlink_node(struct mf_node *n)
{
    struct mf_node *const directory = n->parent;
    struct mf_node **link = bucket_of(n->hash);
    while (*link != n) {
        link = &(*link)->hash_next;
    }
    *link = n->hash_next;
    node_count--;
    *(n->previous != NULL ? &n->previous->next : &directory->directory.first) = n->next;
    *(n->next != NULL ? &n->next->previous : &directory->directory.last) = n->previous;
    n->parent = NULL;
}

static struct mf_node *find_linked(const struct mf_node *directory, const char *name, size_t bytes)
{
    const uint32_t hash = hash_of(directory, name, bytes);
    struct mf_node *n = *bucket_of(hash);
    while (n != NULL && !(n->hash == hash && n->parent == directory && n->name_bytes == bytes &&
                          memcmp(n->name, name, bytes) == 0)) {
        n = n->hash_next;
    }
    return n;
}

/* ---- making -------------------------------------------------------------------------------- */

static struct mf_node *new_node(const char *name, size_t bytes, uint32_t mode)
{
    struct mf_node *const n = calloc(1, sizeof(*n));
    if (n != NULL) {
        n->name = name;
        n->name_bytes = (uint16_t)bytes;
        n->mode = mode;
        n->refs = 1;
        n->ino = ++last_ino;
    }
    return n;
}

/* A node for a packed entry that has none yet. */
static int adopt(struct mf_node *directory, const struct mf_file *f, struct mf_node **out)
{
    const char *const path = mf_packed_path(f);
    const char *const name = strrchr(path, '/') + 1;
    struct mf_node *const n = new_node(name, strlen(name), f->mode);
    if (n == NULL) {
        return -ENOMEM;
    }
    n->mtime_ns = (uint64_t)f->mtime * MF_NS_PER_S;
    if (S_ISDIR(f->mode)) {
        n->directory.packed = path;
    } else if (S_ISLNK(f->mode)) {
        n->target = strndup(mf_packed_data(f), f->bytes);
        if (n->target == NULL) {
            free(n);
            return -ENOMEM;
        }
    } else {
        n->file.packed = mf_packed_data(f);
        n->file.bytes = n->file.packed_bytes = f->bytes;
    }
    link_node(n, directory);
    *out = n;
    return 0;
}

int mf_node_find(struct mf_node *directory, const char *name, size_t bytes, struct mf_node **out)
{
    struct mf_node *const n = find_linked(directory, name, bytes);
    if (n != NULL) {
        *out = n;
        return 0;
    }
    if (directory->directory.packed == NULL) {
        return -ENOENT;
    }
    const struct mf_file *const f = mf_packed_find(directory->directory.packed, name, bytes);
    return f == NULL ? -ENOENT : adopt(directory, f, out);
}

int mf_node_fill(struct mf_node *directory)
{
    const char *const packed = directory->directory.packed;
    if (packed == NULL) {
        return 0;
    }
    const struct mf_file *f = NULL;
    while ((f = mf_packed_next(packed, f)) != NULL) {
        const char *const name = strrchr(mf_packed_path(f), '/') + 1;
        struct mf_node *n;
        if (find_linked(directory, name, strlen(name)) == NULL && adopt(directory, f, &n) != 0) {
            return -ENOMEM;
        }
    }
    directory->directory.packed = NULL;
    return 0;
}

static bool is_removed(const struct mf_node *n)
{
    return n->parent == NULL && n != &root;
}

int mf_node_create(struct mf_node *directory, const char *name, size_t bytes, uint32_t mode,
                   struct mf_node **out)
{
    if (is_removed(directory)) {
        return -ENOENT;
    }
    char *const own_name = strndup(name, bytes);
    if (own_name == NULL) {
        return -ENOMEM;
    }
    struct mf_node *const n = new_node(own_name, bytes, mode);
    if (n == NULL) {
        free(own_name);
        return -ENOMEM;
    }
    n->owns_name = true;
    n->mtime_ns = directory->mtime_ns = mf_clock_wall_ns();
    link_node(n, directory);
    *out = n;
    return 0;
}

void mf_node_put(struct mf_node *n)
{
    if (n == NULL || --n->refs != 0) {
        return;
    }
    if (S_ISREG(n->mode)) {
        mf_node_truncate(n, 0);
    } else if (S_ISLNK(n->mode)) {
        free(n->target);
    }
    if (n->owns_name) {
        free((void *)(uintptr_t)n->name);
    }
    free(n);
}

void mf_node_remove(struct mf_node *n)
{
    n->parent->mtime_ns = mf_clock_wall_ns();
    unlink_node(n);
    mf_node_put(n);
}

int mf_node_move(struct mf_node *n, struct mf_node *directory, const char *name, size_t bytes)
{
    if (is_removed(directory)) {
        return -ENOENT;
    }
    char *const own_name = strndup(name, bytes);
    if (own_name == NULL) {
        return -ENOMEM;
    }
    n->parent->mtime_ns = directory->mtime_ns = mf_clock_wall_ns();
    unlink_node(n);
    if (n->owns_name) {
        free((void *)(uintptr_t)n->name);
    }
    n->name = own_name;
    n->name_bytes = (uint16_t)bytes;
    n->owns_name = true;
    link_node(n, directory);
    return 0;
}

void mf_node_stat(const struct mf_node *n, struct stat *st)
{
    const struct timespec t = {.tv_sec = (time_t)(n->mtime_ns / MF_NS_PER_S),
                               .tv_nsec = (long)(n->mtime_ns % MF_NS_PER_S)};
    uint64_t bytes = 0;
    if (S_ISREG(n->mode)) {
        bytes = n->file.bytes;
    } else if (S_ISLNK(n->mode)) {
        bytes = strlen(n->target);
    }
    *st = (struct stat){
        .st_dev = 1,
        .st_ino = (ino_t)n->ino,
        .st_mode = n->mode,
        .st_nlink = (nlink_t)(is_removed(n)      ? 0
                              : S_ISDIR(n->mode) ? 2
                                                 : 1),
        .st_size = (off_t)bytes,
        .st_atim = t,
        .st_mtim = t,
        .st_ctim = t,
        .st_blksize = MF_CHUNK_BYTES,
        .st_blocks = (blkcnt_t)((bytes + 511) / 512),
    };
}

/* ---- the root ------------------------------------------------------------------------------ */

/* A directory or device that every guest has, unless the image brings an entry of that name. */
static struct mf_node *provide(struct mf_node *directory, const char *name, uint32_t mode)
{
    struct mf_node *n;
    const size_t bytes = strlen(name);
    if (mf_node_find(directory, name, bytes, &n) != 0 &&
        mf_node_create(directory, name, bytes, mode, &n) != 0) {
        return NULL;
    }
    return n;
}

struct mf_node *mf_node_root(void)
{
    if (root_is_ready) {
        return &root;
    }
    root_is_ready = true;
    last_ino = root.ino;
    mf_packed_use((const struct mf_files *)(uintptr_t)mf_image()->files_va,
                  mf_image()->files_bytes);
    provide(&root, "tmp", S_IFDIR | S_ISVTX | 0777);
    struct mf_node *const dev = provide(&root, "dev", S_IFDIR | 0755);
    for (const struct mf_device *d = mf_devices; dev != NULL && d->name != NULL; d++) {
        struct mf_node *const n = provide(dev, d->name, S_IFCHR | 0666);
        if (n != NULL && S_ISCHR(n->mode)) {
            n->device = d;
        }
    }
    return &root;
}

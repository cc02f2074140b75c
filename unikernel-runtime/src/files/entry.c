/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.c - the entries of directories, found by a hash of directory and name. A directory that the
 * packed tree has entries for is looked up there too, until it was filled: then it is like any
 * other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files/node.h"
#include "time/clock.h"

#define FIRST_BUCKETS 64u /* a power of two */
#define ENTRIES_PER_BUCKET 2

static struct mf_entry *first_buckets[FIRST_BUCKETS];
static struct mf_entry **buckets = first_buckets;
static size_t bucket_count = FIRST_BUCKETS;
static size_t entry_count;
static uint64_t last_cookie;

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

static struct mf_entry **bucket_of(uint32_t hash)
{
    return &buckets[hash & (bucket_count - 1)];
}

/* More buckets; without memory for them the chains just get longer. */
static void grow_table(void)
{
    const size_t old_count = bucket_count;
    struct mf_entry **const old = buckets;
    struct mf_entry **const more = calloc(old_count * 4, sizeof(void *));
    if (more == NULL) {
        return;
    }
    buckets = more;
    bucket_count = old_count * 4;
    for (size_t i = 0; i < old_count; i++) {
        for (struct mf_entry *e = old[i], *next; e != NULL; e = next) {
            next = e->hash_next;
            e->hash_next = *bucket_of(e->hash);
            *bucket_of(e->hash) = e;
        }
    }
    if (old != first_buckets) {
        free(old);
    }
}

static struct mf_entry *find_linked(const struct mf_node *directory, const char *name, size_t bytes)
{
    const uint32_t hash = hash_of(directory, name, bytes);
    struct mf_entry *e = *bucket_of(hash);
    while (e != NULL && !(e->hash == hash && e->directory == directory && e->name_bytes == bytes &&
                          memcmp(e->name, name, bytes) == 0)) {
        e = e->hash_next;
    }
    return e;
}

/* ---- linking ------------------------------------------------------------------------------- */

static void link_entry(struct mf_entry *e, struct mf_node *directory, struct mf_node *n)
{
    e->directory = directory;
    e->node = mf_node_get(n);
    e->cookie = ++last_cookie;
    e->previous = directory->directory.last;
    *(e->previous != NULL ? &e->previous->next : &directory->directory.first) = e;
    directory->directory.last = e;
    n->links++;
    if (S_ISDIR(n->mode)) {
        n->directory.entry = e;
        directory->directory.directories++;
    }
    if (++entry_count > bucket_count * ENTRIES_PER_BUCKET) {
        grow_table();
    }
    e->hash = hash_of(directory, e->name, e->name_bytes);
    e->hash_next = *bucket_of(e->hash);
    *bucket_of(e->hash) = e;
}

/* copied: the name is kept in the entry. */
static struct mf_entry *new_entry(const char *name, size_t bytes, bool copied)
{
    struct mf_entry *const e = calloc(1, sizeof(*e) + (copied ? bytes : 0));
    if (e != NULL) {
        e->name = copied ? memcpy(e->own_name, name, bytes) : name;
        e->name_bytes = (uint16_t)bytes;
    }
    return e;
}

int mf_entry_add(struct mf_node *directory, const char *name, size_t bytes, struct mf_node *n)
{
    if (mf_node_is_removed(directory)) {
        return -ENOENT;
    }
    if (n->links >= MF_LINK_MAX) {
        return -EMLINK;
    }
    struct mf_entry *const e = new_entry(name, bytes, true);
    if (e == NULL) {
        return -ENOSPC;
    }
    link_entry(e, directory, n);
    mf_node_touch(directory);
    mf_node_touch_status(n);
    return 0;
}

int mf_node_create(struct mf_node *directory, const char *name, size_t bytes, uint32_t mode,
                   struct mf_node **out)
{
    struct mf_node *const n = mf_node_new(mode);
    const int err = n == NULL ? -ENOSPC : mf_entry_add(directory, name, bytes, n);
    mf_node_put(n);
    *out = n;
    return err;
}

void mf_entry_remove(struct mf_entry *e)
{
    struct mf_node *const directory = e->directory, *const n = e->node;
    struct mf_entry **link = bucket_of(e->hash);
    while (*link != e) {
        link = &(*link)->hash_next;
    }
    *link = e->hash_next;
    entry_count--;
    *(e->previous != NULL ? &e->previous->next : &directory->directory.first) = e->next;
    *(e->next != NULL ? &e->next->previous : &directory->directory.last) = e->previous;
    if (directory->directory.cursor == e) {
        directory->directory.cursor = e->next;
    }
    n->links--;
    if (S_ISDIR(n->mode)) {
        directory->directory.directories--;
        if (n->directory.entry == e) { /* not when it was moved */
            n->directory.entry = NULL;
        }
    }
    mf_node_touch(directory);
    mf_node_touch_status(n);
    free(e);
    mf_node_put(n);
}

/* ---- packed entries ------------------------------------------------------------------------ */

static const char *name_of(const struct mf_file *f)
{
    return strrchr(mf_packed_path(f), '/') + 1;
}

static int init_packed(struct mf_node *n, const struct mf_file *f)
{
    n->uid = 0;
    n->gid = 0;
    n->atime_ns = n->mtime_ns = n->ctime_ns = f->mtime * (int64_t)MF_NS_PER_S;
    if (S_ISDIR(f->mode)) {
        n->directory.packed = mf_packed_path(f);
    } else if (S_ISLNK(f->mode)) {
        n->target = strndup(mf_packed_data(f), f->bytes);
        return n->target == NULL ? -ENOMEM : 0;
    } else {
        n->file.packed = mf_packed_data(f);
        n->file.bytes = n->file.packed_bytes = f->bytes;
    }
    return 0;
}

/* A node and an entry for a packed one that has none yet. */
static int adopt(struct mf_node *directory, const struct mf_file *f, struct mf_entry **out)
{
    struct mf_entry *const e = new_entry(name_of(f), strlen(name_of(f)), false);
    struct mf_node *const n = mf_node_new(f->mode);
    if (e == NULL || n == NULL || init_packed(n, f) != 0) {
        free(e);
        mf_node_put(n);
        return -ENOMEM;
    }
    link_entry(e, directory, n);
    mf_node_put(n);
    *out = e;
    return 0;
}

int mf_entry_find(struct mf_node *directory, const char *name, size_t bytes, struct mf_entry **out)
{
    struct mf_entry *const e = find_linked(directory, name, bytes);
    if (e != NULL) {
        *out = e;
        return 0;
    }
    if (directory->directory.packed == NULL) {
        return -ENOENT;
    }
    const struct mf_file *const f = mf_packed_find(directory->directory.packed, name, bytes);
    return f == NULL ? -ENOENT : adopt(directory, f, out);
}

int mf_entry_fill(struct mf_node *directory)
{
    const char *const packed = directory->directory.packed;
    if (packed == NULL) {
        return 0;
    }
    const struct mf_file *f = NULL;
    while ((f = mf_packed_next(packed, f)) != NULL) {
        struct mf_entry *e;
        if (find_linked(directory, name_of(f), strlen(name_of(f))) == NULL &&
            adopt(directory, f, &e) != 0) {
            return -ENOMEM;
        }
    }
    directory->directory.packed = NULL;
    return 0;
}

uint32_t mf_entry_count_directories(const struct mf_node *directory)
{
    uint32_t count = directory->directory.directories;
    const char *const packed = directory->directory.packed;
    const struct mf_file *f = NULL;
    while (packed != NULL && (f = mf_packed_next(packed, f)) != NULL) {
        count += S_ISDIR(f->mode) && find_linked(directory, name_of(f), strlen(name_of(f))) == NULL;
    }
    return count;
}

struct mf_entry *mf_entry_at(struct mf_node *directory, uint64_t position)
{
    struct mf_entry *e = directory->directory.cursor;
    if (e == NULL || e->cookie > position) {
        e = directory->directory.first;
    }
    while (e != NULL && e->cookie < position) {
        e = e->next;
    }
    directory->directory.cursor = e;
    return e;
}

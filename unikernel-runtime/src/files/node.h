/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h - the one tree of files: a RAM file system over the packed tree of the image. Nodes exist
 * for what was created, and for packed files once they were looked at. A packed file's contents are
 * read in place; a chunk of it is copied when it is written.
 *
 * References  A node in the tree has one reference for that; open files and the working directory
 *             have their own. A removed node lives on until the last one is put.
 * Errors      0 or a negative errno number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "files/packed.h"

struct mf_device;

#define MF_CHUNK_BYTES 4096u
#define MF_FILE_MAX ((off_t)1 << 40)

struct mf_node {
    struct mf_node *parent;          /* NULL: the root, or removed */
    struct mf_node *next, *previous; /* in parent's children, in order of `cookie` */
    struct mf_node *hash_next;
    const char *name; /* points into the packed tree, or owned */
    uint32_t hash;
    uint16_t name_bytes;
    bool owns_name;
    uint32_t mode; /* type and permissions */
    uint32_t refs;
    uint64_t ino;
    uint64_t cookie; /* position in a directory listing */
    uint64_t mtime_ns;
    union {
        struct {
            struct mf_node *first, *last;
            const char *packed; /* path whose packed entries belong here too; NULL: none (left) */
        } directory;
        struct {
            uint64_t bytes;
            const char *packed;    /* contents [0, packed_bytes) where there is no chunk */
            uint64_t packed_bytes; /* everything else without a chunk is zero */
            char **chunks;         /* owns them */
            size_t chunk_count;
        } file;
        char *target;                   /* S_IFLNK; owns */
        const struct mf_device *device; /* S_IFCHR */
    };
};

/** The root; made when it is first asked for. Not a new reference. */
struct mf_node *mf_node_root(void);

static inline struct mf_node *mf_node_get(struct mf_node *n)
{
    n->refs++;
    return n;
}

/** Drops a reference; the last one frees the node and its contents. NULL is allowed. */
void mf_node_put(struct mf_node *n);

/** The entry of `directory` called name; not a new reference. -ENOENT, -ENOMEM. */
int mf_node_find(struct mf_node *directory, const char *name, size_t bytes, struct mf_node **out);

/** Makes a new entry, which must not exist yet. *out is not a new reference. -ENOMEM, -ENOENT. */
int mf_node_create(struct mf_node *directory, const char *name, size_t bytes, uint32_t mode,
                   struct mf_node **out);

/** Makes nodes for all packed entries of `directory`, before one is removed or all are listed. */
int mf_node_fill(struct mf_node *directory);

/** Takes `n` out of its directory, which is filled, and drops the tree's reference. */
void mf_node_remove(struct mf_node *n);

/**
 * Moves `n` to `directory` under another name; the caller removes what had that name. -ENOMEM,
 * -ENOENT (the directory was removed).
 */
int mf_node_move(struct mf_node *n, struct mf_node *directory, const char *name, size_t bytes);

void mf_node_stat(const struct mf_node *n, struct stat *st);

/* ---- contents of regular files (contents.c) ----------------------------------------------------
 */

/** Reads up to `bytes` at `offset`. Returns how many; 0 at the end. */
size_t mf_node_read(const struct mf_node *n, uint64_t offset, void *to, size_t bytes);

/** Writes at `offset`. Returns how many bytes, fewer when memory runs out, or -ENOSPC, -EFBIG. */
ssize_t mf_node_write(struct mf_node *n, uint64_t offset, const void *from, size_t bytes);

/** Sets the size; new bytes are zero. -EFBIG. */
int mf_node_truncate(struct mf_node *n, uint64_t bytes);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h - the one tree of files: a RAM file system over the packed tree of the image. Nodes exist
 * for what was created, and for packed files once they were looked at. A packed file's contents are
 * read in place; a chunk of it is copied when it is written.
 *
 * A node is a file or a directory; an entry is a name for one in a directory. A directory has one
 * entry, other files may have several (hard links), or none when they were removed while open.
 *
 * References  Each entry has one reference to its node; open files, mappings and the working
 *             directory have their own. The last one that is put frees the node.
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
struct mf_fifo;
struct mf_file_lock;
struct mf_open_file;

#define MF_CHUNK_BYTES 4096u
#define MF_GROUP_CHUNKS 512u
#define MF_FILE_MAX ((off_t)1 << 40)
#define MF_LINK_MAX 1000000u

struct mf_entry {
    struct mf_node *directory;        /* NULL: removed */
    struct mf_node *node;             /* owns a reference */
    struct mf_entry *next, *previous; /* in the directory, in order of `cookie` */
    struct mf_entry *hash_next;
    const char *name; /* points into the packed tree, or to own_name */
    uint64_t cookie;  /* position in a directory listing */
    uint32_t hash;
    uint16_t name_bytes;
    char own_name[];
};

/* Contents of a regular file, see contents.c. */
struct mf_contents {
    uint64_t bytes;
    const char *packed;    /* contents [0, packed_bytes) where there is no chunk */
    uint64_t packed_bytes; /* everything else without a chunk is zero */
    char **chunks;         /* the first MF_GROUP_CHUNKS; owns them */
    size_t chunk_count;
    char ***groups; /* those behind, MF_GROUP_CHUNKS each; NULL: none of them; owns them */
    size_t group_count;
    size_t chunks_used; /* that are not NULL */
    char *flat;         /* [0, flat_bytes) is here, and has no chunks and nothing packed */
    uint64_t flat_bytes;
    uint64_t
        flat_mapped; /* of these have pages: while it is pinned, up to the end of the file only */
    uint32_t pins;   /* mappings that use `flat` */
};

struct mf_node {
    uint32_t mode; /* type and permissions */
    uint32_t refs;
    uint32_t links; /* entries */
    uid_t uid;
    gid_t gid;
    uint64_t ino;
    int64_t atime_ns, mtime_ns, ctime_ns;
    struct mf_file_lock *lock; /* flock(); owns; NULL: none was ever taken */
    union {
        struct {
            struct mf_entry *entry; /* its own; NULL: the root, or removed */
            struct mf_entry *first, *last;
            struct mf_entry *cursor; /* where the last listing ended; NULL: unknown */
            const char *packed;   /* path whose packed entries belong here too; NULL: none (left) */
            uint32_t directories; /* entries that are directories */
        } directory;
        struct mf_contents file;
        char *target;                   /* S_IFLNK; owns */
        const struct mf_device *device; /* S_IFCHR */
        void *socket;                   /* S_IFSOCK: who is bound to it; not owned */
        struct {
            int (*open)(struct mf_node *n, uint32_t flags, struct mf_open_file **out);
            struct mf_fifo *open_state; /* NULL: nobody has it open; owned by those who have */
        } fifo;                         /* S_IFIFO, see fifo.h */
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

/** A node of type and permissions `mode` of the current user, with one reference; NULL: no
 * memory. */
struct mf_node *mf_node_new(uint32_t mode);

/** The directory that `directory` is in; the root's is the root, a removed one's itself. */
struct mf_node *mf_node_parent(struct mf_node *directory);

/** Whether a directory was removed: nothing can be created in it. */
bool mf_node_is_removed(const struct mf_node *directory);

/** Whether the user that is in force may `mode` (R_OK, W_OK, X_OK). 0 or -EACCES. */
int mf_node_check(const struct mf_node *n, int mode);

void mf_node_stat(const struct mf_node *n, struct stat *st);

/** Contents or an entry changed: mtime and ctime are now. */
void mf_node_touch(struct mf_node *n);

/** Contents were read. As Linux does by default: atime is kept where it tells whether a file is new. */
void mf_node_touch_access(struct mf_node *n);

/** Attributes changed: ctime is now. */
void mf_node_touch_status(struct mf_node *n);

/* ---- entries (entry.c) ------------------------------------------------------------------------ */

/** The entry of `directory` called name. -ENOENT, -ENOMEM. */
int mf_entry_find(struct mf_node *directory, const char *name, size_t bytes, struct mf_entry **out);

/**
 * Names `n` in `directory`, which must not have that name. The entry takes a reference of its own.
 * -ENOSPC (memory), -ENOENT (the directory was removed), -EMLINK.
 */
int mf_entry_add(struct mf_node *directory, const char *name, size_t bytes, struct mf_node *n);

/** Makes a new node and names it: mf_node_new() and mf_entry_add(). *out is not a new reference. */
int mf_node_create(struct mf_node *directory, const char *name, size_t bytes, uint32_t mode,
                   struct mf_node **out);

/** Makes entries for all packed ones of `directory`, before one is removed or all are listed. */
int mf_entry_fill(struct mf_node *directory);

/** Takes `e` out of its directory, which is filled, and frees it. */
void mf_entry_remove(struct mf_entry *e);

/**
 * The first entry at or behind `position` (a cookie), NULL: none. Constant time when listings go
 * on where one ended.
 */
struct mf_entry *mf_entry_at(struct mf_node *directory, uint64_t position);

/** How many directories are directly in `directory`. */
uint32_t mf_entry_count_directories(const struct mf_node *directory);

/* ---- contents of regular files (contents.c) ---------------------------------------------------- */

/** Reads up to `bytes` at `offset`. Returns how many; 0 at the end. */
size_t mf_node_read(const struct mf_node *n, uint64_t offset, void *to, size_t bytes);

/** Writes at `offset`. Returns how many bytes, fewer when memory runs out, or -ENOSPC, -EFBIG. */
ssize_t mf_node_write(struct mf_node *n, uint64_t offset, const void *from, size_t bytes);

/** Sets the size; new bytes are zero. -EFBIG. */
int mf_node_truncate(struct mf_node *n, uint64_t bytes);

/** Makes [offset, offset + bytes) present, growing the file when needed. -EFBIG, -ENOSPC. */
int mf_node_allocate(struct mf_node *n, uint64_t offset, uint64_t bytes);

/** The first offset >= `offset` that is stored (or, for data false, not stored); -ENXIO: none. */
off_t mf_node_seek(const struct mf_node *n, uint64_t offset, bool data);

/** Memory that the contents take, in bytes. */
uint64_t mf_node_stored_bytes(const struct mf_node *n);

/**
 * The address of offset 0 of the contents, with [0, bytes) in one piece of whole pages: for shared
 * mappings. It stays there as long as the caller, or anybody, has counted `pins` up. Pages behind
 * the end of the file are not there (in shared memory they read as zero). NULL: no memory, or the piece is pinned and too small.
 */
char *mf_node_flatten(struct mf_node *n, uint64_t bytes);

/** Of a node that nobody refers to any more. */
void mf_node_free_contents(struct mf_node *n);

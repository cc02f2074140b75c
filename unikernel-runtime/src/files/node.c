/* SPDX-License-Identifier: Apache-2.0 */
/* node.c - files and directories as such: their life, attributes and rights; and the root. */
#include "files/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/device.h"
#include "files/lock.h"
#include "start/image.h"
#include "system/identity.h"
#include "time/clock.h"

#define ROOT_INO 1u

static struct mf_node root = {
    .mode = S_IFDIR | 0755, .refs = 1, .links = 1, .ino = ROOT_INO, .directory.packed = ""};
static bool root_is_ready;
static uint64_t last_ino = ROOT_INO;

struct mf_node *mf_node_new(uint32_t mode)
{
    struct mf_node *const n = calloc(1, sizeof(*n));
    if (n != NULL) {
        n->mode = mode;
        n->refs = 1;
        n->ino = ++last_ino;
        n->uid = mf_identity.uid.effective;
        n->gid = mf_identity.gid.effective;
        n->atime_ns = n->mtime_ns = n->ctime_ns = (int64_t)mf_clock_wall_ns();
    }
    return n;
}

void mf_node_put(struct mf_node *n)
{
    if (n == NULL || --n->refs != 0) {
        return;
    }
    if (S_ISREG(n->mode)) {
        mf_node_free_contents(n);
    } else if (S_ISLNK(n->mode)) {
        free(n->target);
    }
    free(n->lock);
    free(n);
}

struct mf_node *mf_node_parent(struct mf_node *directory)
{
    const struct mf_entry *const e = directory->directory.entry;
    return e != NULL ? e->directory : directory;
}

bool mf_node_is_removed(const struct mf_node *directory)
{
    return directory->directory.entry == NULL && directory != &root;
}

/* ---- rights -------------------------------------------------------------------------------- */

/* The user 0 may do everything but execute what nobody can. */
int mf_node_check(const struct mf_node *n, int mode)
{
    const unsigned int wanted = (unsigned int)mode & 7; /* X_OK, W_OK, R_OK are the mode's bits */
    if (mf_identity.uid.effective == 0) {
        const bool is_dead = (wanted & X_OK) != 0 && !S_ISDIR(n->mode) && (n->mode & 0111) == 0;
        return is_dead ? -EACCES : 0;
    }
    unsigned int granted = n->mode;
    if (n->uid == mf_identity.uid.effective) {
        granted >>= 6;
    } else if (mf_identity_has_group(n->gid)) {
        granted >>= 3;
    }
    return (wanted & ~granted) != 0 ? -EACCES : 0;
}

/* ---- attributes ---------------------------------------------------------------------------- */

void mf_node_touch(struct mf_node *n)
{
    n->mtime_ns = n->ctime_ns = (int64_t)mf_clock_wall_ns();
}

void mf_node_touch_access(struct mf_node *n)
{
    if (n->atime_ns <= n->mtime_ns || n->atime_ns <= n->ctime_ns) {
        n->atime_ns = (int64_t)mf_clock_wall_ns();
    }
}

void mf_node_touch_status(struct mf_node *n)
{
    n->ctime_ns = (int64_t)mf_clock_wall_ns();
}

/* Times before 1970 are negative; tv_nsec never is. */
static struct timespec timespec_of(int64_t ns)
{
    const int64_t second = (int64_t)MF_NS_PER_S;
    const int64_t rest = ns % second;
    return rest < 0 ? (struct timespec){ns / second - 1, (long)(rest + second)}
                    : (struct timespec){ns / second, (long)rest};
}

void mf_node_stat(const struct mf_node *n, struct stat *st)
{
    uint64_t bytes = 0, stored = 0;
    if (S_ISREG(n->mode)) {
        bytes = n->file.bytes;
        stored = mf_node_stored_bytes(n);
    } else if (S_ISLNK(n->mode)) {
        bytes = strlen(n->target);
    }
    uint32_t links = n->links;
    if (S_ISDIR(n->mode)) {
        links = mf_node_is_removed(n) ? 0 : 2 + mf_entry_count_directories(n);
    }
    *st = (struct stat){
        .st_dev = 1,
        .st_ino = (ino_t)n->ino,
        .st_mode = n->mode,
        .st_nlink = (nlink_t)links,
        .st_uid = n->uid,
        .st_gid = n->gid,
        .st_size = (off_t)bytes,
        .st_atim = timespec_of(n->atime_ns),
        .st_mtim = timespec_of(n->mtime_ns),
        .st_ctim = timespec_of(n->ctime_ns),
        .st_blksize = MF_CHUNK_BYTES,
        .st_blocks = (blkcnt_t)((stored + 511) / 512),
    };
    if (S_ISCHR(n->mode)) {
        st->st_rdev = (dev_t)n->ino;
    }
}

/* ---- the root ------------------------------------------------------------------------------ */

/* A directory or device that every guest has, unless the image brings an entry of that name. */
static struct mf_node *provide(struct mf_node *directory, const char *name, uint32_t mode)
{
    struct mf_entry *e;
    if (mf_entry_find(directory, name, strlen(name), &e) == 0) {
        return e->node;
    }
    struct mf_node *const n = mf_node_new(mode);
    if (n != NULL) {
        n->uid = 0;
        n->gid = 0;
    }
    const bool is_added = n != NULL && mf_entry_add(directory, name, strlen(name), n) == 0;
    mf_node_put(n);
    return is_added ? n : NULL;
}

struct mf_node *mf_node_root(void)
{
    if (root_is_ready) {
        return &root;
    }
    root_is_ready = true;
    root.atime_ns = root.mtime_ns = root.ctime_ns = (int64_t)mf_clock_wall_ns();
    mf_packed_use((const struct mf_files *)(uintptr_t)mf_image()->files_va,
                  mf_image()->files_bytes);
    provide(&root, "tmp", S_IFDIR | S_ISVTX | 0777);
    struct mf_node *const dev = provide(&root, "dev", S_IFDIR | 0755);
    if (dev != NULL) {
        provide(dev, "shm", S_IFDIR | S_ISVTX | 0777);
    }
    for (const struct mf_device *d = mf_devices; dev != NULL && d->name != NULL; d++) {
        struct mf_node *const n = provide(dev, d->name, S_IFCHR | 0666);
        if (n != NULL && S_ISCHR(n->mode)) {
            n->device = d;
        }
    }
    return &root;
}

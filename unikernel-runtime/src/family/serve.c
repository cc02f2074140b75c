/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - what a user may ask the owner of its family's files for, see family.h. The functions are
 * those that the owner itself calls (files/own.h); what comes from the user is checked or copied
 * before: it is the same program, but what it does must not end the owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "family/server.h"
#include "files/device.h"
#include "files/open_file.h"
#include "files/own.h"
#include "files/path.h"

/* A call as it is carried out. */
struct job {
    int64_t *args;
    char *data;           /* the buffer */
    const char *paths[2]; /* copies */
    struct mf_open_file *file;
    uint32_t pid;
};

#define TAKES_PATH 1u
#define TAKES_TWO 3u  /* paths */
#define TAKES_FILE 4u /* args[0] is the number of one */
#define TAKES_DATA 8u /* the buffer */
#define TAKES_ANY 16u /* with TAKES_FILE: also what is not a file of the tree */

/* POSIX functions tell their errors by errno. */
static int64_t result(int64_t r)
{
    return r < 0 ? -errno : r;
}

static struct mf_node *node_of(const struct job *j)
{
    return ((struct mf_node_file *)j->file)->node;
}

static int number(const struct job *j, int arg)
{
    return (int)j->args[arg];
}

/* ---- open files -------------------------------------------------------------------------------- */

/* A device is opened by the user itself: its console is not the owner's. */
static int64_t open_file(struct job *j)
{
    const uint32_t flags = (uint32_t)j->args[1];
    const int fd = mf_own_file_open(number(j, 0), j->paths[0], flags & ~(uint32_t)O_CLOEXEC,
                                    (mode_t)j->args[2]);
    const struct mf_open_file *const f = fd < 0 ? NULL : mf_fd_peek(fd);
    struct mf_node *n;

    if (f == NULL || mf_file_has_node(f)) {
        j->args[0] = f != NULL ? f->flags : 0;
        return fd;
    }
    if (mf_io_kind(f, NULL) == MF_IO_FIFO) {
        return MF_FAMILY_FIFO + fd;
    }
    mf_own_fd_remove(fd);
    const int err = mf_path_node(number(j, 0), j->paths[0], MF_PATH_FOLLOW, &n);
    if (err != 0 || !S_ISCHR(n->mode)) {
        return err != 0 ? err : -ENXIO;
    }
    return MF_FAMILY_DEVICE + (n->device - mf_devices);
}

static int64_t close_file(struct job *j)
{
    return mf_fd_remove(number(j, 0));
}

/* Whether the file is open for more than `access` alone. */
static bool is_more_than(const struct job *j, uint32_t access)
{
    return (j->file->flags & O_ACCMODE) != access;
}

static int64_t transfer(struct job *j, bool writes)
{
    struct mf_open_file *const f = j->file;
    const uint64_t bytes = (uint64_t)j->args[1];
    off_t position = j->args[2];
    const struct iovec iov = {j->data, bytes};
    ssize_t (*const op)(struct mf_open_file *, const struct iovec *, int, off_t *) =
        writes ? f->ops->writev : f->ops->readv;

    if (!is_more_than(j, writes ? O_RDONLY : O_WRONLY)) {
        return -EBADF;
    }
    if (op == NULL || bytes > MF_FILES_BUFFER_BYTES) {
        return op == NULL ? -EISDIR : -EINVAL;
    }
    return op(f, &iov, 1, position < 0 ? &f->position : &position);
}

static int64_t read_file(struct job *j)
{
    return transfer(j, false);
}

static int64_t write_file(struct job *j)
{
    return transfer(j, true);
}

static int64_t seek(struct job *j)
{
    return j->file->ops->lseek(j->file, j->args[1], number(j, 2));
}

static int64_t list(struct job *j)
{
    const uint64_t bytes = (uint64_t)j->args[1];
    if (j->file->ops->getdents == NULL || bytes > MF_FILES_BUFFER_BYTES) {
        return bytes > MF_FILES_BUFFER_BYTES ? -EINVAL : -ENOTDIR;
    }
    return j->file->ops->getdents(j->file, j->data, bytes);
}

static int64_t stat_file(struct job *j)
{
    struct stat st;
    const int err = j->file->ops->fstat(j->file, &st);
    memcpy(j->data, &st, err == 0 ? sizeof(st) : 0);
    return err;
}

static int64_t statvfs_file(struct job *j)
{
    struct statvfs v;
    const int r = mf_own_fstatvfs(number(j, 0), &v);
    memcpy(j->data, &v, r == 0 ? sizeof(v) : 0);
    return result(r);
}

static int64_t truncate_file(struct job *j)
{
    if (j->args[1] < 0 || j->file->ops->ftruncate == NULL || !is_more_than(j, O_RDONLY)) {
        return -EINVAL;
    }
    return j->file->ops->ftruncate(j->file, j->args[1]);
}

static int64_t allocate(struct job *j)
{
    return -mf_own_posix_fallocate(number(j, 0), j->args[1], j->args[2]);
}

static int64_t flags(struct job *j)
{
    if (j->args[1] != F_GETFL && j->args[1] != F_SETFL) {
        return -EINVAL;
    }
    return mf_own_control(number(j, 0), number(j, 1), (intptr_t)j->args[2]);
}

static int64_t lock_file(struct job *j)
{
    return result(mf_own_flock(number(j, 0), number(j, 1) | LOCK_NB));
}

static int64_t lock_record(struct job *j)
{
    struct flock lock;
    if (j->args[1] != F_GETLK && j->args[1] != F_SETLK) {
        return -EINVAL;
    }
    memcpy(&lock, j->data, sizeof(lock));
    const int err = mf_control(number(j, 0), number(j, 1), (intptr_t)&lock);
    memcpy(j->data, &lock, sizeof(lock));
    return err;
}

static int64_t unlock_records(struct job *j)
{
    mf_family_unlock(node_of(j), mf_family_user);
    return 0;
}

static int64_t chmod_file(struct job *j)
{
    return result(mf_own_fchmod(number(j, 0), (mode_t)j->args[1]));
}

static int64_t chown_file(struct job *j)
{
    return result(mf_own_fchown(number(j, 0), (uid_t)j->args[1], (gid_t)j->args[2]));
}

static const struct timespec *times_of(const struct job *j, struct timespec copy[2])
{
    memcpy(copy, j->data + MF_FAMILY_OTHER, 2 * sizeof(*copy));
    return j->args[1] != 0 ? copy : NULL;
}

static int64_t set_file_times(struct job *j)
{
    struct timespec copy[2];
    return result(mf_own_futimens(number(j, 0), times_of(j, copy)));
}

static int64_t go_to_file(struct job *j)
{
    return result(mf_own_fchdir(number(j, 0)));
}

/* ---- paths ------------------------------------------------------------------------------------- */

static int64_t stat_path(struct job *j)
{
    struct stat st;
    const int r = mf_own_fstatat(number(j, 0), j->paths[0], &st, number(j, 1));
    memcpy(j->data, &st, r == 0 ? sizeof(st) : 0);
    return result(r);
}

static int64_t statvfs_path(struct job *j)
{
    struct statvfs v;
    const int r = mf_own_statvfs(j->paths[0], &v);
    memcpy(j->data, &v, r == 0 ? sizeof(v) : 0);
    return result(r);
}

static int64_t access_path(struct job *j)
{
    return result(mf_own_faccessat(number(j, 0), j->paths[0], number(j, 1), number(j, 2)));
}

static int64_t chmod_path(struct job *j)
{
    return result(mf_own_fchmodat(number(j, 0), j->paths[0], (mode_t)j->args[1], number(j, 2)));
}

static int64_t chown_path(struct job *j)
{
    return result(mf_own_fchownat(number(j, 0), j->paths[0], (uid_t)j->args[1], (gid_t)j->args[2],
                                  number(j, 3)));
}

static int64_t set_path_times(struct job *j)
{
    struct timespec copy[2];
    return result(mf_own_utimensat(number(j, 0), j->paths[0], times_of(j, copy), number(j, 2)));
}

static int64_t truncate_path(struct job *j)
{
    return result(mf_own_truncate(j->paths[0], j->args[0]));
}

static int64_t make_directory(struct job *j)
{
    return result(mf_own_mkdirat(number(j, 0), j->paths[0], (mode_t)j->args[1]));
}

static int64_t make_node(struct job *j)
{
    return result(mf_own_mknodat(number(j, 0), j->paths[0], (mode_t)j->args[1], 0));
}

static int64_t make_symlink(struct job *j)
{
    return result(mf_own_symlinkat(j->paths[1], number(j, 0), j->paths[0]));
}

static int64_t read_link(struct job *j)
{
    const size_t bytes = j->args[1] != 0 ? MF_FAMILY_PATH_BYTES : 0;
    return result(mf_own_readlinkat(number(j, 0), j->paths[0], j->data, bytes));
}

static int64_t link_path(struct job *j)
{
    return result(
        mf_own_linkat(number(j, 0), j->paths[0], number(j, 1), j->paths[1], number(j, 2)));
}

/* The file gets a name as by linkat() of /dev/fd/N. */
static int64_t link_file(struct job *j)
{
    char name[24] = "/dev/fd/";
    char digits[12];
    int count = 0, at = 8;
    for (int n = number(j, 0); n != 0 || count == 0; n /= 10) {
        digits[count++] = (char)('0' + n % 10);
    }
    while (count != 0) {
        name[at++] = digits[--count];
    }
    return result(mf_own_linkat(AT_FDCWD, name, number(j, 1), j->paths[0], AT_SYMLINK_FOLLOW));
}

static int64_t remove_path(struct job *j)
{
    return result(mf_own_unlinkat(number(j, 0), j->paths[0], number(j, 1)));
}

static int64_t rename_path(struct job *j)
{
    return result(mf_own_renameat(number(j, 0), j->paths[0], number(j, 1), j->paths[1]));
}

static int64_t go_to_path(struct job *j)
{
    return result(mf_own_chdir(j->paths[0]));
}

static int64_t text(struct job *j, const char *path)
{
    if (path == NULL) {
        return -errno;
    }
    const size_t bytes = strlen(path);
    if (path != j->data) {
        memcpy(j->data, path, bytes);
    }
    return (int64_t)bytes;
}

static int64_t where(struct job *j)
{
    char path[MF_FAMILY_PATH_BYTES];
    return text(j, mf_own_getcwd(path, sizeof(path)));
}

static int64_t real_path(struct job *j)
{
    char path[MF_FAMILY_PATH_BYTES];
    return text(j, mf_own_realpath(j->paths[0], path));
}

static int64_t map_file(struct job *j)
{
    const struct mf_node_file *const f = (const struct mf_node_file *)j->file;
    return mf_family_map_for(mf_family_served(), f->node, j->file->flags, j->args);
}

static int64_t unmap_file(struct job *j)
{
    return mf_family_unmap_for(mf_family_served(), j->args);
}

/* ---- all of them -------------------------------------------------------------------------------- */

static const struct {
    int64_t (*fn)(struct job *j);
    uint8_t takes;
} operations[] = {
    [MF_FAMILY_OPEN] = {open_file, TAKES_PATH},
    [MF_FAMILY_CLOSE] = {close_file, TAKES_FILE | TAKES_ANY},
    [MF_FAMILY_READ] = {read_file, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_WRITE] = {write_file, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_SEEK] = {seek, TAKES_FILE},
    [MF_FAMILY_LIST] = {list, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_FSTAT] = {stat_file, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_FSTATVFS] = {statvfs_file, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_FTRUNCATE] = {truncate_file, TAKES_FILE},
    [MF_FAMILY_ALLOCATE] = {allocate, TAKES_FILE},
    [MF_FAMILY_FLAGS] = {flags, TAKES_FILE},
    [MF_FAMILY_FLOCK] = {lock_file, TAKES_FILE},
    [MF_FAMILY_LOCK] = {lock_record, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_UNLOCK] = {unlock_records, TAKES_FILE},
    [MF_FAMILY_FCHMOD] = {chmod_file, TAKES_FILE},
    [MF_FAMILY_FCHOWN] = {chown_file, TAKES_FILE},
    [MF_FAMILY_FUTIMENS] = {set_file_times, TAKES_FILE | TAKES_DATA},
    [MF_FAMILY_FCHDIR] = {go_to_file, TAKES_FILE},
    [MF_FAMILY_STAT] = {stat_path, TAKES_PATH},
    [MF_FAMILY_ACCESS] = {access_path, TAKES_PATH},
    [MF_FAMILY_CHMOD] = {chmod_path, TAKES_PATH},
    [MF_FAMILY_CHOWN] = {chown_path, TAKES_PATH},
    [MF_FAMILY_UTIMENS] = {set_path_times, TAKES_PATH},
    [MF_FAMILY_TRUNCATE] = {truncate_path, TAKES_PATH},
    [MF_FAMILY_STATVFS] = {statvfs_path, TAKES_PATH},
    [MF_FAMILY_MKDIR] = {make_directory, TAKES_PATH},
    [MF_FAMILY_MKNOD] = {make_node, TAKES_PATH},
    [MF_FAMILY_SYMLINK] = {make_symlink, TAKES_TWO},
    [MF_FAMILY_READLINK] = {read_link, TAKES_PATH},
    [MF_FAMILY_LINK] = {link_path, TAKES_TWO},
    [MF_FAMILY_UNLINK] = {remove_path, TAKES_PATH},
    [MF_FAMILY_RENAME] = {rename_path, TAKES_TWO},
    [MF_FAMILY_CHDIR] = {go_to_path, TAKES_PATH},
    [MF_FAMILY_GETCWD] = {where, TAKES_DATA},
    [MF_FAMILY_REALPATH] = {real_path, TAKES_PATH},
    [MF_FAMILY_MAP] = {map_file, TAKES_FILE},
    [MF_FAMILY_UNMAP] = {unmap_file, 0},
    [MF_FAMILY_LINK_FILE] = {link_file, TAKES_PATH | TAKES_FILE},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

int64_t mf_family_serve(struct mf_files_call *c, char *data)
{
    static char paths[2][MF_FAMILY_PATH_BYTES];
    struct job j = {.args = c->args, .data = data, .paths = {paths[0], paths[1]}, .pid = c->pid};

    if (c->op >= OPERATIONS || operations[c->op].fn == NULL) {
        return -ENOSYS;
    }
    const uint32_t takes = operations[c->op].takes;
    if ((takes & (TAKES_DATA | TAKES_TWO)) != 0 && data == NULL) {
        return -EINVAL;
    }
    if ((takes & TAKES_PATH) != 0) {
        const size_t bytes = (takes & TAKES_TWO) == TAKES_TWO ? sizeof(paths) : sizeof(paths[0]);
        memcpy(paths, data, bytes);
        paths[0][MF_FAMILY_PATH_BYTES - 1] = paths[1][MF_FAMILY_PATH_BYTES - 1] = '\0';
    }
    if ((takes & TAKES_FILE) != 0) {
        j.file = c->args[0] == number(&j, 0) ? mf_fd_peek(number(&j, 0)) : NULL;
        if (j.file == NULL || ((takes & TAKES_ANY) == 0 && !mf_file_has_node(j.file))) {
            return -EBADF;
        }
    }
    return operations[c->op].fn(&j);
}

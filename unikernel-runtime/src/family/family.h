/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - one file system for all processes that come by fork() from the same first one. Only
 * programs that call fork() have this folder linked, and of it what stands in for the functions that
 * they call.
 *
 * owner    The first process: files are in its own memory, as in a guest that never forks. It knows
 *          each of the others as a user, with a descriptor table, a working directory and ids of its
 *          own (server.c), and does for it, when it sleeps or yields or is interrupted, what that
 *          asks for (serve.c): the same functions, on the user's table.
 * child    Its open files are numbers in that table (remote.c); what takes a path is asked for as a
 *          whole (calls.c). While it waits nothing else of it runs: files never block.
 * lost     A process whose owner was killed, or a copy of a child that fork() did not make: all that
 *          it asks for fails with EIO.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mayfly/family.h"

struct mf_node;
struct flock;

enum mf_family_role {
    MF_FAMILY_ALONE = 0, /* or the owner: files are its own */
    MF_FAMILY_CHILD,
    MF_FAMILY_LOST,
};

extern uint8_t mf_family_role; /* enum mf_family_role */

/** Whether files are another process's. */
static inline bool mf_family_is_remote(void)
{
    return mf_family_role != MF_FAMILY_ALONE;
}

static inline struct mf_files_window *mf_family_window(void)
{
    return (struct mf_files_window *)(uintptr_t)MF_FILES_VA;
}

/* ---- fork ------------------------------------------------------------------------------------- */

/*
 * What fork() and others that do not need files themselves need of these. It is there in programs
 * that open files: the others have none to share.
 */
struct mf_family_files {
    int64_t (*begin)(void);      /* makes the window; 0 or HV_ERR_* */
    int (*add)(uint32_t parent); /* a user like `parent`; its number, or a negative errno number */
    void (*drop)(uint32_t user); /* there will be no such process */
    void (*become_user)(void);   /* in a child of the owner: its files are remote */
    void (*linger)(int code);    /* serves until there are no users any more */
    void (*closes)(int fd);      /* a descriptor is being closed */
    int (*control)(int fd, int command, intptr_t arg); /* mf_control() */
    /* mmap() of a file of the owner's in a child. */
    void *(*map)(void *address, size_t length, int prot, int flags, int fd, off_t offset);
};

extern const struct mf_family_files mf_family_files __attribute__((weak));

static inline bool mf_family_has_files(void)
{
    return &mf_family_files != NULL;
}

/* fork.c names the first two so that paths.c and descriptors.c are linked with it, open.c server.c. */
extern const char mf_family_paths, mf_family_descriptors, mf_family_server;

/** Before a fork: the child's number as a user, 0: it shares no files; or a negative errno number. */
int mf_family_prepare(void);

/** The fork has failed: there is no such user. */
void mf_family_cancel(int user);

/** In the child: it is that user. */
void mf_family_become(int user);

/* ---- asking (client.c) -------------------------------------------------------------------------- */

enum mf_family_op {
    MF_FAMILY_FORK = 1, /* value: the new user */
    MF_FAMILY_DROP,     /* user */
    MF_FAMILY_OPEN,     /* directory, flags, mode; path. args[0]: its flags; MF_FAMILY_DEVICE + n */
    MF_FAMILY_CLOSE,    /* file */
    MF_FAMILY_READ,     /* file, bytes, position or -1; data */
    MF_FAMILY_WRITE,
    MF_FAMILY_SEEK,      /* file, offset, whence */
    MF_FAMILY_LIST,      /* file, bytes; data */
    MF_FAMILY_FSTAT,     /* file; struct stat */
    MF_FAMILY_FSTATVFS,  /* file; struct statvfs */
    MF_FAMILY_FTRUNCATE, /* file, bytes */
    MF_FAMILY_ALLOCATE,  /* file, offset, bytes */
    MF_FAMILY_FLAGS,     /* file, F_GETFL or F_SETFL, flags */
    MF_FAMILY_FLOCK,     /* file, operation */
    MF_FAMILY_LOCK,      /* file, command; struct flock */
    MF_FAMILY_UNLOCK,    /* file: one of the descriptors is closed */
    MF_FAMILY_FCHMOD,    /* file, mode */
    MF_FAMILY_FCHOWN,    /* file, owner, group */
    MF_FAMILY_FUTIMENS,  /* file, has times; times */
    MF_FAMILY_FCHDIR,    /* file */
    MF_FAMILY_STAT,      /* directory, flags; path; struct stat */
    MF_FAMILY_ACCESS,    /* directory, mode, flags; path */
    MF_FAMILY_CHMOD,     /* directory, mode, flags; path */
    MF_FAMILY_CHOWN,     /* directory, owner, group, flags; path */
    MF_FAMILY_UTIMENS,   /* directory, has times, flags; path, times */
    MF_FAMILY_TRUNCATE,  /* bytes; path */
    MF_FAMILY_STATVFS,   /* path; struct statvfs */
    MF_FAMILY_MKDIR,     /* directory, mode; path */
    MF_FAMILY_SYMLINK,   /* directory; path, target */
    MF_FAMILY_READLINK,  /* directory, bytes; path; text */
    MF_FAMILY_LINK,      /* directory, directory, flags; path, path */
    MF_FAMILY_UNLINK,    /* directory, flags; path */
    MF_FAMILY_RENAME,    /* directory, directory; path, path */
    MF_FAMILY_CHDIR,     /* path */
    MF_FAMILY_GETCWD,    /* text */
    MF_FAMILY_REALPATH,  /* path; text */
    MF_FAMILY_LINK_FILE, /* file, directory; path */
    MF_FAMILY_MKNOD,     /* directory, mode; path */
};

#define MF_FAMILY_DEVICE 0x40000000 /* a child opens devices itself: the number in mf_devices */

/* Where in a buffer paths and other arguments lie; answers lie at its start. */
#define MF_FAMILY_PATH_BYTES 4096u
#define MF_FAMILY_SECOND MF_FAMILY_PATH_BYTES
#define MF_FAMILY_OTHER (2 * MF_FAMILY_PATH_BYTES)

/**
 * Begins to ask: the call, to be filled in; *data is its buffer of MF_FILES_BUFFER_BYTES. NULL: lost
 * (-EIO). With data NULL no buffer is needed. Until mf_family_end() the process is not copied.
 */
struct mf_files_call *mf_family_begin(uint32_t op, char **data);

/** Asks and waits. Returns the answer; -EIO: lost. The buffer may be looked at. */
int64_t mf_family_ask(struct mf_files_call *call);

void mf_family_end(struct mf_files_call *call);

/** All of it, for what needs no buffer. */
int64_t mf_family_call(uint32_t op, int64_t arg0, int64_t arg1, int64_t arg2);

/* ---- files of a child (remote.c) ----------------------------------------------------------------- */

struct mf_open_file;

/** The number of a file or directory of the owner that is open here, else -1. */
int mf_family_file(const struct mf_open_file *f);

/** The same of a descriptor: -EBADF, or -EINVAL for one of another kind. */
int mf_family_file_of(int fd);

/** In a new child: all files of the owner's that are open here become numbers. */
void mf_family_convert_files(void);

/* Of struct mf_family_files (control.c). */
void mf_family_closes(int fd);
int mf_family_control(int fd, int command, intptr_t arg);
void *mf_family_map(void *address, size_t length, int prot, int flags, int fd, off_t offset);

/* ---- record locks (locks.c), of the owner's side -------------------------------------------------- */

/** fcntl()'s F_GETLK and F_SETLK of whom is served. -EAGAIN: another's is in the way; -ENOLCK. */
int mf_family_lock(struct mf_node *n, int command, struct flock *lock, off_t first, off_t last);

/** Takes all locks of `user` back: those of `n`, or all for NULL. */
void mf_family_unlock(const struct mf_node *n, uint32_t user);

/** Waits until some lock is taken back. Returns 0 or -EINTR. */
int mf_family_wait_for_lock(void);

/** Whether there are any locks. */
bool mf_family_has_locks(void);

/** Whom the owner serves now; 0: itself. */
extern uint32_t mf_family_user, mf_family_user_pid;

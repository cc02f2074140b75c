/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - one file system for all processes that come by fork() from the same first one, and the
 * sockets and counters that were open at a fork. Only programs that call fork() have this folder
 * linked, and of it what stands in for the functions that they call.
 *
 * owner    The first process: files are in its own memory, as in a guest that never forks. It knows
 *          each of the others as a user, with a descriptor table, a working directory and ids of its
 *          own (server.c), and does for it, when it sleeps or yields or is interrupted, what that
 *          asks for (serve.c): the same functions, on the user's table.
 * child    Its open files are numbers in that table (remote.c); what takes a path is asked for as a
 *          whole (calls.c). While it waits nothing else of it runs: files never block.
 *          Sockets and the like are numbers, too (remote_io.c). The owner does not wait for them: it
 *          says EAGAIN, and from then on, in the ring of the user's events, what they have become
 *          ready for (watch.c); the child waits as for any file of its own.
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
struct mf_open_file;
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
    bool (*is_serving)(void);                          /* there are users */
    int (*prepare)(void);          /* a child is going to fork; a negative errno number */
    void (*forked)(bool is_child); /* a child forks, or has just been made by one */
    /* socket() and socketpair() of AF_UNIX in a child. */
    int (*socket_make)(int domain, int type, int protocol);
    int (*unix_pair)(int type, int protocol, int fds[2]);
    ssize_t (*send_file)(int out, int in, off_t *offset, size_t bytes);
    /* mmap() of a file of the owner's in a child. */
    void *(*map)(void *address, size_t length, int prot, int flags, int fd, off_t offset);
    bool (*unmap)(uint64_t va, uint64_t bytes);          /* shared mappings of own files */
    char *(*new_flat)(uint64_t needed, uint64_t *bytes); /* as mf_flat_new(): shared memory */
    void (*keep_flat)(char *flat, uint64_t bytes);       /* all zero: for another file */
};

extern const struct mf_family_files mf_family_files __attribute__((weak));

static inline bool mf_family_has_files(void)
{
    return &mf_family_files != NULL;
}

/* fork.c names all but the last so that their files are linked with it, open.c and others server.c. */
extern const char mf_family_paths, mf_family_descriptors, mf_family_memory, mf_family_mutex;
extern const char mf_family_cond, mf_family_rwlock, mf_family_semaphore, mf_family_sockets;
extern const char mf_family_server;

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
    MF_FAMILY_MAP,   /* file, offset, bytes, PROT_*; address and size of new memory for it, or 0.
                            value: the address; args[0]: where that memory starts, or with -ENOBUFS
                            how much is needed */
    MF_FAMILY_UNMAP, /* address, bytes: as it was mapped */
    MF_FAMILY_MKNOD, /* directory, mode; path */

    /* Of what may block; never waits. args[5]: MF_IO_* of the file, args[4]: a timeout with EAGAIN. */
    MF_FAMILY_POLL,     /* file */
    MF_FAMILY_TAKE,     /* file, bytes; data: read() */
    MF_FAMILY_GIVE,     /* file, bytes; data: write() */
    MF_FAMILY_SEND,     /* file, bytes, flags, bytes of the name, of control messages; MF_IO_... */
    MF_FAMILY_RECEIVE,  /* likewise, what there is room for; afterwards what there is, and flags */
    MF_FAMILY_ACCEPT,   /* file; args[1]: bytes of the name; name */
    MF_FAMILY_BIND,     /* file, bytes; name */
    MF_FAMILY_CONNECT,  /* file, bytes; name */
    MF_FAMILY_LISTEN,   /* file, backlog */
    MF_FAMILY_SHUTDOWN, /* file, read, write */
    MF_FAMILY_NAME,     /* file, of the peer; args[1]: bytes; name */
    MF_FAMILY_SET_OPTION, /* file, level, name, bytes; value */
    MF_FAMILY_GET_OPTION, /* file, level, name, bytes; args[1]: bytes; value */
    MF_FAMILY_CONTROL,    /* file, request; args[1]: the number that FIONREAD and the like give */
    MF_FAMILY_KIND,       /* file; MF_IO_KIND(), or a file of the tree: 0, args[1]: its flags */
    MF_FAMILY_SOCKET,     /* type, protocol, domain */
    MF_FAMILY_UNIX_PAIR,  /* type, protocol; args[1], args[2]: both files */
    MF_FAMILY_SEND_FILE,  /* file, file of the tree, position or -1, bytes; data: room */
    MF_FAMILY_COUNTER,    /* value, flags: eventfd() */
    MF_FAMILY_MEET,       /* file, a FIFO: whether its open() need not wait (any more) */
};

#define MF_FAMILY_IO MF_FAMILY_POLL /* from here on */

#define MF_FAMILY_DEVICE 0x40000000 /* a child opens devices itself: the number in mf_devices */
#define MF_FAMILY_FIFO 0x20000000   /* with the number of a FIFO that was opened */

/* Where in a buffer paths and other arguments lie; answers lie at its start. */
#define MF_FAMILY_PATH_BYTES 4096u
#define MF_FAMILY_SECOND MF_FAMILY_PATH_BYTES
#define MF_FAMILY_OTHER (2 * MF_FAMILY_PATH_BYTES)

/* args[5]: poll()'s bits; the user is told of more; others hold the file, too; head of the events. */
#define MF_IO_READY 0xffffu
#define MF_IO_IS_WATCHED 0x10000u
#define MF_IO_IS_SHARED 0x20000u
#define MF_IO_HEAD_SHIFT 32

/* Where in a buffer data (at its start), names and control messages lie. */
#define MF_IO_DATA_BYTES 0x7000u /* if there is a name or a control message; else all */
#define MF_IO_NAME 0x7000u
#define MF_IO_NAME_BYTES 128u
#define MF_IO_CONTROL (MF_IO_NAME + MF_IO_NAME_BYTES)
#define MF_IO_CONTROL_BYTES (MF_FILES_BUFFER_BYTES - MF_IO_CONTROL)
#define MF_IO_OPTION_BYTES 256u

/* A large message has so many buffers: the data is in those behind the first one. */
#define MF_IO_LARGE 3u
#define MF_IO_LARGE_BYTES ((MF_IO_LARGE - 1) * MF_FILES_BUFFER_BYTES)

/* What is shared beside files of the tree. */
enum mf_io_kind {
    MF_IO_NONE = 0,
    MF_IO_COUNTER, /* eventfd() */
    MF_IO_INET,
    MF_IO_UNIX,
    MF_IO_FIFO,
    MF_IO_CONSOLE,
};

#define MF_IO_KIND(kind, type) ((int64_t)((uint32_t)(kind) | (uint32_t)(type) << 8))

/** What `f`, which is this process's own, is. `type`: SOCK_*, or 0; may be NULL. */
enum mf_io_kind mf_io_kind(const struct mf_open_file *f, int *type);

/**
 * In a child, before it is attached to its window: `f`, a socket of lwIP's, is the owner's. Gives up
 * what lwIP has of it here, without sending anything; the object is the caller's. net/inherit.c
 */
void mf_socket_inherit(struct mf_open_file *f);

/** What takes the place of such a file in a child: struct mf_remote (remote.h). */
#define MF_REMOTE_BYTES 48

/**
 * Begins to ask: the call, to be filled in; *data is its buffer of MF_FILES_BUFFER_BYTES. NULL: lost
 * (-EIO). With data NULL no buffer is needed. Until mf_family_end() the process is not copied.
 */
struct mf_files_call *mf_family_begin(uint32_t op, char **data);

/** The same with so many buffers, one behind the other; MF_IO_LARGE. */
struct mf_files_call *mf_family_begin_large(uint32_t op, char **data, uint32_t buffers);

/** Asks and waits. Returns the answer; -EIO: lost. The buffer may be looked at. */
int64_t mf_family_ask(struct mf_files_call *call);

void mf_family_end(struct mf_files_call *call);

/** All of it, for what needs no buffer. */
int64_t mf_family_call(uint32_t op, int64_t arg0, int64_t arg1, int64_t arg2);

/** As a user of the owner's: its number. */
uint32_t mf_family_self(void);

/** Whether this process, once a child, has no owner any more. In critical code. */
bool mf_family_is_lost(void);

/** The owner is to look at `asked`, where this user's bit is set. In critical code. */
void mf_family_nudge(void);

/* ---- files of a child (remote.c) ----------------------------------------------------------------- */

struct mf_open_file;

/** The number of a file or directory of the owner that is open here, else -1. */
int mf_family_file(const struct mf_open_file *f);

/** The same of a descriptor: -EBADF, or -EINVAL for one of another kind. */
int mf_family_file_of(int fd);

/** In a new child: all files of the owner's that are open here become numbers. */
void mf_family_convert_files(void);

/** Likewise: all shared mappings of the owner's files are known as another process's. */
void mf_family_convert_mappings(void);

/* Of struct mf_family_files (mapping.c, control.c). */
char *mf_family_new_flat(uint64_t needed, uint64_t *bytes);
void mf_family_keep_flat(char *flat, uint64_t bytes);
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

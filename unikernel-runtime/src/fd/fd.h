/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h - the one descriptor table, and what may stand behind a descriptor.
 *
 * A descriptor names an open file object, struct mf_open_file. Every kind of file (console, packed
 * file, RAM file, pipe, socket, epoll, ...) embeds it as its first member and fills in `ops`.
 * Several descriptors (dup) and running calls share one object by reference count.
 *
 * Context     One vCPU and cooperative threads: between two blocking calls nothing interferes, so
 *             there are no locks here.
 * Errors      All functions and operations below return a value >= 0 or a negative errno number;
 *             only the POSIX functions turn it into -1 and errno (mf_ret()).
 * Blocking    An operation that cannot proceed calls mf_file_wait() in a loop; that returns -EAGAIN
 *             for O_NONBLOCK files. Whoever makes a file ready calls mf_file_notify().
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct mf_open_file;
struct mf_socket_calls;
struct mf_watcher;
struct stat;

/*
 * Operations. A NULL one gives the error that POSIX wants for this kind of file. `position` points
 * to the offset to use and to advance (the file's own, or a copy for pread/pwrite); files without
 * lseek ignore it. io counts may be short as POSIX allows; iov_count is >= 1.
 */
struct mf_fd_ops {
    ssize_t (*readv)(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                     off_t *position);
    ssize_t (*writev)(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                      off_t *position);
    /* What is ready now: POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP. NULL: always in and out. */
    uint32_t (*poll)(struct mf_open_file *f);
    /* The last reference is gone: frees the object. NULL: a static object. */
    void (*close)(struct mf_open_file *f);
    int (*fstat)(struct mf_open_file *f, struct stat *st);
    /* FIONBIO, FIOCLEX, FIONCLEX are done by the caller. NULL: -ENOTTY. */
    int (*ioctl)(struct mf_open_file *f, unsigned long request, void *arg);
    off_t (*lseek)(struct mf_open_file *f, off_t offset, int whence);
    int (*ftruncate)(struct mf_open_file *f, off_t bytes);
    ssize_t (*getdents)(struct mf_open_file *f, void *buffer, size_t bytes);
    const struct mf_socket_calls *socket; /* of sockets (net/calls.h); NULL: ENOTSOCK */
};

struct mf_open_file {
    const struct mf_fd_ops *ops;
    uint32_t refs;               /* descriptors and running calls */
    uint32_t flags;              /* O_ACCMODE, O_APPEND, O_NONBLOCK, O_DIRECTORY, ... as fcntl.h */
    off_t position;              /* of seekable files */
    struct mf_watcher *watchers; /* who wants mf_file_notify() */
};

/* ---- the table ---------------------------------------------------------------------------- */

/** Makes *f a file with one reference (the caller's). flags: O_ACCMODE, O_NONBLOCK, O_APPEND. */
static inline void mf_file_init(struct mf_open_file *f, const struct mf_fd_ops *ops, uint32_t flags)
{
    *f = (struct mf_open_file){.ops = ops, .refs = 1, .flags = flags};
}

/** Another reference. Returns f. */
static inline struct mf_open_file *mf_file_get(struct mf_open_file *f)
{
    f->refs++;
    return f;
}

/** Drops one reference; the last one closes the file. NULL is allowed. */
void mf_file_put(struct mf_open_file *f);

/**
 * Gives `f` the lowest free descriptor >= lowest and takes over the caller's reference. `flags`:
 * O_CLOEXEC is kept with the descriptor, all else is ignored. Returns it, or -EMFILE, -ENOMEM,
 * -EINVAL (lowest); then the reference stays the caller's.
 */
int mf_fd_install(struct mf_open_file *f, int lowest, uint32_t flags);

/** Whether mf_fd_install() would find a descriptor now: 0, -EMFILE, -ENOMEM. Ask before you do what it
 * cannot undo. */
int mf_fd_check_free(void);

/** The file behind `fd` with a reference for the caller, who must put it; NULL: no such (EBADF). */
struct mf_open_file *mf_fd_get(int fd);

/** What mf_ret() does for errors. */
void mf_ret_error(ssize_t r);

/**
 * The POSIX result of an internal one: r itself, or -1 with errno = -r. The last thing that a POSIX
 * function does: after an interrupted wait the thread may be cancelled here (it does not return).
 */
static inline ssize_t mf_ret(ssize_t r)
{
    if (r < 0) {
        mf_ret_error(r);
        return -1;
    }
    return r;
}

/* ---- readiness ---------------------------------------------------------------------------- */

/* Somebody who is told when `file` may have become ready. Owned by whoever adds it. */
struct mf_watcher {
    struct mf_watcher *next, **link; /* in file->watchers; link NULL: not added */
    struct mf_open_file *file;       /* borrows */
    /*
     * Must neither block nor touch other watchers of the file. events: poll bits that may have
     * become ready (a hint: ask ops->poll); MF_WATCH_CLOSED: the file is going, remove yourself.
     */
    void (*notify)(struct mf_watcher *w, uint32_t events);
};

#define MF_WATCH_CLOSED 0x80000000u

void mf_watcher_add(struct mf_watcher *w, struct mf_open_file *f);
void mf_watcher_remove(struct mf_watcher *w); /* allowed when it is not added */

/** Out of line part of mf_file_notify(). */
void mf_file_notify_watchers(struct mf_open_file *f, uint32_t events);

/** The file may have become ready for `events`. Never blocks; cheap when nobody waits. */
static inline void mf_file_notify(struct mf_open_file *f, uint32_t events)
{
    if (f->watchers != NULL) {
        mf_file_notify_watchers(f, events);
    }
}

/** What is ready now (see ops->poll). */
uint32_t mf_file_poll(struct mf_open_file *f);

/**
 * Blocks until the file is notified of one of `events` (or POLLERR, POLLHUP), or until monotonic
 * time deadline_ns (MF_NEVER: no limit). The caller looks at its state again afterwards and holds a
 * reference meanwhile. Returns 0, -EAGAIN (O_NONBLOCK; devices were polled once, so trying again is
 * of use only to the application), -ETIMEDOUT, -EINTR (a signal handler ran).
 */
int mf_file_wait(struct mf_open_file *f, uint32_t events, uint64_t deadline_ns);

/** As mf_file_wait(), but waits even when the file is O_NONBLOCK. `held`: what the caller has its
 * reference of; NULL: none. */
int mf_file_wait_always(struct mf_open_file *held, struct mf_open_file *f, uint32_t events,
                        uint64_t deadline_ns);

/** longjmp() to `stack`: drops the references of calls that waited, and whose handlers are left. */
void mf_file_let_go(const void *stack);

/* ---- vectors ------------------------------------------------------------------------------- */

/** Sum of the lengths, or -EINVAL: more than ssize_t holds, or iov_count not in 1..IOV_MAX. */
ssize_t mf_iov_bytes(const struct iovec *iov, int iov_count);

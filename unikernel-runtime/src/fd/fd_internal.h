/* SPDX-License-Identifier: Apache-2.0 */
/* fd_internal.h - the table itself, for fd/ and system/ only. */
#pragma once

#include "fd/fd.h"

#define MF_FD_LIMIT 65536 /* RLIMIT_NOFILE; the table grows as it is used */

struct mf_fd {
    struct mf_open_file *file; /* owns a reference; NULL: free */
    uint32_t flags;            /* O_CLOEXEC */
};

struct mf_fd_table {
    struct mf_fd *slots; /* owns */
    int count;
    int free_hint; /* no descriptor below is free */
    int limit;     /* RLIMIT_NOFILE, soft */
};

extern struct mf_fd_table mf_fds;

/** As mf_fd_get() without a reference: for calls that cannot block. */
static inline struct mf_open_file *mf_fd_peek(int fd)
{
    return (unsigned int)fd < (unsigned int)mf_fds.count ? mf_fds.slots[fd].file : NULL;
}

/** Puts `f` at `fd` (whatever was there is closed) and takes over the reference. -EBADF,
 * -ENOMEM. */
int mf_fd_install_at(struct mf_open_file *f, int fd, uint32_t flags);

/** eventfd(): a descriptor, or a negative errno number. Linked where eventfd() is. */
int mf_eventfd_make(uint64_t value, int flags);

/** The value of an eventfd's file; *flags: EFD_SEMAPHORE or 0. */
uint64_t mf_eventfd_value(const struct mf_open_file *f, int *flags);

struct flock;

/**
 * The bytes [*first, *last] of `f` that fcntl()'s `lock` is about. Returns 0 or what is wrong with it:
 * -EINVAL, -EOVERFLOW.
 */
int mf_record_lock_range(struct mf_open_file *f, const struct flock *lock, off_t *first,
                         off_t *last);

/** fcntl(): returns a negative errno number on errors. */
int mf_control(int fd, int command, intptr_t arg);

/** Closes `fd`. Returns 0 or -EBADF. */
int mf_fd_remove(int fd);

/**
 * In a child of fork(), whose other threads are no more: open files have the references that descriptors
 * are, and those of calls that a signal handler of the caller has interrupted.
 */
void mf_fd_recount(void);

/** poll.c: a wait in poll() or select() means that the application is ready: it has listened. */
extern bool mf_poll_is_ready;

/** As mf_file_wait_always(), but -EINTR also when all signal handlers had SA_RESTART. */
int mf_file_wait_no_restart(struct mf_open_file *f, uint32_t events, uint64_t deadline_ns);

/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - open files of a child, for family/ only. */
#pragma once

#include "family/family.h"
#include "files/open_file.h"

struct mf_message;

/**
 * A descriptor for number `number` of the owner's table, which is closed if there is none; flags: the
 * file's. Returns it, or -EMFILE, -ENOMEM.
 */
int mf_remote_install(int number, uint32_t flags, uint32_t descriptor_flags);

/** Asks for `op` about `file`; `bytes` of the answer are copied, of a listing what there is. */
ssize_t mf_remote_get(uint32_t op, int64_t file, void *to, size_t bytes);

/** mmap() with MAP_SHARED of number `file` of the owner's table. */
void *mf_family_map_shared(int file, size_t length, int prot, int flags, off_t offset);
/** Copies up to `bytes` between the vector, from byte `skip` on, and a buffer. */
void mf_remote_copy(const struct iovec *iov, int iov_count, size_t skip, char *data, size_t bytes,
                    bool into_buffer);

/* ---- what may block (remote_io.c) ---------------------------------------------------------------- */

/*
 * Such a file in a child. It takes the place of the owner's object in the child's copy of it, so it is
 * no larger than the smallest of those.
 */
struct mf_remote {
    struct mf_open_file file; /* first */
    int32_t number;
    uint16_t
        ready; /* poll()'s bits, as the owner told; while is_watched and not is_shared they count */
    uint8_t kind, type;  /* enum mf_io_kind; SOCK_* */
    bool is_watched;     /* the owner tells what else it becomes ready for */
    bool is_shared;      /* others hold it, too: they may take what is ready */
    bool has_no_timeout; /* neither SO_RCVTIMEO nor SO_SNDTIMEO is set */
    uint16_t untold;     /* of `ready`: what who waits here is still to be told */
};

_Static_assert(sizeof(struct mf_remote) == MF_REMOTE_BYTES, "it lies in another object");

extern const struct mf_fd_ops mf_remote_socket_ops, mf_remote_fifo_ops, mf_remote_console_ops;

/** One read() or write() of what is no socket, from byte `skip` of the vector on, at most a buffer. */
ssize_t mf_remote_transfer(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           size_t skip, bool writes);

/** open() of a FIFO that is file `number` of the owner's: waits for its other end. A descriptor. */
int mf_remote_fifo_open(int64_t number, uint32_t flags);

/** The file, if `f` is one of these, else NULL. */
struct mf_remote *mf_remote_of(struct mf_open_file *f);

/** One reference, for file `number` of the owner's; NULL: no memory, and that is closed. */
struct mf_remote *mf_remote_make(int64_t number, enum mf_io_kind kind, int type, uint32_t flags);

/** As mf_remote_make() with a descriptor: returns it, or -EMFILE, -ENOMEM. */
int mf_remote_open(int64_t number, enum mf_io_kind kind, int type, uint32_t flags);

/** As mf_family_ask(), of an operation on `r`: takes note of what the answer says about it. */
int64_t mf_remote_ask(struct mf_remote *r, struct mf_files_call *c);

/** As mf_family_call(), likewise. */
int64_t mf_remote_call(struct mf_remote *r, uint32_t op, int64_t arg1, int64_t arg2);

/** Whether the file is not ready for `events`, and the owner will tell; no need to ask. */
bool mf_remote_has_to_wait(struct mf_remote *r, uint32_t events);

/* A wait of a call. */
struct mf_remote_wait {
    uint64_t until_ns;   /* 0: it has not begun */
    uint64_t timeout_ns; /* as the owner said; 0: none */
    bool retries;        /* the owner cannot say when it is over: tries again from time to time */
};

/**
 * The owner said EAGAIN: waits for `events`. flags: MSG_*. Returns 0, -EAGAIN (it must not, or the time
 * is over), -EINTR.
 */
int mf_remote_wait(struct mf_remote *r, uint32_t events, int flags, struct mf_remote_wait *w);

/** The error of a call when there is no owner any more. */
int64_t mf_remote_error(const struct mf_remote *r, int64_t error);

/** ioctl() with FIONREAD and the like, which give a number: *value. 0 or -ENOTTY, -EIO, ... */
int mf_remote_number(struct mf_remote *r, unsigned long request, int *value);

uint32_t mf_remote_poll(struct mf_open_file *f);
void mf_remote_close(struct mf_open_file *f);

/** Others are to have what this child has made: its counters. Returns 0 or a negative errno number. */
int mf_remote_prepare(void);

/* Of struct mf_family_files. */
void mf_remote_convert(void);
void mf_remote_forked(bool is_child);
int mf_remote_socket_make(int domain, int type, int protocol);
int mf_remote_unix_pair(int type, int protocol, int fds[2]);
ssize_t mf_remote_send_file(int out, int in, off_t *offset, size_t bytes);

/* ---- descriptors in messages (remote_rights.c) ----------------------------------------------------- */

/** Puts the control messages of `m` into the buffer; descriptors become numbers. 0, -EBADF, -EINVAL. */
int mf_remote_send_control(const struct mf_message *m, char *data);

/** Numbers in `bytes` of control messages in m->control become descriptors: m->control_bytes. */
void mf_remote_receive_control(struct mf_message *m, bool is_cloexec);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - what the socket calls of POSIX ask of a family of sockets. calls.c has the calls, which
 * find the open file and go on here; so a program that uses one family does not link the other.
 *
 * Errors      Negative errno numbers, as fd.h has it.
 * References  The caller holds one of `f` during a call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "fd/fd.h"

/* One send or receive: a struct msghdr, checked, and what comes back. */
struct mf_message {
    const struct iovec *iov;
    int iov_count;
    size_t bytes; /* sum of the vectors */
    int flags;    /* MSG_* given; a receive leaves MSG_TRUNC, MSG_CTRUNC and MSG_EOR only */
    void *name;   /* a sockaddr: where to (NULL: none); receive: filled in (NULL: not wanted) */
    socklen_t name_bytes; /* receive: room, then what the whole name takes; 0: there is none */
    void *control;        /* NULL: none */
    size_t control_bytes; /* receive: room, then what is used */
};

struct mf_socket_calls {
    int (*bind)(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes);
    int (*connect)(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes);
    int (*listen)(struct mf_open_file *f, int backlog);
    /* *accepted: one reference for the caller. The address is cut to *bytes; NULL: not wanted. */
    int (*accept)(struct mf_open_file *f, struct mf_open_file **accepted, struct sockaddr *address,
                  socklen_t *bytes);
    int (*shutdown)(struct mf_open_file *f, bool read, bool write);
    int (*name)(struct mf_open_file *f, bool of_peer, struct sockaddr *address, socklen_t *bytes);
    ssize_t (*send)(struct mf_open_file *f, struct mf_message *m);
    ssize_t (*receive)(struct mf_open_file *f, struct mf_message *m);
    int (*set_option)(struct mf_open_file *f, int level, int name, const void *value,
                      socklen_t bytes);
    int (*get_option)(struct mf_open_file *f, int level, int name, void *value, socklen_t *bytes);
};

/** Copies `bytes` at `data` into the vectors of `m`, `at` bytes from their start; what fits. */
size_t mf_message_put(const struct mf_message *m, size_t at, const void *data, size_t bytes);

/** Copies up to `bytes` out of the vectors of `m`, from `at` bytes after their start, to `to`. */
size_t mf_message_get(const struct mf_message *m, size_t at, void *to, size_t bytes);

/** The message of a readv() or writev(). iov_count is >= 1. Returns 0 or a negative errno
 * number. */
int mf_message_of_vectors(struct mf_message *m, const struct iovec *iov, int iov_count);

/**
 * Appends one control message to m->control, of which *room bytes are left and m->control_bytes are
 * used. What does not fit is cut, and MSG_CTRUNC set, as recvmsg() has it.
 */
void mf_message_add_control(struct mf_message *m, size_t *room, int level, int type,
                            const void *data, size_t bytes);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_socket.c - sockets of a child that are the owner's, see family.h: calls.h by asking. Data goes
 * through buffers of 32 KiB: a stream in pieces, a datagram is one piece.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "family/remote.h"
#include "fd/fd_internal.h"
#include "net/calls.h"
#include "thread/idle.h"

/* Questions about interfaces are about this process's own. */
int mf_interface_ioctl(unsigned long request, void *arg) __attribute__((weak));
/* net/unix_async.c */
int mf_unix_async_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
    __attribute__((weak));

static struct mf_remote *remote(struct mf_open_file *f)
{
    return (struct mf_remote *)f;
}

static struct mf_files_call *begin(const struct mf_remote *r, uint32_t op, char **data)
{
    struct mf_files_call *const c = mf_family_begin(op, data);
    if (c != NULL) {
        c->args[0] = r->number;
    }
    return c;
}

static bool is_stream(const struct mf_remote *r)
{
    return r->type == SOCK_STREAM;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool has_extras(const struct mf_message *m)
{
    return m->name != NULL || m->control != NULL;
}

/* A datagram is one piece. */
static bool is_large(const struct mf_remote *r, const struct mf_message *m)
{
    return !is_stream(r) && m->bytes > MF_IO_DATA_BYTES;
}

/* What goes through the window at once. */
static size_t piece_of(const struct mf_remote *r, const struct mf_message *m, size_t done)
{
    if (is_large(r, m)) {
        return least(m->bytes, MF_IO_LARGE_BYTES);
    }
    const bool extras = done == 0 && has_extras(m);
    return least(m->bytes - done, extras ? MF_IO_DATA_BYTES : MF_FILES_BUFFER_BYTES);
}

/* Of the buffers *data is for what goes with the message, *body for the message. */
static struct mf_files_call *begin_message(const struct mf_remote *r, uint32_t op,
                                           const struct mf_message *m, char **data, char **body)
{
    const bool large = is_large(r, m);
    struct mf_files_call *const c = mf_family_begin_large(op, data, large ? MF_IO_LARGE : 1);

    if (c != NULL) {
        c->args[0] = r->number;
        *body = *data + (large ? MF_FILES_BUFFER_BYTES : 0);
    }
    return c;
}

/* ---- sending ------------------------------------------------------------------------------------- */

/* The first piece takes name and control messages with it. */
static int64_t send_piece(struct mf_remote *r, const struct mf_message *m, size_t done,
                          size_t piece, struct mf_remote_wait *w)
{
    const bool is_first = done == 0;
    char *data, *body;
    struct mf_files_call *const c = begin_message(r, MF_FAMILY_SEND, m, &data, &body);

    if (c == NULL) {
        return mf_remote_error(r, -EIO);
    }
    c->args[1] = (int64_t)piece;
    c->args[2] = m->flags | (is_stream(r) && done + piece < m->bytes ? MSG_MORE : 0);
    c->args[3] = is_first && m->name != NULL ? m->name_bytes : 0;
    c->args[4] = is_first && m->control != NULL ? (int64_t)m->control_bytes : 0;
    mf_remote_copy(m->iov, m->iov_count, done, body, piece, true);
    if (c->args[3] != 0) {
        memcpy(data + MF_IO_NAME, m->name, m->name_bytes);
    }
    int64_t n = c->args[4] != 0 ? mf_remote_send_control(m, data + MF_IO_CONTROL) : 0;
    if (n == 0) {
        n = mf_remote_ask(r, c);
        w->timeout_ns = (uint64_t)c->args[4];
    }
    mf_family_end(c);
    return n;
}

static int64_t send_all(struct mf_remote *r, const struct mf_message *m)
{
    struct mf_remote_wait w = {.retries = m->name != NULL};
    size_t done = 0;

    for (;;) {
        const size_t piece = piece_of(r, m, done);
        if (!is_stream(r) && piece < m->bytes) {
            return -EMSGSIZE;
        }
        int64_t n = send_piece(r, m, done, piece, &w);
        if (n == -EAGAIN) {
            n = mf_remote_wait(r, POLLOUT, m->flags, &w);
            if (n == 0) {
                continue;
            }
        }
        if (n < 0) {
            return done != 0 ? (int64_t)done : n;
        }
        done += (size_t)n;
        if (!is_stream(r) || done >= m->bytes) {
            return (int64_t)done;
        }
    }
}

static ssize_t remote_send(struct mf_open_file *f, struct mf_message *m)
{
    struct mf_remote *const r = remote(f);

    if (m->name_bytes > MF_IO_NAME_BYTES || m->control_bytes > MF_IO_CONTROL_BYTES) {
        return -EINVAL;
    }
    int64_t n = m->control != NULL ? mf_remote_prepare() : 0; /* it may have descriptors */
    n = n == 0 ? send_all(r, m) : n;
    if (n == -EPIPE && is_stream(r) && (m->flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);
    }
    return n;
}

/* ---- receiving ----------------------------------------------------------------------------------- */

struct received {
    int flags; /* MSG_* */
    size_t name_bytes, control_bytes;
};

/* What came is put behind the first `done` bytes of `m`. */
static int64_t receive_piece(struct mf_remote *r, const struct mf_message *m, size_t done,
                             struct received *out, struct mf_remote_wait *w)
{
    const bool extras = done == 0 && has_extras(m);
    const size_t piece = piece_of(r, m, done);
    char *data, *body;
    struct mf_files_call *const c = begin_message(r, MF_FAMILY_RECEIVE, m, &data, &body);

    if (c == NULL) {
        return mf_remote_error(r, -EIO);
    }
    c->args[1] = (int64_t)piece;
    c->args[2] = m->flags;
    c->args[3] = extras && m->name != NULL ? (int64_t)least(m->name_bytes, MF_IO_NAME_BYTES) : 0;
    c->args[4] =
        extras && m->control != NULL ? (int64_t)least(m->control_bytes, MF_IO_CONTROL_BYTES) : 0;
    const size_t name_room = (size_t)c->args[3], control_room = (size_t)c->args[4];
    const int64_t n = mf_remote_ask(r, c);
    w->timeout_ns = (uint64_t)c->args[4];
    if (n >= 0) {
        mf_remote_copy(m->iov, m->iov_count, done, body, least((size_t)n, piece), false);
        *out = (struct received){.flags = (int)c->args[1],
                                 .name_bytes = (size_t)c->args[2],
                                 .control_bytes = least((size_t)c->args[3], control_room)};
        memcpy(m->name, data + MF_IO_NAME, least(out->name_bytes, name_room));
        memcpy(m->control, data + MF_IO_CONTROL, out->control_bytes);
    }
    mf_family_end(c);
    return n;
}

/* Whether a stream's call is to go on after a piece of `n` bytes of `piece`. */
static bool goes_on(const struct mf_remote *r, const struct mf_message *m, size_t done, size_t n,
                    size_t piece)
{
    if (!is_stream(r) || (m->flags & MSG_PEEK) != 0 || n == 0 || done == m->bytes) {
        return false;
    }
    return n == piece || (m->flags & MSG_WAITALL) != 0;
}

static int64_t receive_all(struct mf_remote *r, struct mf_message *m, struct received *first)
{
    struct mf_remote_wait w = {0};
    size_t done = 0;

    for (;;) {
        const bool may_wait = done == 0 || (m->flags & MSG_WAITALL) != 0;
        const int flags = m->flags | (may_wait ? 0 : MSG_DONTWAIT);
        const size_t piece = piece_of(r, m, done);
        struct received got = {0};
        int64_t n = -EAGAIN;
        if (!mf_remote_has_to_wait(r, POLLIN)) {
            n = receive_piece(r, m, done, &got, &w);
        }
        if (n == -EAGAIN) {
            n = mf_remote_wait(r, POLLIN, flags, &w);
            if (n == 0) {
                continue;
            }
        }
        if (n < 0) {
            return done != 0 ? (int64_t)done : n;
        }
        *first = done == 0 ? got : *first;
        done += (size_t)n;
        if (!goes_on(r, m, done, (size_t)n, piece)) {
            return (int64_t)done;
        }
    }
}

static ssize_t remote_receive(struct mf_open_file *f, struct mf_message *m)
{
    struct mf_remote *const r = remote(f);
    struct received first = {0};
    const bool is_cloexec = (m->flags & MSG_CMSG_CLOEXEC) != 0;
    const int64_t n = receive_all(r, m, &first);

    m->flags = first.flags;
    m->name_bytes = (socklen_t)first.name_bytes;
    m->control_bytes = first.control_bytes;
    if (n >= 0 && m->control_bytes != 0 && r->kind == MF_IO_UNIX) {
        mf_remote_receive_control(m, is_cloexec);
    }
    return n;
}

/* ---- connections --------------------------------------------------------------------------------- */

/* Gives what the owner has put into the buffer, cut to *bytes; *bytes becomes the whole. */
static void give(void *to, socklen_t *bytes, const char *data, int64_t whole)
{
    if (to != NULL && bytes != NULL) {
        memcpy(to, data, least(least(*bytes, (size_t)whole), MF_IO_OPTION_BYTES));
        *bytes = (socklen_t)whole;
    }
}

static int64_t accept_once(struct mf_remote *r, struct sockaddr *address, socklen_t *bytes,
                           struct mf_remote_wait *w)
{
    char *data;
    struct mf_files_call *const c = begin(r, MF_FAMILY_ACCEPT, &data);

    if (c == NULL) {
        return mf_remote_error(r, -EIO);
    }
    const int64_t n = mf_remote_ask(r, c);
    w->timeout_ns = (uint64_t)c->args[4];
    if (n >= 0) {
        give(address, bytes, data, c->args[1]);
    }
    mf_family_end(c);
    return n;
}

static int remote_accept(struct mf_open_file *f, struct mf_open_file **accepted,
                         struct sockaddr *address, socklen_t *bytes)
{
    struct mf_remote *const r = remote(f);
    struct mf_remote_wait w = {0};

    for (;;) {
        const int64_t n = accept_once(r, address, bytes, &w);
        if (n >= 0) {
            struct mf_remote *const other = mf_remote_make(n, r->kind, r->type, O_RDWR);
            *accepted = other != NULL ? &other->file : NULL;
            return other != NULL ? 0 : -ENOMEM;
        }
        const int err = n == -EAGAIN ? mf_remote_wait(r, POLLIN, 0, &w) : (int)n;
        if (err != 0) {
            return err;
        }
    }
}

/* bind() and connect(). */
static int64_t with_name(struct mf_remote *r, uint32_t op, const struct sockaddr *address,
                         socklen_t bytes, struct mf_remote_wait *w)
{
    char *data;

    if (address == NULL || bytes > MF_IO_NAME_BYTES) {
        return -EINVAL;
    }
    struct mf_files_call *const c = begin(r, op, &data);
    if (c == NULL) {
        return mf_remote_error(r, -EIO);
    }
    c->args[1] = bytes;
    memcpy(data, address, bytes);
    const int64_t n = mf_remote_ask(r, c);
    w->timeout_ns = (uint64_t)c->args[4];
    mf_family_end(c);
    return n;
}

static int remote_bind(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes)
{
    struct mf_remote_wait w;
    return (int)with_name(remote(f), MF_FAMILY_BIND, address, bytes, &w);
}

static int remote_get_option(struct mf_open_file *f, int level, int name, void *value,
                             socklen_t *bytes);

/* TCP's is under way: waits until it is there or has failed. */
static int wait_for_connection(struct mf_remote *r, struct mf_remote_wait *w)
{
    const uint32_t any = POLLOUT | POLLERR | POLLHUP;
    int error = 0;
    socklen_t bytes = sizeof(error);

    while ((mf_remote_poll(&r->file) & any) == 0) {
        const int err = mf_remote_wait(r, POLLOUT, 0, w);
        if (err != 0) {
            return err == -EAGAIN ? -EINPROGRESS : err;
        }
    }
    const int err = remote_get_option(&r->file, SOL_SOCKET, SO_ERROR, &error, &bytes);
    return err != 0 ? err : -error;
}

static int remote_connect(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes)
{
    struct mf_remote *const r = remote(f);
    struct mf_remote_wait w = {.retries = r->kind == MF_IO_UNIX};

    for (;;) {
        const int64_t n = with_name(r, MF_FAMILY_CONNECT, address, bytes, &w);
        const bool is_blocking = (f->flags & O_NONBLOCK) == 0;
        if (is_blocking && (n == -EINPROGRESS || n == -EALREADY)) {
            return wait_for_connection(r, &w);
        }
        const int err = n == -EAGAIN ? mf_remote_wait(r, POLLOUT, 0, &w) : 0;
        if (n != -EAGAIN || err != 0) {
            return err != 0 ? err : (int)n;
        }
    }
}

static int remote_listen(struct mf_open_file *f, int backlog)
{
    return (int)mf_remote_call(remote(f), MF_FAMILY_LISTEN, backlog, 0);
}

static int remote_shutdown(struct mf_open_file *f, bool read, bool write)
{
    return (int)mf_remote_call(remote(f), MF_FAMILY_SHUTDOWN, read, write);
}

static int remote_name(struct mf_open_file *f, bool of_peer, struct sockaddr *address,
                       socklen_t *bytes)
{
    char *data;
    struct mf_files_call *const c = begin(remote(f), MF_FAMILY_NAME, &data);

    if (c == NULL) {
        return (int)mf_remote_error(remote(f), -EIO);
    }
    c->args[1] = of_peer;
    const int64_t n = mf_remote_ask(remote(f), c);
    if (n == 0) {
        give(address, bytes, data, c->args[1]);
    }
    mf_family_end(c);
    return (int)n;
}

/* ---- options ------------------------------------------------------------------------------------- */

static int64_t option(struct mf_remote *r, uint32_t op, int level, int name, void *value,
                      socklen_t *bytes)
{
    char *data;
    const size_t given = least(*bytes, MF_IO_OPTION_BYTES);
    struct mf_files_call *const c = begin(r, op, &data);

    if (c == NULL) {
        return mf_remote_error(r, -EIO);
    }
    c->args[1] = level;
    c->args[2] = name;
    c->args[3] = (int64_t)given;
    memcpy(data, value, op == MF_FAMILY_SET_OPTION ? given : 0);
    const int64_t n = mf_remote_ask(r, c);
    if (n == 0 && op == MF_FAMILY_GET_OPTION) {
        give(value, bytes, data, c->args[1]);
    }
    mf_family_end(c);
    return n;
}

static int remote_set_option(struct mf_open_file *f, int level, int name, const void *value,
                             socklen_t bytes)
{
    if (value == NULL) {
        return -EFAULT;
    }
    remote(f)->has_no_timeout = false; /* it may be one */
    return (int)option(remote(f), MF_FAMILY_SET_OPTION, level, name, (void *)(uintptr_t)value,
                       &bytes);
}

static int remote_get_option(struct mf_open_file *f, int level, int name, void *value,
                             socklen_t *bytes)
{
    return (int)*bytes < 0
               ? -EINVAL
               : (int)option(remote(f), MF_FAMILY_GET_OPTION, level, name, value, bytes);
}

/* ---- as a file ----------------------------------------------------------------------------------- */

static ssize_t remote_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                            off_t *position)
{
    struct mf_message m = {.iov = iov, .iov_count = iov_count};
    const ssize_t bytes = mf_iov_bytes(iov, iov_count);

    (void)position;
    m.bytes = (size_t)bytes;
    return bytes < 0 ? bytes : remote_receive(f, &m);
}

static ssize_t remote_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *position)
{
    struct mf_message m = {.iov = iov, .iov_count = iov_count};
    const ssize_t bytes = mf_iov_bytes(iov, iov_count);

    (void)position;
    m.bytes = (size_t)bytes;
    return bytes < 0 ? bytes : remote_send(f, &m);
}

static int remote_fstat(struct mf_open_file *f, struct stat *st)
{
    (void)f;
    *st = (struct stat){.st_mode = S_IFSOCK | S_IRWXU | S_IRWXG | S_IRWXO, .st_nlink = 1};
    return 0;
}

static int remote_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    struct mf_remote *const r = remote(f);

    if (request == FIONREAD || request == TIOCOUTQ || request == SIOCATMARK) {
        return mf_remote_number(r, request, arg);
    }
    if (r->kind == MF_IO_INET) {
        return &mf_interface_ioctl != NULL ? mf_interface_ioctl(request, arg) : -ENOTTY;
    }
    if (&mf_unix_async_ioctl == NULL) {
        return -ENOTTY;
    }
    (void)mf_remote_poll(f); /* from here on the owner tells what it becomes ready for */
    return mf_unix_async_ioctl(f, request, arg);
}

static const struct mf_socket_calls remote_calls = {
    .bind = remote_bind,
    .connect = remote_connect,
    .listen = remote_listen,
    .accept = remote_accept,
    .shutdown = remote_shutdown,
    .name = remote_name,
    .send = remote_send,
    .receive = remote_receive,
    .set_option = remote_set_option,
    .get_option = remote_get_option,
};

const struct mf_fd_ops mf_remote_socket_ops = {
    .readv = remote_readv,
    .writev = remote_writev,
    .poll = mf_remote_poll,
    .close = mf_remote_close,
    .fstat = remote_fstat,
    .ioctl = remote_ioctl,
    .socket = &remote_calls,
};

/* ---- of struct mf_family_files ------------------------------------------------------------------- */

int mf_remote_socket_make(int domain, int type, int protocol)
{
    const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int64_t number = mf_family_call(MF_FAMILY_SOCKET, type & ~flags, protocol, domain);

    return number < 0 ? (int)number
                      : mf_remote_open(number, domain == AF_UNIX ? MF_IO_UNIX : MF_IO_INET,
                                       type & ~flags, (uint32_t)flags);
}

int mf_remote_unix_pair(int type, int protocol, int fds[2])
{
    const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    const uint32_t flags = (uint32_t)(type & (SOCK_NONBLOCK | SOCK_CLOEXEC));
    struct mf_files_call *const c = mf_family_begin(MF_FAMILY_UNIX_PAIR, NULL);

    if (c == NULL) {
        return -EIO;
    }
    c->args[0] = type;
    c->args[1] = protocol;
    const int64_t n = mf_family_ask(c);
    const int64_t numbers[2] = {c->args[1], c->args[2]};
    mf_family_end(c);
    if (n < 0) {
        return (int)n;
    }
    const int first = mf_remote_open(numbers[0], MF_IO_UNIX, kind, flags);
    const int second = mf_remote_open(numbers[1], MF_IO_UNIX, kind, flags);
    if (first < 0 || second < 0) {
        (void)(first < 0 ? 0 : mf_fd_remove(first));
        (void)(second < 0 ? 0 : mf_fd_remove(second));
        return first < 0 ? first : second;
    }
    fds[0] = first;
    fds[1] = second;
    return 0;
}

/* -EINVAL: they are not both the owner's; not by this. */
ssize_t mf_remote_send_file(int out, int in, off_t *offset, size_t bytes)
{
    struct mf_remote *const r = mf_remote_of(mf_fd_peek(out));
    const int file = mf_family_file(mf_fd_peek(in));
    struct mf_remote_wait w = {0};
    size_t done = 0;

    if (r == NULL || r->file.ops->socket == NULL || file < 0 || (offset != NULL && *offset < 0)) {
        return -EINVAL;
    }
    mf_file_get(&r->file);
    int64_t n = 0;
    while (done < bytes) {
        char *data;
        struct mf_files_call *const c = begin(r, MF_FAMILY_SEND_FILE, &data);
        if (c == NULL) {
            n = mf_remote_error(r, -EIO);
            break;
        }
        c->args[1] = file;
        c->args[2] = offset != NULL ? *offset : -1;
        c->args[3] = (int64_t)(bytes - done);
        n = mf_remote_ask(r, c);
        w.timeout_ns = (uint64_t)c->args[4];
        mf_family_end(c);
        if (n == 0) {
            break; /* the end of the file */
        }
        if (n > 0) {
            done += (size_t)n;
            if (offset != NULL) {
                *offset += n;
            }
            continue;
        }
        n = n == -EAGAIN ? mf_remote_wait(r, POLLOUT, 0, &w) : n;
        if (n < 0) {
            break;
        }
    }
    mf_file_put(&r->file);
    if (done == 0 && n == -EPIPE && is_stream(r)) {
        raise(SIGPIPE);
    }
    return done != 0 ? (ssize_t)done : n;
}

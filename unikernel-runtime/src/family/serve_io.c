/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_io.c - what a user may ask the owner for about sockets and the like, see family.h: as serve.c.
 * Nothing here waits: -EAGAIN, and the user is told later (watch.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "family/server.h"
#include "files/fifo.h"
#include "files/open_file.h"
#include "files/own.h"
#include "net/calls.h"
#include "time/clock.h"

#pragma weak mf_eventfd_make
#pragma weak mf_own_inet_make
#pragma weak mf_own_unix_make
#pragma weak mf_own_unix_pair

#define NAME_MAX_BYTES ((uint64_t)MF_IO_NAME_BYTES)
#define SEND_FILE_BYTES_MAX ((uint64_t)1 << 20) /* in one call */

struct io {
    int64_t *args;
    char *data; /* the buffer; NULL: none */
    bool is_large;
    struct mf_open_file *file;
    const struct mf_socket_calls *socket;
};

static int number(const struct io *io, int arg)
{
    return (int)io->args[arg];
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- in general ---------------------------------------------------------------------------------- */

static int64_t look(struct io *io)
{
    (void)io;
    return 0;
}

/* Reads or writes what is no socket. */
static int64_t transfer(struct io *io, bool writes)
{
    struct mf_open_file *const f = io->file;
    const struct iovec iov = {io->data, (size_t)io->args[1]};
    const uint32_t flags = f->flags;
    const uint32_t wrong = writes ? O_RDONLY : O_WRONLY;
    ssize_t (*const op)(struct mf_open_file *, const struct iovec *, int, off_t *) =
        writes ? f->ops->writev : f->ops->readv;

    if (io->socket != NULL || op == NULL || (flags & O_ACCMODE) == wrong ||
        iov.iov_len > MF_FILES_BUFFER_BYTES) {
        return -EINVAL;
    }
    f->flags |= O_NONBLOCK;
    const int64_t r = op(f, &iov, 1, &f->position);
    f->flags = flags;
    return r;
}

static int64_t meet(struct io *io)
{
    return mf_io_kind(io->file, NULL) == MF_IO_FIFO ? mf_fifo_meets(io->file) : -EINVAL;
}

static int64_t take(struct io *io)
{
    return transfer(io, false);
}

static int64_t give(struct io *io)
{
    return transfer(io, true);
}

static int64_t tell_kind(struct io *io)
{
    int type = 0;
    const enum mf_io_kind kind = mf_io_kind(io->file, &type);

    io->args[1] = io->file->flags;
    return kind != MF_IO_NONE ? MF_IO_KIND(kind, type) : mf_file_has_node(io->file) ? 0 : -EINVAL;
}

static int64_t control(struct io *io)
{
    int value = 0;
    const unsigned long request = (unsigned long)io->args[1];

    if (request != FIONREAD && request != TIOCOUTQ && request != SIOCATMARK) {
        return -ENOTTY;
    }
    const int r =
        io->file->ops->ioctl == NULL ? -ENOTTY : io->file->ops->ioctl(io->file, request, &value);
    io->args[1] = value;
    return r;
}

/* ---- messages ------------------------------------------------------------------------------------ */

/* A message in the buffer. Names and control messages are copied: the user may change them. */
static int64_t message_of(const struct io *io, struct mf_message *m, struct iovec *iov)
{
    const uint64_t bytes = (uint64_t)io->args[1];
    const uint64_t name_bytes = (uint64_t)io->args[3], control_bytes = (uint64_t)io->args[4];
    const bool has_more = name_bytes != 0 || control_bytes != 0;

    const uint64_t room = io->is_large ? MF_IO_LARGE_BYTES
                          : has_more   ? MF_IO_DATA_BYTES
                                       : MF_FILES_BUFFER_BYTES;
    if (bytes > room || name_bytes > MF_IO_NAME_BYTES || control_bytes > MF_IO_CONTROL_BYTES) {
        return -EINVAL;
    }
    *iov = (struct iovec){io->data + (io->is_large ? MF_FILES_BUFFER_BYTES : 0), bytes};
    *m = (struct mf_message){.iov = iov,
                             .iov_count = 1,
                             .bytes = bytes,
                             .flags = (number(io, 2) & ~MSG_WAITALL) | MSG_DONTWAIT,
                             .name = name_bytes != 0 ? io->data + MF_IO_NAME : NULL,
                             .name_bytes = (socklen_t)name_bytes,
                             .control = control_bytes != 0 ? io->data + MF_IO_CONTROL : NULL,
                             .control_bytes = control_bytes};
    return 0;
}

static int64_t send_message(struct io *io)
{
    static char name[MF_IO_NAME_BYTES],
        control_messages[MF_IO_CONTROL_BYTES] __attribute__((aligned(8)));
    struct mf_message m;
    struct iovec iov;
    const int64_t err = message_of(io, &m, &iov);

    if (err != 0) {
        return err;
    }
    m.flags |= MSG_NOSIGNAL; /* the user raises it */
    if (m.name != NULL) {
        m.name = memcpy(name, m.name, m.name_bytes);
    }
    if (m.control != NULL) {
        m.control = memcpy(control_messages, m.control, m.control_bytes);
    }
    return io->socket->send(io->file, &m);
}

static int64_t receive_message(struct io *io)
{
    struct mf_message m;
    struct iovec iov;
    const int64_t err = message_of(io, &m, &iov);

    if (err != 0) {
        return err;
    }
    const int64_t r = io->socket->receive(io->file, &m);
    io->args[1] = m.flags;
    io->args[2] = m.name_bytes;
    io->args[3] = (int64_t)m.control_bytes;
    return r;
}

/* ---- connections --------------------------------------------------------------------------------- */

static int64_t accept_one(struct io *io)
{
    struct mf_open_file *accepted;
    socklen_t bytes = MF_IO_NAME_BYTES;

    if ((mf_file_poll(io->file) & POLLIN) == 0) {
        int listens = 0;
        socklen_t size = sizeof(listens);
        const int err =
            io->socket->get_option(io->file, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
        return err == 0 && listens != 0 ? -EAGAIN : -EINVAL;
    }
    int r = mf_fd_check_free();
    if (r == 0) {
        r = io->socket->accept(io->file, &accepted, (struct sockaddr *)(void *)io->data, &bytes);
    }
    if (r == 0) {
        r = mf_fd_install(accepted, 0, 0);
        if (r < 0) {
            mf_file_put(accepted);
        }
    }
    io->args[1] = bytes;
    return r;
}

/* The name in the buffer. Returns its size. */
static socklen_t name_of(const struct io *io, char name[MF_IO_NAME_BYTES])
{
    const uint64_t bytes = least((uint64_t)io->args[1], NAME_MAX_BYTES);
    memcpy(name, io->data, bytes);
    return (socklen_t)bytes;
}

static int64_t bind_to(struct io *io)
{
    char name[MF_IO_NAME_BYTES] __attribute__((aligned(8)));
    const socklen_t bytes = name_of(io, name);
    return io->socket->bind(io->file, (struct sockaddr *)(void *)name, bytes);
}

static int64_t connect_to(struct io *io)
{
    char name[MF_IO_NAME_BYTES] __attribute__((aligned(8)));
    const socklen_t bytes = name_of(io, name);
    const uint32_t flags = io->file->flags;

    io->file->flags |= O_NONBLOCK;
    const int64_t r = io->socket->connect(io->file, (struct sockaddr *)(void *)name, bytes);
    io->file->flags = flags;
    return r;
}

static int64_t listen_at(struct io *io)
{
    return io->socket->listen(io->file, number(io, 1));
}

static int64_t shut_down(struct io *io)
{
    return io->socket->shutdown(io->file, io->args[1] != 0, io->args[2] != 0);
}

static int64_t tell_name(struct io *io)
{
    socklen_t bytes = MF_IO_NAME_BYTES;
    const int r =
        io->socket->name(io->file, io->args[1] != 0, (struct sockaddr *)(void *)io->data, &bytes);
    io->args[1] = bytes;
    return r;
}

/* ---- options ------------------------------------------------------------------------------------- */

static int64_t set_option(struct io *io)
{
    char value[MF_IO_OPTION_BYTES] __attribute__((aligned(8)));
    const uint64_t bytes = least((uint64_t)io->args[3], sizeof(value));

    memcpy(value, io->data, bytes);
    return io->socket->set_option(io->file, number(io, 1), number(io, 2), value, (socklen_t)bytes);
}

static int64_t get_option(struct io *io)
{
    char value[MF_IO_OPTION_BYTES] __attribute__((aligned(8)));
    socklen_t bytes = (socklen_t)least((uint64_t)io->args[3], sizeof(value));
    const int r = io->socket->get_option(io->file, number(io, 1), number(io, 2), value, &bytes);

    memcpy(io->data, value, r == 0 ? least(bytes, sizeof(value)) : 0);
    io->args[1] = bytes;
    return r;
}

/* How long a call may wait, by SO_RCVTIMEO or SO_SNDTIMEO; 0: for ever. */
static int64_t timeout_of(const struct io *io, uint32_t op)
{
    const bool sends = op == MF_FAMILY_SEND || op == MF_FAMILY_SEND_FILE || op == MF_FAMILY_CONNECT;
    struct timeval t = {0};
    socklen_t bytes = sizeof(t);

    if (io->socket == NULL ||
        io->socket->get_option(io->file, SOL_SOCKET, sends ? SO_SNDTIMEO : SO_RCVTIMEO, &t,
                               &bytes) != 0) {
        return 0;
    }
    return (int64_t)t.tv_sec * (int64_t)MF_NS_PER_S + (int64_t)t.tv_usec * 1000;
}

/* ---- new ones ------------------------------------------------------------------------------------ */

static int64_t make_socket(const struct mf_files_call *c)
{
    const int type = (int)c->args[0] & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int protocol = (int)c->args[1], domain = (int)c->args[2];

    if (domain == AF_UNIX) {
        return &mf_own_unix_make == NULL ? -EAFNOSUPPORT : mf_own_unix_make(type, protocol);
    }
    return &mf_own_inet_make == NULL ? -EAFNOSUPPORT : mf_own_inet_make(domain, type, protocol);
}

static int64_t make_unix_pair(struct mf_files_call *c)
{
    const int type = (int)c->args[0] & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    int fds[2] = {0};
    const int r =
        &mf_own_unix_pair == NULL ? -EAFNOSUPPORT : mf_own_unix_pair(type, (int)c->args[1], fds);

    c->args[1] = fds[0];
    c->args[2] = fds[1];
    return r;
}

/* A piece of a file of the tree, by the buffer. Returns how much was sent, or why nothing was. */
static ssize_t send_piece(const struct io *io, struct mf_open_file *in, off_t at, size_t bytes)
{
    struct iovec iov = {io->data, bytes};
    const ssize_t there = in->ops->readv(in, &iov, 1, &at);

    if (there <= 0) {
        return there;
    }
    iov.iov_len = (size_t)there;
    struct mf_message m = {
        .iov = &iov, .iov_count = 1, .bytes = iov.iov_len, .flags = MSG_DONTWAIT | MSG_NOSIGNAL};
    return io->socket->send(io->file, &m);
}

static int64_t send_file(struct io *io)
{
    const int fd = number(io, 1);
    struct mf_open_file *const in = io->args[1] == fd ? mf_fd_peek(fd) : NULL;
    const size_t bytes = least((uint64_t)io->args[3], SEND_FILE_BYTES_MAX);

    if (in == NULL || in->ops->readv == NULL || !mf_file_has_node(in) ||
        (in->flags & O_ACCMODE) == O_WRONLY) {
        return -EINVAL;
    }
    off_t *const position = io->args[2] < 0 ? &in->position : (off_t *)&io->args[2];
    size_t done = 0;
    while (done < bytes) {
        const size_t piece = least(bytes - done, MF_FILES_BUFFER_BYTES);
        const ssize_t n = send_piece(io, in, *position, piece);
        if (n <= 0) {
            return done != 0 ? (int64_t)done : n;
        }
        done += (size_t)n;
        *position += n;
        if ((size_t)n < piece) {
            break;
        }
    }
    return (int64_t)done;
}

/* ---- all of them --------------------------------------------------------------------------------- */

#define NEEDS_DATA 1u
#define NEEDS_SOCKET 2u
#define NEEDS_BOTH 3u

static const struct {
    int64_t (*fn)(struct io *io);
    uint8_t needs;
} operations[] = {
    [MF_FAMILY_POLL - MF_FAMILY_IO] = {look, 0},
    [MF_FAMILY_TAKE - MF_FAMILY_IO] = {take, NEEDS_DATA},
    [MF_FAMILY_GIVE - MF_FAMILY_IO] = {give, NEEDS_DATA},
    [MF_FAMILY_SEND - MF_FAMILY_IO] = {send_message, NEEDS_BOTH},
    [MF_FAMILY_RECEIVE - MF_FAMILY_IO] = {receive_message, NEEDS_BOTH},
    [MF_FAMILY_ACCEPT - MF_FAMILY_IO] = {accept_one, NEEDS_BOTH},
    [MF_FAMILY_BIND - MF_FAMILY_IO] = {bind_to, NEEDS_BOTH},
    [MF_FAMILY_CONNECT - MF_FAMILY_IO] = {connect_to, NEEDS_BOTH},
    [MF_FAMILY_LISTEN - MF_FAMILY_IO] = {listen_at, NEEDS_SOCKET},
    [MF_FAMILY_SHUTDOWN - MF_FAMILY_IO] = {shut_down, NEEDS_SOCKET},
    [MF_FAMILY_NAME - MF_FAMILY_IO] = {tell_name, NEEDS_BOTH},
    [MF_FAMILY_SET_OPTION - MF_FAMILY_IO] = {set_option, NEEDS_BOTH},
    [MF_FAMILY_GET_OPTION - MF_FAMILY_IO] = {get_option, NEEDS_BOTH},
    [MF_FAMILY_CONTROL - MF_FAMILY_IO] = {control, 0},
    [MF_FAMILY_KIND - MF_FAMILY_IO] = {tell_kind, 0},
    [MF_FAMILY_SEND_FILE - MF_FAMILY_IO] = {send_file, NEEDS_BOTH},
    [MF_FAMILY_MEET - MF_FAMILY_IO] = {meet, 0},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static bool would_block(int64_t r)
{
    return r == -EAGAIN || r == -EINPROGRESS || r == -EALREADY;
}

int64_t mf_family_serve_io(struct mf_family_user *u, struct mf_files_call *c, char *data)
{
    const int fd = (int)c->args[0];
    const uint32_t op = c->op - MF_FAMILY_IO;

    if (c->op == MF_FAMILY_SOCKET) {
        return make_socket(c);
    }
    if (c->op == MF_FAMILY_COUNTER) {
        return &mf_eventfd_make == NULL ? -EINVAL
                                        : mf_eventfd_make((uint64_t)c->args[0], (int)c->args[1]);
    }
    if (c->op == MF_FAMILY_UNIX_PAIR) {
        return make_unix_pair(c);
    }
    if (op >= OPERATIONS || operations[op].fn == NULL) {
        return -ENOSYS;
    }
    struct io io = {.args = c->args,
                    .data = data,
                    .is_large =
                        c->buffers == MF_IO_LARGE && c->buffer <= MF_FILES_BUFFERS - MF_IO_LARGE,
                    .file = c->args[0] == fd ? mf_fd_peek(fd) : NULL};
    if (io.file == NULL || (c->op != MF_FAMILY_KIND && mf_io_kind(io.file, NULL) == MF_IO_NONE)) {
        return -EBADF;
    }
    io.socket = io.file->ops->socket;
    if ((operations[op].needs & NEEDS_DATA) != 0 && data == NULL) {
        return -EINVAL;
    }
    if ((operations[op].needs & NEEDS_SOCKET) != 0 && io.socket == NULL) {
        return -ENOTSOCK;
    }
    const int64_t r = operations[op].fn(&io);
    const bool waits = would_block(r);
    c->args[4] = waits ? timeout_of(&io, c->op) : 0;
    if (c->op != MF_FAMILY_KIND) {
        c->args[5] = mf_watch_answer(u, (uint32_t)fd, io.file, waits || c->op == MF_FAMILY_POLL);
    }
    return r;
}

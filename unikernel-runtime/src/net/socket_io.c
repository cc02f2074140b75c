/* SPDX-License-Identifier: Apache-2.0 */
/* socket_io.c - sending and receiving: POSIX.1-2008 sys/socket.h, and the socket as a file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "net/net.h"
#include "net/socket.h"
#include "start/clone.h"
#include "time/clock.h"

/* Flags that mean something here, or can be ignored without harm (there is no routing table). */
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR | MSG_DONTROUTE)
#define RECEIVE_FLAGS (MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_TRUNC)

size_t mf_message_put(const struct mf_message *m, size_t at, const void *data, size_t bytes)
{
    const uint8_t *from = data;
    size_t done = 0;

    for (int i = 0; i < m->iov_count && done < bytes; i++) {
        const struct iovec *const v = &m->iov[i];
        if (at >= v->iov_len) {
            at -= v->iov_len;
            continue;
        }
        const size_t room = v->iov_len - at;
        const size_t part = bytes - done < room ? bytes - done : room;
        memcpy((uint8_t *)v->iov_base + at, from + done, part);
        done += part;
        at = 0;
    }
    return done;
}

/* ---- in general --------------------------------------------------------------------------- */

static ssize_t send_message(struct mf_socket *s, struct mf_message *m)
{
    if ((m->flags & ~SEND_FLAGS) != 0) {
        return -EOPNOTSUPP;
    }
    mf_critical_enter();
    const ssize_t r = s->transport->send(s, m);
    mf_net_kick();
    mf_critical_leave();
    if (r == -EPIPE && s->type == SOCK_STREAM && (m->flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);
    }
    return r;
}

static ssize_t receive_message(struct mf_socket *s, struct mf_message *m)
{
    if ((m->flags & ~(RECEIVE_FLAGS | MSG_NOSIGNAL)) != 0) {
        return -EOPNOTSUPP;
    }
    mf_critical_enter();
    const ssize_t r = s->transport->receive(s, m);
    mf_critical_leave();
    return r;
}

/* Takes the vectors of a call. Returns 0 or a negative errno number. */
static int set_vectors(struct mf_message *m, const struct iovec *iov, size_t iov_count)
{
    m->iov = iov;
    m->iov_count = (int)iov_count;
    m->bytes = 0;
    if (iov_count == 0) {
        return 0;
    }
    const ssize_t bytes = iov_count > INT_MAX ? -EMSGSIZE : mf_iov_bytes(iov, (int)iov_count);
    if (bytes < 0) {
        return bytes == -EINVAL && iov_count > IOV_MAX ? -EMSGSIZE : (int)bytes;
    }
    m->bytes = (size_t)bytes;
    return 0;
}

/* ---- as a file ---------------------------------------------------------------------------- */

static ssize_t file_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *position)
{
    struct mf_message m = {0};
    const int r = set_vectors(&m, iov, (size_t)iov_count);
    (void)position;

    return r < 0 ? r : receive_message((struct mf_socket *)f, &m);
}

static ssize_t file_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *position)
{
    struct mf_message m = {0};
    const int r = set_vectors(&m, iov, (size_t)iov_count);
    (void)position;

    return r < 0 ? r : send_message((struct mf_socket *)f, &m);
}

static uint32_t file_poll(struct mf_open_file *f)
{
    struct mf_socket *const s = (struct mf_socket *)f;
    return s->transport->poll(s);
}

static void file_close(struct mf_open_file *f)
{
    struct mf_socket *const s = (struct mf_socket *)f;

    mf_critical_enter();
    s->transport->close(s);
    mf_net_kick();
    mf_socket_free(s);
    mf_critical_leave();
}

static int file_fstat(struct mf_open_file *f, struct stat *st)
{
    (void)f;
    *st = (struct stat){.st_mode = S_IFSOCK | S_IRWXU | S_IRWXG | S_IRWXO, .st_nlink = 1};
    return 0;
}

static int file_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    struct mf_socket *const s = (struct mf_socket *)f;

    if (request != FIONREAD) {
        return -ENOTTY;
    }
    *(int *)arg = (int)s->transport->readable(s);
    return 0;
}

const struct mf_fd_ops mf_socket_ops = {
    .readv = file_readv,
    .writev = file_writev,
    .poll = file_poll,
    .close = file_close,
    .fstat = file_fstat,
    .ioctl = file_ioctl,
};

/* ---- POSIX -------------------------------------------------------------------------------- */

/* The destination of a send, if one is given; TCP ignores it when connected (POSIX: or EISCONN). */
static int set_destination(const struct mf_socket *s, struct mf_message *m,
                           const struct sockaddr *address, socklen_t bytes)
{
    if (address == NULL || bytes == 0 || s->type == SOCK_STREAM) {
        return 0;
    }
    m->has_address = true;
    return mf_address_read(s, address, bytes, &m->address, &m->port);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);
    struct mf_message m = {.flags = flags};

    if (s == NULL) {
        return mf_ret(r);
    }
    ssize_t done = set_vectors(&m, message->msg_iov, message->msg_iovlen);
    if (done == 0 && message->msg_controllen != 0) {
        done = -EOPNOTSUPP;
    }
    if (done == 0) {
        done = set_destination(s, &m, message->msg_name, message->msg_namelen);
    }
    if (done == 0) {
        done = send_message(s, &m);
    }
    mf_file_put(&s->file);
    return mf_ret(done);
}

ssize_t sendto(int fd, const void *buffer, size_t bytes, int flags, const struct sockaddr *address,
               socklen_t address_bytes)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);
    const struct iovec iov = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = bytes};
    struct mf_message m = {.flags = flags, .iov = &iov, .iov_count = 1, .bytes = bytes};

    if (s == NULL) {
        return mf_ret(r);
    }
    ssize_t done = bytes > SSIZE_MAX ? -EINVAL : set_destination(s, &m, address, address_bytes);
    if (done == 0) {
        done = send_message(s, &m);
    }
    mf_file_put(&s->file);
    return mf_ret(done);
}

ssize_t send(int fd, const void *buffer, size_t bytes, int flags)
{
    return sendto(fd, buffer, bytes, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);
    struct mf_message m = {.flags = flags};

    if (s == NULL) {
        return mf_ret(r);
    }
    ssize_t done = set_vectors(&m, message->msg_iov, message->msg_iovlen);
    if (done == 0) {
        done = receive_message(s, &m);
    }
    if (done >= 0) {
        if (m.has_address) {
            mf_address_write(s, &m.address, m.port, message->msg_name, &message->msg_namelen);
        } else {
            message->msg_namelen = 0;
        }
        message->msg_controllen = 0;
        message->msg_flags = m.flags & MSG_TRUNC;
    }
    mf_file_put(&s->file);
    return mf_ret(done);
}

ssize_t recvfrom(int fd, void *restrict buffer, size_t bytes, int flags,
                 struct sockaddr *restrict address, socklen_t *restrict address_bytes)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);
    const struct iovec iov = {.iov_base = buffer, .iov_len = bytes};
    struct mf_message m = {.flags = flags, .iov = &iov, .iov_count = 1, .bytes = bytes};

    if (s == NULL) {
        return mf_ret(r);
    }
    const ssize_t done = bytes > SSIZE_MAX ? -EINVAL : receive_message(s, &m);
    if (done >= 0 && address != NULL && address_bytes != NULL) {
        if (m.has_address) {
            mf_address_write(s, &m.address, m.port, address, address_bytes);
        } else {
            *address_bytes = 0;
        }
    }
    mf_file_put(&s->file);
    return mf_ret(done);
}

ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
    return recvfrom(fd, buffer, bytes, flags, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - POSIX.1-2008 sys/socket.h, and what Linux has beyond, for all families. See calls.h. */
#include "net/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mayfly.h>
#include <string.h>
#include <sys/ioctl.h>

#include "family/family.h"
#include "fd/fd_internal.h"
#include "thread/thread.h"
#include "time/time_internal.h"

/* As in libc/open.c: fork() finds what shares sockets where there are any. */
extern const char *const mf_calls_links[];
const char *const mf_calls_links[] = {&mf_family_server};

/* The socket behind `fd`, with a reference; NULL and *error: EBADF, ENOTSOCK (negative). */
static struct mf_open_file *get_socket(int fd, int *error)
{
    struct mf_open_file *const f = mf_fd_peek(fd);

    if (f == NULL || f->ops->socket == NULL) {
        *error = f == NULL ? -EBADF : -ENOTSOCK;
        return NULL;
    }
    return mf_file_get(f);
}

/* ---- naming and connecting ------------------------------------------------------------------ */

int bind(int fd, const struct sockaddr *address, socklen_t bytes)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = f->ops->socket->bind(f, address, bytes);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

int connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    mf_thread_test_cancel();
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = f->ops->socket->connect(f, address, bytes);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

int listen(int fd, int backlog)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = f->ops->socket->listen(f, backlog);
        mf_poll_is_ready = true;
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

static int accept_one(struct mf_open_file *f, struct sockaddr *address, socklen_t *bytes, int flags)
{
    struct mf_open_file *accepted;

    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) {
        return -EINVAL;
    }
    if (address != NULL && bytes == NULL) {
        return -EFAULT;
    }
    int r = mf_fd_check_free(); /* else the connection stays in the queue */
    if (r == 0) {
        r = f->ops->socket->accept(f, &accepted, address, bytes);
    }
    if (r < 0) {
        return r;
    }
    accepted->flags |= (uint32_t)(flags & SOCK_NONBLOCK);
    r = mf_fd_install(accepted, 0, (uint32_t)(flags & SOCK_CLOEXEC));
    if (r < 0) {
        mf_file_put(accepted);
    }
    return r;
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes, int flags)
{
    mf_thread_test_cancel();
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        mf_ready();
        r = accept_one(f, address, bytes, flags);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes)
{
    return accept4(fd, address, bytes, 0);
}

int shutdown(int fd, int how)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = how < SHUT_RD || how > SHUT_RDWR
                ? -EINVAL
                : f->ops->socket->shutdown(f, how != SHUT_WR, how != SHUT_RD);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

static int get_name(int fd, bool of_peer, struct sockaddr *address, socklen_t *bytes)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = address == NULL || bytes == NULL ? -EFAULT
                                             : f->ops->socket->name(f, of_peer, address, bytes);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes)
{
    return get_name(fd, false, address, bytes);
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes)
{
    return get_name(fd, true, address, bytes);
}

/* There is no urgent data: nothing is ever at its mark. */
int sockatmark(int fd)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = 0;
        mf_file_put(f);
    }
    return (int)mf_ret(r == -ENOTSOCK ? -ENOTTY : r);
}

/* ---- options ------------------------------------------------------------------------------ */

int setsockopt(int fd, int level, int name, const void *value, socklen_t bytes)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = f->ops->socket->set_option(f, level, name, value, bytes);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict bytes)
{
    int r;
    struct mf_open_file *const f = get_socket(fd, &r);

    if (f != NULL) {
        r = value == NULL || bytes == NULL
                ? -EFAULT
                : f->ops->socket->get_option(f, level, name, value, bytes);
        mf_file_put(f);
    }
    return (int)mf_ret(r);
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Takes the vectors of a call. Returns 0 or a negative errno number. */
static int set_vectors(struct mf_message *m, const struct iovec *iov, size_t iov_count)
{
    m->iov = iov;
    m->iov_count = (int)iov_count;
    if (iov_count == 0) {
        return 0;
    }
    if (iov_count > IOV_MAX) {
        return -EMSGSIZE;
    }
    const ssize_t bytes = mf_iov_bytes(iov, (int)iov_count);
    m->bytes = (size_t)bytes;
    return bytes < 0 ? (int)bytes : 0;
}

static ssize_t send_one(struct mf_open_file *f, const struct msghdr *message, int flags)
{
    struct mf_message m = {.flags = flags, .name = message->msg_name};
    const int r = set_vectors(&m, message->msg_iov, message->msg_iovlen);

    if (r < 0) {
        return r;
    }
    m.name_bytes = message->msg_namelen;
    if (m.name_bytes == 0) {
        m.name = NULL;
    }
    m.control = message->msg_controllen == 0 ? NULL : message->msg_control;
    m.control_bytes = m.control == NULL ? 0 : message->msg_controllen;
    return f->ops->socket->send(f, &m);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    mf_thread_test_cancel();
    int error;
    struct mf_open_file *const f = get_socket(fd, &error);

    if (f == NULL) {
        return mf_ret(error);
    }
    const ssize_t r = send_one(f, message, flags);
    mf_file_put(f);
    return mf_ret(r);
}

ssize_t sendto(int fd, const void *buffer, size_t bytes, int flags, const struct sockaddr *address,
               socklen_t address_bytes)
{
    mf_thread_test_cancel();
    int error;
    struct mf_open_file *const f = get_socket(fd, &error);
    const struct iovec iov = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = bytes};
    struct mf_message m = {.iov = &iov, .iov_count = 1, .bytes = bytes, .flags = flags};

    if (f == NULL) {
        return mf_ret(error);
    }
    if (address != NULL && address_bytes != 0) {
        m.name = (void *)(uintptr_t)address;
        m.name_bytes = address_bytes;
    }
    const ssize_t r = bytes > SSIZE_MAX ? -EINVAL : f->ops->socket->send(f, &m);
    mf_file_put(f);
    return mf_ret(r);
}

ssize_t send(int fd, const void *buffer, size_t bytes, int flags)
{
    return sendto(fd, buffer, bytes, flags, NULL, 0);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
    int error;
    struct mf_open_file *const f = get_socket(fd, &error);
    unsigned int done = 0;
    ssize_t r = 0;

    if (f == NULL) {
        return (int)mf_ret(error);
    }
    for (; done < count && done < IOV_MAX; done++) {
        r = send_one(f, &messages[done].msg_hdr, flags);
        if (r < 0) {
            break;
        }
        messages[done].msg_len = (unsigned int)r;
    }
    mf_file_put(f);
    return (int)mf_ret(done > 0 ? (ssize_t)done : r);
}

/* ---- receiving ---------------------------------------------------------------------------- */

static ssize_t receive_one(struct mf_open_file *f, struct msghdr *message, int flags)
{
    struct mf_message m = {.flags = flags, .name = message->msg_name};
    const int error = set_vectors(&m, message->msg_iov, message->msg_iovlen);

    if (error < 0) {
        return error;
    }
    m.name_bytes = m.name == NULL ? 0 : message->msg_namelen;
    m.control = message->msg_controllen == 0 ? NULL : message->msg_control;
    m.control_bytes = m.control == NULL ? 0 : message->msg_controllen;
    const ssize_t r = f->ops->socket->receive(f, &m);
    if (r >= 0) {
        message->msg_namelen = m.name_bytes;
        message->msg_controllen = m.control_bytes;
        message->msg_flags = m.flags;
    }
    return r;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    mf_thread_test_cancel();
    int error;
    struct mf_open_file *const f = get_socket(fd, &error);

    if (f == NULL) {
        return mf_ret(error);
    }
    const ssize_t r = receive_one(f, message, flags);
    mf_file_put(f);
    return mf_ret(r);
}

ssize_t recvfrom(int fd, void *restrict buffer, size_t bytes, int flags,
                 struct sockaddr *restrict address, socklen_t *restrict address_bytes)
{
    mf_thread_test_cancel();
    int error;
    struct mf_open_file *const f = get_socket(fd, &error);
    const struct iovec iov = {.iov_base = buffer, .iov_len = bytes};
    struct mf_message m = {.iov = &iov, .iov_count = 1, .bytes = bytes, .flags = flags};

    if (f == NULL) {
        return mf_ret(error);
    }
    if (address != NULL && address_bytes != NULL) {
        m.name = address;
        m.name_bytes = *address_bytes;
    }
    const ssize_t r = bytes > SSIZE_MAX ? -EINVAL : f->ops->socket->receive(f, &m);
    if (r >= 0 && m.name != NULL) {
        *address_bytes = m.name_bytes;
    }
    mf_file_put(f);
    return mf_ret(r);
}

ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
    return recvfrom(fd, buffer, bytes, flags, NULL, NULL);
}

/* The time is looked at after each message, as Linux does it. */
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
             struct timespec *timeout)
{
    int error;
    struct mf_open_file *const f = get_socket(fd, &error);
    unsigned int done = 0;
    ssize_t r = 0;

    if (f == NULL) {
        return (int)mf_ret(error);
    }
    if (timeout != NULL && !mf_timespec_is_valid(timeout)) {
        mf_file_put(f);
        return (int)mf_ret(-EINVAL);
    }
    const uint64_t until = timeout == NULL ? MF_NEVER : mf_deadline_of_span(timeout);
    while (done < count && done < IOV_MAX) {
        r = receive_one(f, &messages[done].msg_hdr, flags & ~MSG_WAITFORONE);
        if (r < 0) {
            break;
        }
        messages[done++].msg_len = (unsigned int)r;
        flags |= (flags & MSG_WAITFORONE) != 0 ? MSG_DONTWAIT : 0;
        if (until != MF_NEVER && mf_clock_ns() >= until) {
            break;
        }
    }
    mf_file_put(f);
    return (int)mf_ret(done > 0 ? (ssize_t)done : r);
}

/* ---- for the families ------------------------------------------------------------------------ */

int mf_message_of_vectors(struct mf_message *m, const struct iovec *iov, int iov_count)
{
    *m = (struct mf_message){0};
    return set_vectors(m, iov, (size_t)iov_count);
}

/* Copies between the vectors, from `at` on, and a buffer. */
static size_t copy(const struct mf_message *m, size_t at, char *buffer, size_t bytes, bool into)
{
    size_t done = 0;

    for (int i = 0; i < m->iov_count && done < bytes; i++) {
        const struct iovec *const v = &m->iov[i];
        if (at >= v->iov_len) {
            at -= v->iov_len;
            continue;
        }
        const size_t room = v->iov_len - at;
        const size_t part = bytes - done < room ? bytes - done : room;
        char *const there = (char *)v->iov_base + at;
        memcpy(into ? there : buffer + done, into ? buffer + done : there, part);
        done += part;
        at = 0;
    }
    return done;
}

size_t mf_message_put(const struct mf_message *m, size_t at, const void *data, size_t bytes)
{
    return copy(m, at, (char *)(uintptr_t)data, bytes, true);
}

size_t mf_message_get(const struct mf_message *m, size_t at, void *to, size_t bytes)
{
    return copy(m, at, to, bytes, false);
}

void mf_message_add_control(struct mf_message *m, size_t *room, int level, int type,
                            const void *data, size_t bytes)
{
    const size_t left = *room;
    struct cmsghdr header = {.cmsg_level = level, .cmsg_type = type};

    if (left < sizeof(header)) {
        m->flags |= MSG_CTRUNC;
        return;
    }
    if (bytes > left - sizeof(header)) {
        bytes = left - sizeof(header);
        m->flags |= MSG_CTRUNC;
    }
    char *const to = (char *)m->control + m->control_bytes;
    header.cmsg_len = CMSG_LEN(bytes);
    memcpy(to, &header, sizeof(header));
    memcpy(to + sizeof(header), data, bytes);
    const size_t space = CMSG_SPACE(bytes) < left ? CMSG_SPACE(bytes) : left;
    m->control_bytes += space;
    *room -= space;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c - making and naming sockets: POSIX.1-2008 sys/socket.h. See socket.h, socket_io.c. */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "lwip/err.h"
#include "lwip/opt.h"
#include "net/net.h"
#include "start/clone.h"
#include "thread/idle.h"
#include "time/clock.h"

#define BUFFER_BYTES TCP_SND_BUF /* SO_SNDBUF and SO_RCVBUF as they are at first */

static const struct mf_socket_options default_options = {
    .send_bytes = BUFFER_BYTES,
    .receive_bytes = BUFFER_BYTES,
    .keep_idle_ms = 7200 * 1000,
    .keep_interval_ms = 75 * 1000,
    .keep_count = 9,
};

struct mf_socket *mf_sockets;

struct mf_socket *mf_socket_create(int domain, int type, const struct mf_socket_options *options)
{
    struct mf_socket *const s = calloc(1, sizeof(*s));

    if (s == NULL) {
        return NULL;
    }
    mf_file_init(&s->file, &mf_socket_ops, O_RDWR);
    s->domain = (uint8_t)domain;
    s->type = (uint8_t)type;
    s->transport = type == SOCK_STREAM ? &mf_tcp_transport : &mf_udp_transport;
    s->options = *options;
    ip_addr_copy(s->local, *mf_address_any(s));
    s->list_next = mf_sockets;
    s->list_link = &mf_sockets;
    if (mf_sockets != NULL) {
        mf_sockets->list_link = &s->list_next;
    }
    mf_sockets = s;
    return s;
}

void mf_socket_free(struct mf_socket *s)
{
    *s->list_link = s->list_next;
    if (s->list_next != NULL) {
        s->list_next->list_link = s->list_link;
    }
    free(s);
}

struct mf_socket *mf_socket_get(int fd, int *error)
{
    struct mf_open_file *const f = mf_fd_get(fd);

    if (f == NULL) {
        *error = -EBADF;
        return NULL;
    }
    if (f->ops != &mf_socket_ops) {
        mf_file_put(f);
        *error = -ENOTSOCK;
        return NULL;
    }
    return (struct mf_socket *)f;
}

int mf_socket_wait(struct mf_socket *s, uint32_t events, int flags, uint64_t deadline_ns)
{
    if ((flags & MSG_DONTWAIT) != 0) {
        return -EAGAIN;
    }
    const uint32_t critical = mf_critical_suspend();
    const int r = mf_file_wait(&s->file, events, deadline_ns);
    mf_critical_resume(critical);
    return r == -ETIMEDOUT ? -EAGAIN : r;
}

int mf_socket_take_error(struct mf_socket *s)
{
    const int error = s->error;
    s->error = 0;
    return -error;
}

int mf_socket_errno(int lwip_error)
{
    switch (lwip_error) {
    case ERR_OK:
        return 0;
    case ERR_MEM:
    case ERR_BUF:
        return -ENOBUFS;
    case ERR_TIMEOUT:
        return -ETIMEDOUT;
    case ERR_RTE:
        return -ENETUNREACH;
    case ERR_INPROGRESS:
        return -EINPROGRESS;
    case ERR_USE:
        return -EADDRINUSE;
    case ERR_ALREADY:
        return -EALREADY;
    case ERR_ISCONN:
        return -EISCONN;
    case ERR_CONN:
        return -ENOTCONN;
    case ERR_ABRT:
        return -ECONNABORTED;
    case ERR_RST:
        return -ECONNRESET;
    case ERR_CLSD:
        return -EPIPE;
    case ERR_IF:
        return -EIO;
    default:
        return -EINVAL;
    }
}

/* ---- making ------------------------------------------------------------------------------- */

static int check_kind(int domain, int type, int protocol)
{
    if (domain != AF_INET && domain != AF_INET6) {
        return -EAFNOSUPPORT;
    }
    if (type != SOCK_STREAM && type != SOCK_DGRAM) {
        return -EPROTONOSUPPORT;
    }
    const int own = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    return protocol == 0 || protocol == own ? 0 : -EPROTONOSUPPORT;
}

static int open_socket(int domain, int type, int protocol)
{
    const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    int r = check_kind(domain, kind, protocol);

    if (r < 0) {
        return r;
    }
    mf_net_start();
    struct mf_socket *const s = mf_socket_create(domain, kind, &default_options);
    if (s == NULL) {
        return -ENOMEM;
    }
    s->file.flags |= (uint32_t)(type & SOCK_NONBLOCK);
    r = s->transport->open(s);
    if (r == 0) {
        r = mf_fd_install(&s->file, 0, (uint32_t)(type & SOCK_CLOEXEC));
    }
    if (r < 0) {
        mf_file_put(&s->file);
    }
    return r;
}

int socket(int domain, int type, int protocol)
{
    mf_critical_enter();
    const int r = open_socket(domain, type, protocol);
    mf_critical_leave();
    return (int)mf_ret(r);
}

/* ---- with a descriptor ---------------------------------------------------------------------- */

static int bind_socket(struct mf_socket *s, const struct sockaddr *address, socklen_t bytes)
{
    ip_addr_t to;
    uint16_t port;
    const int r = mf_address_read(s, address, bytes, &to, &port);

    if (r < 0) {
        return r;
    }
    if (s->is_bound || s->state != MF_SOCKET_NEW) {
        return -EINVAL;
    }
    if (!mf_address_is_local(&to)) {
        return -EADDRNOTAVAIL;
    }
    const bool is_any = ip_addr_isany_val(to);
    const int error = s->transport->bind(s, is_any ? mf_address_any(s) : &to, port);
    s->is_bound = error == 0;
    return error;
}

int bind(int fd, const struct sockaddr *address, socklen_t bytes)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        mf_critical_enter();
        r = bind_socket(s, address, bytes);
        mf_critical_leave();
        mf_file_put(&s->file);
    }
    return (int)mf_ret(r);
}

int listen(int fd, int backlog)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        mf_critical_enter();
        r = s->transport->listen == NULL ? -EOPNOTSUPP : s->transport->listen(s, backlog);
        mf_critical_leave();
        mf_file_put(&s->file);
    }
    return (int)mf_ret(r);
}

static const ip_addr_t loopback4 = IPADDR4_INIT_BYTES(127, 0, 0, 1);
static const ip_addr_t loopback6 = IPADDR6_INIT_HOST(0, 0, 0, 1);

static int connect_socket(struct mf_socket *s, const struct sockaddr *address, socklen_t bytes)
{
    ip_addr_t to;
    uint16_t port;

    if (address != NULL && bytes >= sizeof(sa_family_t) && address->sa_family == AF_UNSPEC) {
        return s->transport->disconnect == NULL ? -EAFNOSUPPORT : s->transport->disconnect(s);
    }
    const int r = mf_address_read(s, address, bytes, &to, &port);
    if (r < 0) {
        return r;
    }
    if (ip_addr_isany_val(to)) { /* as everywhere: ourselves */
        to = IP_IS_V6_VAL(to) ? loopback6 : loopback4;
    }
    return s->transport->connect(s, &to, port);
}

int connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        mf_critical_enter();
        r = connect_socket(s, address, bytes);
        mf_critical_leave();
        mf_file_put(&s->file);
    }
    return (int)mf_ret(r);
}

static int accept_socket(struct mf_socket *s, struct sockaddr *address, socklen_t *bytes, int flags)
{
    struct mf_socket *accepted;

    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) {
        return -EINVAL;
    }
    if (s->transport->accept == NULL) {
        return -EOPNOTSUPP;
    }
    int r = s->transport->accept(s, &accepted);
    if (r < 0) {
        return r;
    }
    accepted->file.flags |= (uint32_t)(flags & SOCK_NONBLOCK);
    mf_address_write(s, &accepted->peer, accepted->peer_port, address, bytes);
    r = mf_fd_install(&accepted->file, 0, (uint32_t)(flags & SOCK_CLOEXEC));
    if (r < 0) {
        mf_file_put(&accepted->file);
    }
    return r;
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes, int flags)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        mf_critical_enter();
        r = accept_socket(s, address, bytes, flags);
        mf_critical_leave();
        mf_file_put(&s->file);
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
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        mf_critical_enter();
        r = how < SHUT_RD || how > SHUT_RDWR
                ? -EINVAL
                : s->transport->shutdown(s, how != SHUT_WR, how != SHUT_RD);
        mf_critical_leave();
        mf_file_put(&s->file);
    }
    return (int)mf_ret(r);
}

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        mf_address_write(s, &s->local, s->local_port, address, bytes);
        r = address == NULL || bytes == NULL ? -EFAULT : 0;
        mf_file_put(&s->file);
    }
    return (int)mf_ret(r);
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict bytes)
{
    int r;
    struct mf_socket *const s = mf_socket_get(fd, &r);

    if (s != NULL) {
        r = -ENOTCONN;
        if (s->state == MF_SOCKET_CONNECTED) {
            mf_address_write(s, &s->peer, s->peer_port, address, bytes);
            r = address == NULL || bytes == NULL ? -EFAULT : 0;
        }
        mf_file_put(&s->file);
    }
    return (int)mf_ret(r);
}

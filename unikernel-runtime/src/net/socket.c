/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c - making and naming sockets: POSIX.1-2008 sys/socket.h. See socket.h, socket_io.c. */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "files/own.h"
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
    if (type != SOCK_STREAM && type != SOCK_DGRAM) { /* also SOCK_RAW: there is none */
        return -EPROTONOSUPPORT;
    }
    const int own = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    return protocol == 0 || protocol == own ? 0 : -EPROTONOSUPPORT;
}

static int make(int domain, int type, int protocol)
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

int mf_own_inet_make(int domain, int type, int protocol)
{
    mf_critical_enter();
    const int r = make(domain, type, protocol);
    mf_critical_leave();
    return r;
}

int mf_inet_make(int domain, int type, int protocol) MF_OWN(inet_make);

/* Linked when the program includes sys/un.h or calls socketpair(). */
extern int mf_unix_open(int type, int protocol) __attribute__((weak));

int socket(int domain, int type, int protocol)
{
    if (domain == AF_UNIX) {
        return (int)mf_ret(mf_unix_open == NULL ? -EAFNOSUPPORT : mf_unix_open(type, protocol));
    }
    return (int)mf_ret(mf_inet_make(domain, type, protocol));
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

/* As in libc/open.c: fork() finds what is to be done with them in a child. */
extern const char *const mf_socket_links[];
const char *const mf_socket_links[] = {&mf_socket_inherit_link};

/* ---- as calls.h has it -------------------------------------------------------------------- */

static int inet_bind(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes)
{
    mf_critical_enter();
    const int r = bind_socket((struct mf_socket *)f, address, bytes);
    mf_critical_leave();
    return r;
}

static int inet_connect(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes)
{
    mf_critical_enter();
    const int r = connect_socket((struct mf_socket *)f, address, bytes);
    mf_critical_leave();
    return r;
}

static int inet_listen(struct mf_open_file *f, int backlog)
{
    struct mf_socket *const s = (struct mf_socket *)f;

    mf_critical_enter();
    const int r = s->transport->listen == NULL ? -EOPNOTSUPP : s->transport->listen(s, backlog);
    mf_critical_leave();
    return r;
}

static int inet_accept(struct mf_open_file *f, struct mf_open_file **accepted,
                       struct sockaddr *address, socklen_t *bytes)
{
    struct mf_socket *const s = (struct mf_socket *)f;
    struct mf_socket *other;

    if (s->transport->accept == NULL) {
        return -EOPNOTSUPP;
    }
    mf_critical_enter();
    const int r = s->transport->accept(s, &other);
    mf_critical_leave();
    if (r == 0) {
        mf_address_write(s, &other->peer, other->peer_port, address, bytes);
        *accepted = &other->file;
    }
    return r;
}

static int inet_shutdown(struct mf_open_file *f, bool read, bool write)
{
    struct mf_socket *const s = (struct mf_socket *)f;

    mf_critical_enter();
    const int r = s->transport->shutdown(s, read, write);
    mf_critical_leave();
    return r;
}

static int inet_name(struct mf_open_file *f, bool of_peer, struct sockaddr *address,
                     socklen_t *bytes)
{
    const struct mf_socket *const s = (const struct mf_socket *)f;

    if (!of_peer) {
        mf_address_write(s, &s->local, s->local_port, address, bytes);
        return 0;
    }
    if (s->state != MF_SOCKET_CONNECTED) {
        return -ENOTCONN;
    }
    mf_address_write(s, &s->peer, s->peer_port, address, bytes);
    return 0;
}

const struct mf_socket_calls mf_inet_calls = {
    .bind = inet_bind,
    .connect = inet_connect,
    .listen = inet_listen,
    .accept = inet_accept,
    .shutdown = inet_shutdown,
    .name = inet_name,
    .send = mf_socket_send,
    .receive = mf_socket_receive,
    .set_option = mf_socket_set_option,
    .get_option = mf_socket_get_option,
};

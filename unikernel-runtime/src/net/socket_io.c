/* SPDX-License-Identifier: Apache-2.0 */
/* socket_io.c - sending and receiving (calls.h), control messages, and the socket as a file. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
#define RECEIVE_FLAGS                                                                              \
    (MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_TRUNC | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC | MSG_OOB)

/* ---- in general --------------------------------------------------------------------------- */

/* ---- control messages ----------------------------------------------------------------------- */

static int read_packet_info(const struct cmsghdr *c, struct mf_endpoint *to)
{
    struct in_pktinfo info;

    if (c->cmsg_len < CMSG_LEN(sizeof(info))) {
        return -EINVAL;
    }
    memcpy(&info, c + 1, sizeof(info));
    to->interface = (uint8_t)info.ipi_ifindex;
    to->has_local = info.ipi_spec_dst.s_addr != 0;
    ip_2_ip4(&to->local)->addr = info.ipi_spec_dst.s_addr;
    IP_SET_TYPE(&to->local, IPADDR_TYPE_V4);
    return 0;
}

static int read_packet_info6(const struct cmsghdr *c, struct mf_endpoint *to)
{
    struct in6_pktinfo info;

    if (c->cmsg_len < CMSG_LEN(sizeof(info))) {
        return -EINVAL;
    }
    memcpy(&info, c + 1, sizeof(info));
    to->interface = (uint8_t)info.ipi6_ifindex;
    mf_address_of_ip6(&info.ipi6_addr, info.ipi6_ifindex, &to->local);
    to->has_local = !ip_addr_isany_val(to->local);
    return 0;
}

/* What a send says beside its data. Unknown things are EINVAL, as with Linux. */
static int read_control(const struct mf_message *m, struct mf_endpoint *to)
{
    struct msghdr h = {.msg_control = m->control, .msg_controllen = m->control_bytes};
    int r = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL && r == 0; c = CMSG_NXTHDR(&h, c)) {
        if (c->cmsg_len < sizeof(*c) ||
            c->cmsg_len > m->control_bytes - (size_t)((char *)c - (char *)m->control)) {
            r = -EINVAL;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            r = read_packet_info(c, to);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            r = read_packet_info6(c, to);
        } else {
            r = -EINVAL;
        }
    }
    if (r == 0 && to->has_local && !mf_address_is_local(&to->local)) {
        r = -EADDRNOTAVAIL;
    }
    return r;
}

static void write_control(const struct mf_socket *s, struct mf_message *m, size_t room,
                          const struct mf_endpoint *from)
{
    if (s->options.packet_info && IP_IS_V4_VAL(from->local)) {
        const struct in_addr own = {ip_2_ip4(&from->local)->addr};
        const struct in_pktinfo info = {from->interface, own, own};
        mf_message_add_control(m, &room, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    }
    if (s->options.packet_info6) {
        struct sockaddr_in6 own;
        socklen_t bytes = sizeof(own);
        mf_address_write(s, &from->local, 0, (struct sockaddr *)&own, &bytes);
        const struct in6_pktinfo info = {own.sin6_addr, from->interface};
        mf_message_add_control(m, &room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
}

/* ---- sending and receiving -------------------------------------------------------------------- */

ssize_t mf_socket_send(struct mf_open_file *f, struct mf_message *m)
{
    struct mf_socket *const s = (struct mf_socket *)f;
    struct mf_endpoint to;
    int r = (m->flags & ~SEND_FLAGS) != 0 ? -EOPNOTSUPP : 0;

    to.is_set = to.has_local = false;
    /* TCP ignores a destination when it is connected (POSIX: or EISCONN). */
    if (r == 0 && m->name != NULL && s->type == SOCK_DGRAM) {
        to.is_set = true;
        r = mf_address_read(s, m->name, m->name_bytes, &to.address, &to.port);
    }
    if (r == 0 && m->control != NULL) {
        r = read_control(m, &to);
    }
    if (r < 0) {
        return r;
    }
    mf_critical_enter();
    const ssize_t done = s->transport->send(s, m, &to);
    mf_net_kick();
    mf_critical_leave();
    if (done == -EPIPE && s->type == SOCK_STREAM && (m->flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);
    }
    return done;
}

ssize_t mf_socket_receive(struct mf_open_file *f, struct mf_message *m)
{
    struct mf_socket *const s = (struct mf_socket *)f;
    struct mf_endpoint from;
    const size_t room = m->control_bytes;

    if ((m->flags & ~RECEIVE_FLAGS) != 0) {
        return (m->flags & MSG_ERRQUEUE) != 0 ? -EAGAIN : -EOPNOTSUPP;
    }
    if ((m->flags & MSG_OOB) != 0) {
        return -EINVAL; /* there is never any */
    }
    from.is_set = false;
    mf_critical_enter();
    const ssize_t r = s->transport->receive(s, m, &from);
    mf_critical_leave();
    m->control_bytes = 0;
    if (!from.is_set) {
        m->name_bytes = 0;
        return r;
    }
    mf_address_write(s, &from.address, from.port, m->name, &m->name_bytes);
    if (room != 0) {
        write_control(s, m, room, &from);
    }
    return r;
}

/* ---- as a file ---------------------------------------------------------------------------- */

static ssize_t file_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *position)
{
    struct mf_message m;
    const int r = mf_message_of_vectors(&m, iov, iov_count);
    (void)position;

    return r < 0 ? r : mf_socket_receive(f, &m);
}

static ssize_t file_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *position)
{
    struct mf_message m;
    const int r = mf_message_of_vectors(&m, iov, iov_count);
    (void)position;

    return r < 0 ? r : mf_socket_send(f, &m);
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

    switch (request) {
    case FIONREAD:
        *(int *)arg = (int)s->transport->readable(s);
        return 0;
    case TIOCOUTQ:
        *(int *)arg = (int)s->transport->unsent(s);
        return 0;
    case SIOCATMARK:
        *(int *)arg = 0;
        return 0;
    default:
        return mf_interface_ioctl(request, arg);
    }
}

const struct mf_fd_ops mf_socket_ops = {
    .readv = file_readv,
    .writev = file_writev,
    .poll = file_poll,
    .close = file_close,
    .fstat = file_fstat,
    .ioctl = file_ioctl,
    .socket = &mf_inet_calls,
};

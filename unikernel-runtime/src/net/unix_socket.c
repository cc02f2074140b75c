/* SPDX-License-Identifier: Apache-2.0 */
/* unix_socket.c - AF_UNIX sockets: making, connecting, ending, readiness. See unix_socket.h. */
#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "fd/fd_internal.h"
#include "files/own.h"
#include "time/clock.h"

#define BACKLOG_MAX SOMAXCONN

static const struct mf_socket_calls unix_calls;

static struct unix_socket *create(int type)
{
    struct unix_socket *const s = calloc(1, sizeof(*s));

    if (s == NULL) {
        return NULL;
    }
    mf_file_init(&s->file, &mf_unix_ops, O_RDWR);
    s->type = (uint8_t)type;
    s->send_bytes = UNIX_BUFFER_BYTES;
    s->receive_bytes = UNIX_BUFFER_BYTES;
    s->peer_credentials = (struct ucred){.uid = (uid_t)-1, .gid = (gid_t)-1};
    return s;
}

static int check_kind(int type, int protocol)
{
    if (protocol != 0 && protocol != AF_UNIX) {
        return -EPROTONOSUPPORT;
    }
    return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET ? 0
                                                                               : -EPROTONOSUPPORT;
}

int mf_own_unix_make(int type, int protocol)
{
    const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    int r = check_kind(kind, protocol);

    if (r < 0) {
        return r;
    }
    struct unix_socket *const s = create(kind);
    if (s == NULL) {
        return -ENOMEM;
    }
    s->file.flags |= (uint32_t)(type & SOCK_NONBLOCK);
    r = mf_fd_install(&s->file, 0, (uint32_t)(type & SOCK_CLOEXEC));
    if (r < 0) {
        mf_file_put(&s->file);
    }
    return r;
}

int mf_unix_make(int type, int protocol) MF_OWN(unix_make);

int mf_unix_open(int type, int protocol);

/* socket() of AF_UNIX: a descriptor, or a negative errno number. */
int mf_unix_open(int type, int protocol)
{
    return mf_unix_make(type, protocol);
}

/* ---- pairs -------------------------------------------------------------------------------- */

/* Makes `from` send to `to`; datagram sockets are told by `to` when it goes. */
static void point_at(struct unix_socket *from, struct unix_socket *to)
{
    from->peer = to;
    from->state = UNIX_CONNECTED;
    from->peer_name = to->name;
    from->peer_credentials = unix_own_credentials();
    if (unix_is_datagram(from)) {
        from->sender_next = to->senders;
        from->sender_link = &to->senders;
        if (to->senders != NULL) {
            to->senders->sender_link = &from->sender_next;
        }
        to->senders = from;
    }
}

static void point_at_none(struct unix_socket *from)
{
    if (from->sender_link != NULL) {
        *from->sender_link = from->sender_next;
        if (from->sender_next != NULL) {
            from->sender_next->sender_link = from->sender_link;
        }
        from->sender_link = NULL;
    }
    from->peer = NULL;
}

int mf_own_unix_pair(int type, int protocol, int fds[2])
{
    const int first = mf_own_unix_make(type, protocol);
    if (first < 0) {
        return first;
    }
    struct mf_open_file *const a = mf_fd_get(first);
    const int second = mf_own_unix_make(type, protocol);
    struct mf_open_file *const b = mf_fd_get(second);
    if (b != NULL) {
        point_at(unix_of(a), unix_of(b));
        point_at(unix_of(b), unix_of(a));
        fds[0] = first;
        fds[1] = second;
    } else {
        mf_fd_remove(first);
    }
    mf_file_put(a);
    mf_file_put(b);
    return second < 0 ? second : 0;
}

int mf_unix_pair(int type, int protocol, int fds[2]) MF_OWN(unix_pair);

int socketpair(int domain, int type, int protocol, int fds[2])
{
    if (domain != AF_UNIX) {
        const bool is_inet = domain == AF_INET || domain == AF_INET6;
        return (int)mf_ret(is_inet ? -EOPNOTSUPP : -EAFNOSUPPORT);
    }
    return (int)mf_ret(mf_unix_pair(type, protocol, fds));
}

/* ---- naming and connecting ------------------------------------------------------------------ */

static int unix_bind(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes)
{
    struct unix_name name;
    const int r = unix_name_read(address, bytes, &name);

    return r < 0 ? r : unix_name_bind(unix_of(f), &name);
}

static int connect_datagram(struct unix_socket *s, const struct sockaddr *address, socklen_t bytes)
{
    struct unix_name name;
    struct unix_socket *to;

    if (address != NULL && bytes >= sizeof(sa_family_t) && address->sa_family == AF_UNSPEC) {
        point_at_none(s);
        s->state = UNIX_NEW;
        return 0;
    }
    int r = unix_name_read(address, bytes, &name);
    if (r == 0) {
        r = unix_name_find(&name, &to);
    }
    if (r < 0) {
        return r;
    }
    if (!unix_is_datagram(to)) {
        return -EPROTOTYPE;
    }
    if (to->peer != NULL && to->peer != s) {
        return -EPERM;
    }
    point_at_none(s);
    point_at(s, to);
    return 0;
}

/* The listener that `s` can connect to now. -EAGAIN: its queue is full, wait on *to. */
static int find_listener(const struct unix_socket *s, const struct unix_name *name,
                         struct unix_socket **to)
{
    const int r = unix_name_find(name, to);

    if (r < 0) {
        return r;
    }
    if ((*to)->type != s->type) {
        return -EPROTOTYPE;
    }
    if ((*to)->state != UNIX_LISTENING || (*to)->is_read_shut) {
        return -ECONNREFUSED;
    }
    return (*to)->accept_count >= (*to)->backlog ? -EAGAIN : 0;
}

static int queue_connection(struct unix_socket *s, struct unix_socket *listener)
{
    struct unix_socket *const other = create(s->type);

    if (other == NULL) {
        return -ENOMEM;
    }
    other->name = listener->name; /* as it is called; it has no entry in the table */
    other->send_bytes = listener->send_bytes;
    other->passes_credentials = listener->passes_credentials;
    point_at(s, other);
    point_at(other, s);
    if (listener->accept_first == NULL) {
        listener->accept_first = other;
    } else {
        listener->accept_last->accept_next = other;
    }
    listener->accept_last = other;
    listener->accept_count++;
    mf_file_notify(&listener->file, POLLIN | POLLRDNORM);
    return 0;
}

static int connect_stream(struct unix_socket *s, const struct sockaddr *address, socklen_t bytes)
{
    const uint64_t until =
        s->send_timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(s->send_timeout_ns);
    struct unix_name name;
    int waited = 0;
    const int error = unix_name_read(address, bytes, &name);

    if (error < 0) {
        return error;
    }
    for (;;) {
        struct unix_socket *to;
        if (s->state != UNIX_NEW) {
            return s->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
        }
        const int r = find_listener(s, &name, &to);
        if (r != -EAGAIN) {
            return r < 0 ? r : queue_connection(s, to);
        }
        if (waited < 0) {
            return waited;
        }
        waited = unix_wait(s, &to->file, UNIX_ROOM, 0, until);
    }
}

static int unix_connect(struct mf_open_file *f, const struct sockaddr *address, socklen_t bytes)
{
    struct unix_socket *const s = unix_of(f);

    return unix_is_datagram(s) ? connect_datagram(s, address, bytes)
                               : connect_stream(s, address, bytes);
}

static int unix_listen(struct mf_open_file *f, int backlog)
{
    struct unix_socket *const s = unix_of(f);

    if (unix_is_datagram(s)) {
        return -EOPNOTSUPP;
    }
    if (s->name.bytes == 0) {
        return -EDESTADDRREQ;
    }
    if (s->state != UNIX_NEW && s->state != UNIX_LISTENING) {
        return -EINVAL;
    }
    s->state = UNIX_LISTENING;
    s->backlog = backlog < 1 ? 1 : backlog > BACKLOG_MAX ? BACKLOG_MAX : backlog;
    mf_file_notify(f, UNIX_ROOM);
    return 0;
}

static struct unix_socket *take_accepted(struct unix_socket *s)
{
    struct unix_socket *const first = s->accept_first;

    if (first != NULL) {
        s->accept_first = first->accept_next;
        s->accept_count--;
        first->accept_next = NULL;
    }
    return first;
}

/* It may have got its name after it was connected. */
static const struct unix_name *name_of_peer(const struct unix_socket *s)
{
    return s->peer != NULL ? &s->peer->name : &s->peer_name;
}

static int unix_accept(struct mf_open_file *f, struct mf_open_file **accepted,
                       struct sockaddr *address, socklen_t *bytes)
{
    struct unix_socket *const s = unix_of(f);
    const uint64_t until =
        s->receive_timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(s->receive_timeout_ns);

    if (unix_is_datagram(s)) {
        return -EOPNOTSUPP;
    }
    while (s->accept_first == NULL) {
        if (s->state != UNIX_LISTENING || s->is_read_shut) {
            return -EINVAL;
        }
        const int r = unix_wait(s, f, POLLIN, 0, until);
        if (r < 0 && s->accept_first == NULL) {
            return r;
        }
    }
    struct unix_socket *const other = take_accepted(s);
    mf_file_notify(f, UNIX_ROOM);
    unix_name_write(name_of_peer(other), address, bytes);
    *accepted = &other->file;
    return 0;
}

static int unix_name(struct mf_open_file *f, bool of_peer, struct sockaddr *address,
                     socklen_t *bytes)
{
    const struct unix_socket *const s = unix_of(f);

    if (of_peer && (s->state == UNIX_NEW || s->state == UNIX_LISTENING)) {
        return -ENOTCONN;
    }
    unix_name_write(of_peer ? name_of_peer(s) : &s->name, address, bytes);
    return 0;
}

/* ---- end ---------------------------------------------------------------------------------- */

static int unix_shutdown(struct mf_open_file *f, bool read, bool write)
{
    struct unix_socket *const s = unix_of(f);
    const uint32_t all = POLLIN | POLLOUT | POLLHUP | POLLRDHUP | UNIX_ROOM;

    if (s->state == UNIX_NEW || (s->state == UNIX_LISTENING && !read)) {
        return -ENOTCONN;
    }
    s->is_read_shut |= read;
    s->is_write_shut |= write;
    mf_file_notify(f, all);
    if (s->peer != NULL) {
        mf_file_notify(&s->peer->file, all);
    }
    return 0;
}

/* The peer of a stream or of packets loses its other end. */
static void leave_peer(struct unix_socket *s)
{
    struct unix_socket *const peer = s->peer;

    if (peer == NULL || unix_is_datagram(s)) {
        point_at_none(s);
        return;
    }
    s->peer = NULL;
    peer->peer = NULL;
    peer->peer_name = s->name;
    peer->state = UNIX_CLOSED;
    peer->error = s->first != NULL ? ECONNRESET : peer->error; /* it has written in vain */
    mf_file_notify(&peer->file, POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLERR | UNIX_ROOM);
}

static void unix_close(struct mf_open_file *f)
{
    struct unix_socket *const s = unix_of(f);

    leave_peer(s);
    /* A connection that was accepted has the listener's name, but no entry. */
    unix_name_release(s);
    while (s->senders != NULL) {
        struct unix_socket *const from = s->senders;
        point_at_none(from);
        from->state = UNIX_CLOSED;
        mf_file_notify(&from->file, POLLOUT | POLLERR);
    }
    for (struct unix_socket *other; (other = take_accepted(s)) != NULL;) {
        if (other->peer != NULL) {
            other->peer->error = ECONNRESET; /* never accepted */
        }
        mf_file_put(&other->file);
    }
    unix_drop_queue(s);
    free(s);
}

/* ---- as a file ---------------------------------------------------------------------------- */

static ssize_t unix_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *position)
{
    struct mf_message m;
    const int r = mf_message_of_vectors(&m, iov, iov_count);
    (void)position;

    return r < 0 || m.bytes == 0 ? r : unix_receive(f, &m);
}

static ssize_t unix_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *position)
{
    struct mf_message m;
    const int r = mf_message_of_vectors(&m, iov, iov_count);
    (void)position;

    return r < 0 ? r : unix_send(f, &m);
}

static bool is_readable(const struct unix_socket *s)
{
    if (s->state == UNIX_LISTENING) {
        return s->accept_first != NULL;
    }
    return s->first != NULL || s->is_read_shut ||
           (!unix_is_datagram(s) && s->state != UNIX_NEW &&
            (s->peer == NULL || s->peer->is_write_shut));
}

static uint32_t unix_poll(struct mf_open_file *f)
{
    const struct unix_socket *const s = unix_of(f);
    const bool is_pair = !unix_is_datagram(s) && s->state != UNIX_NEW && s->state != UNIX_LISTENING;
    const bool peer_ended = is_pair && (s->peer == NULL || s->peer->is_write_shut);
    const bool peer_hears = !is_pair || (s->peer != NULL && !s->peer->is_read_shut);
    uint32_t events = s->error != 0 ? POLLERR : 0;

    events |= is_readable(s) ? POLLIN | POLLRDNORM : 0;
    events |= s->is_read_shut || peer_ended ? POLLRDHUP : 0;
    if (s->state != UNIX_LISTENING && (s->peer == NULL || unix_has_room(s, s->peer))) {
        events |= POLLOUT | POLLWRNORM;
    }
    if ((!unix_is_datagram(s) && s->state == UNIX_NEW) ||
        ((s->is_read_shut || peer_ended) && (s->is_write_shut || !peer_hears))) {
        events |= POLLHUP;
    }
    return events;
}

static int unix_fstat(struct mf_open_file *f, struct stat *st)
{
    (void)f;
    *st = (struct stat){
        .st_mode = S_IFSOCK | S_IRWXU | S_IRWXG | S_IRWXO, .st_nlink = 1, .st_blksize = 4096};
    return 0;
}

/* Of datagrams the first one's. */
static size_t bytes_to_read(const struct unix_socket *s)
{
    size_t bytes = 0;
    for (const struct unix_message *m = s->first; m != NULL; m = m->next) {
        bytes += m->bytes - m->read;
        if (unix_is_datagram(s)) {
            break;
        }
    }
    return bytes;
}

static int unix_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    const struct unix_socket *const s = unix_of(f);

    switch (request) {
    case FIONREAD:
        if (s->state == UNIX_LISTENING) {
            return -EINVAL;
        }
        *(int *)arg = (int)bytes_to_read(s);
        return 0;
    case TIOCOUTQ:
        *(int *)arg = s->peer == NULL ? 0 : (int)s->peer->queued_bytes;
        return 0;
    default:
        return mf_unix_async_ioctl(f, request, arg);
    }
}

static const struct mf_socket_calls unix_calls = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .shutdown = unix_shutdown,
    .name = unix_name,
    .send = unix_send,
    .receive = unix_receive,
    .set_option = unix_set_option,
    .get_option = unix_get_option,
};

const struct mf_fd_ops mf_unix_ops = {
    .readv = unix_readv,
    .writev = unix_writev,
    .poll = unix_poll,
    .close = unix_close,
    .fstat = unix_fstat,
    .ioctl = unix_ioctl,
    .socket = &unix_calls,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_socket.c - stream sockets. See socket.h.
 *
 * The pcb belongs to the socket until either of them is done: lwIP frees it when the connection
 * fails or is over (on_error()), and it goes on alone, without callbacks, to its orderly end when
 * the socket is closed or both directions have ended (detach()).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "net/net.h"
#include "net/socket.h"
#include "net/tcp_socket.h"
#include "start/clone.h"
#include "thread/thread.h"
#include "time/clock.h"

#define LINGER_STEP_NS (2 * MF_NS_PER_MS)
#define CORK_STEPS 2            /* of TCP_SLOW_INTERVAL, 100 ms */
#define WRITE_BYTES_MAX 0xffffu /* tcp_write(), tcp_recved() take 16 bits */

static uint64_t deadline(uint64_t timeout_ns)
{
    return timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(timeout_ns);
}

/* Bytes that may be queued to be sent: lwIP's room and SO_SNDBUF. */
static uint32_t send_room(const struct mf_socket *s)
{
    const uint32_t room = s->tcp->snd_buf; /* tcp_sndbuf() cuts it to 16 bits */
    const uint32_t in_use = TCP_SND_BUF - room;
    const uint32_t limit = (uint32_t)s->options.send_bytes;

    if (in_use >= limit || tcp_sndqueuelen(s->tcp) >= TCP_SND_QUEUELEN - 1) {
        return 0;
    }
    return LWIP_MIN(limit - in_use, room);
}

/* Enough room that it is worth waking a writer. */
static bool is_writable(const struct mf_socket *s)
{
    return send_room(s) > (uint32_t)s->options.send_bytes / 4 &&
           tcp_sndqueuelen(s->tcp) < TCP_SNDQUEUELOWAT;
}

static void drop_received(struct mf_socket *s)
{
    while (s->rx_first != NULL) {
        struct pbuf *const p = s->rx_first;
        s->rx_first = p->next;
        p->next = NULL;
        pbuf_free(p);
    }
    s->rx_last = NULL;
    s->rx_bytes = 0;
    s->rx_offset = 0;
}

/* Lets the pcb go on without us. */
static void detach(struct mf_socket *s)
{
    struct tcp_pcb *const pcb = s->tcp;

    s->tcp = NULL;
    if (pcb != NULL) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
        tcp_err(pcb, NULL);
    }
}

static void note_addresses(struct mf_socket *s)
{
    ip_addr_copy(s->local, s->tcp->local_ip);
    ip_addr_copy(s->peer, s->tcp->remote_ip);
    s->local_port = s->tcp->local_port;
    s->peer_port = s->tcp->remote_port;
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct mf_socket *const s = arg;
    (void)error;

    if (p == NULL) {
        s->is_eof = true;
        if (s->is_write_shut) {
            detach(s); /* TIME-WAIT or nearly: lwIP frees such a pcb without a word */
        }
        mf_file_notify(&s->file, POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP);
        return ERR_OK;
    }
    if (s->is_read_shut) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        return ERR_OK;
    }
    s->rx_bytes += p->tot_len;
    if (s->rx_first == NULL) {
        s->rx_first = p;
    } else {
        s->rx_last->next = p;
    }
    while (p->next != NULL) {
        p = p->next;
    }
    s->rx_last = p;
    mf_file_notify(&s->file, POLLIN | POLLRDNORM);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t bytes)
{
    struct mf_socket *const s = arg;
    (void)pcb;
    (void)bytes;

    if (s->file.watchers != NULL && is_writable(s)) {
        mf_file_notify(&s->file, POLLOUT | POLLWRNORM);
    }
    return ERR_OK;
}

static void on_error(void *arg, err_t error)
{
    struct mf_socket *const s = arg;

    s->tcp = NULL; /* lwIP has freed it */
    if (error == ERR_RST) {
        s->error = s->state == MF_SOCKET_CONNECTING ? ECONNREFUSED : ECONNRESET;
    } else if (error != ERR_CLSD) {
        s->error = ETIMEDOUT; /* ERR_ABRT: too many retransmissions or keep-alive probes */
    }
    s->state = MF_SOCKET_CLOSED;
    s->is_eof = true;
    mf_file_notify(&s->file, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM);
}

void mf_tcp_lose(struct mf_socket *s)
{
    if ((s->state != MF_SOCKET_CONNECTED && s->state != MF_SOCKET_CONNECTING) ||
        (s->tcp == NULL && s->rx_first == NULL)) {
        return;
    }
    if (s->tcp != NULL) {
        detach(s);
    }
    s->error = ECONNRESET;
    s->state = MF_SOCKET_CLOSED;
    s->is_eof = true;
    mf_file_notify(&s->file, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM);
}

static void attach(struct mf_socket *s, struct tcp_pcb *pcb)
{
    s->tcp = pcb;
    tcp_arg(pcb, s);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
}

static int tcp_open(struct mf_socket *s)
{
    struct tcp_pcb *const pcb = tcp_new_ip_type(mf_address_type(s));

    if (pcb == NULL) {
        return -ENOBUFS;
    }
    attach(s, pcb);
    mf_socket_apply_options(s);
    return 0;
}

/* ---- naming and connecting ------------------------------------------------------------------ */

static int tcp_bind_socket(struct mf_socket *s, const ip_addr_t *address, uint16_t port)
{
    const int r = mf_socket_errno(tcp_bind(s->tcp, address, port));

    if (r == 0) {
        ip_addr_copy(s->local, s->tcp->local_ip);
        s->local_port = s->tcp->local_port;
    }
    return r;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    struct mf_socket *const s = arg;
    (void)pcb;
    (void)error; /* always ERR_OK */

    s->state = MF_SOCKET_CONNECTED;
    note_addresses(s);
    mf_file_notify(&s->file, POLLOUT | POLLWRNORM);
    return ERR_OK;
}

static int start_connecting(struct mf_socket *s, const ip_addr_t *address, uint16_t port)
{
    if (s->tcp == NULL) { /* an earlier attempt failed */
        const int r = tcp_open(s);
        if (r < 0) {
            return r;
        }
        s->is_eof = s->is_read_shut = s->is_write_shut = false;
        s->error = 0;
        drop_received(s);
    }
    const int r = mf_socket_errno(tcp_connect(s->tcp, address, port, on_connected));
    if (r == 0) {
        s->state = MF_SOCKET_CONNECTING;
        s->is_bound = true;
        note_addresses(s);
        mf_net_kick();
    }
    return r == -EADDRINUSE && s->local_port == 0 ? -EADDRNOTAVAIL : r;
}

static int tcp_connect_socket(struct mf_socket *s, const ip_addr_t *address, uint16_t port)
{
    if (s->state == MF_SOCKET_CONNECTED) {
        return -EISCONN;
    }
    if (s->state == MF_SOCKET_LISTENING) {
        return -EOPNOTSUPP;
    }
    const bool is_second = s->state == MF_SOCKET_CONNECTING;
    if (is_second && (s->file.flags & O_NONBLOCK) != 0) {
        return -EALREADY;
    }
    if (!is_second) {
        const int error = mf_socket_take_error(s);
        const int r = error < 0 ? error : start_connecting(s, address, port);
        if (r < 0) {
            return r;
        }
    }
    if ((s->file.flags & O_NONBLOCK) != 0) {
        return -EINPROGRESS; /* what has been sent is on its way; do not even poll */
    }
    const uint64_t until = deadline(s->options.send_timeout_ns);
    while (s->state == MF_SOCKET_CONNECTING) {
        const int r = mf_socket_wait(s, POLLOUT, 0, until);
        if (s->state == MF_SOCKET_CONNECTING && r < 0) {
            return r == -EAGAIN ? -EINPROGRESS : r;
        }
    }
    return s->state == MF_SOCKET_CONNECTED ? 0 : mf_socket_take_error(s);
}

/* ---- end ---------------------------------------------------------------------------------- */

/* As on Linux: threads that wait for a connection are told to end in this way. */
static int stop_listening(struct mf_socket *s)
{
    struct tcp_pcb *const pcb = s->tcp;

    mf_tcp_drop_accepted(s);
    s->tcp = NULL;
    s->state = MF_SOCKET_CLOSED;
    tcp_arg(pcb, NULL);
    tcp_close(pcb);
    mf_file_notify(&s->file, POLLIN | POLLOUT | POLLHUP);
    return 0;
}

static int tcp_shutdown_socket(struct mf_socket *s, bool read, bool write)
{
    if (s->state == MF_SOCKET_LISTENING && read) {
        return stop_listening(s);
    }
    if (s->state != MF_SOCKET_CONNECTED) {
        return -ENOTCONN;
    }
    s->is_read_shut |= read;
    if (write && !s->is_write_shut) {
        s->is_write_shut = true;
        if (s->tcp != NULL) {
            tcp_shutdown(s->tcp, 0, 1); /* without memory it is done later: TF_CLOSEPEND */
            if (s->is_eof) {
                detach(s);
            }
        }
        mf_net_kick();
    }
    mf_file_notify(&s->file, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return 0;
}

/* SO_LINGER with a time: waits that long for the peer to confirm what was sent. */
static void linger(struct mf_socket *s)
{
    const uint64_t until = mf_clock_deadline((uint64_t)s->options.linger.l_linger * MF_NS_PER_S);

    s->is_write_shut = true;
    tcp_shutdown(s->tcp, 0, 1);
    mf_net_kick();
    while (s->tcp != NULL && (s->tcp->unsent != NULL || s->tcp->unacked != NULL) &&
           mf_clock_ns() < until) {
        const uint32_t critical = mf_critical_suspend();
        mf_thread_sleep(mf_clock_deadline(LINGER_STEP_NS));
        mf_critical_resume(critical);
    }
}

static void tcp_close_socket(struct mf_socket *s)
{
    const bool is_listening = s->state == MF_SOCKET_LISTENING;

    drop_received(s);
    if (is_listening) {
        mf_tcp_drop_accepted(s);
    }
    if (s->options.linger.l_onoff != 0 && s->options.linger.l_linger > 0 && s->tcp != NULL &&
        s->state == MF_SOCKET_CONNECTED && (s->file.flags & O_NONBLOCK) == 0) {
        linger(s);
        drop_received(s);
    }
    struct tcp_pcb *const pcb = s->tcp;
    if (pcb == NULL) {
        return;
    }
    if (is_listening) {
        tcp_arg(pcb, NULL);
        tcp_close(pcb);
        return;
    }
    detach(s);
    if (s->options.linger.l_onoff != 0 && s->options.linger.l_linger == 0) {
        tcp_abort(pcb);
    } else {
        tcp_close(pcb); /* resets when something is unread, as RFC 2525, 2.17 wants it */
    }
}

/* ---- sending ------------------------------------------------------------------------------ */

/* Why nothing can be sent: 0: wait; else a negative errno number. */
static int why_not_sendable(struct mf_socket *s)
{
    if (s->error != 0) {
        return mf_socket_take_error(s);
    }
    if (s->is_write_shut || s->state == MF_SOCKET_CLOSED) {
        return -EPIPE;
    }
    return s->state == MF_SOCKET_CONNECTED || s->state == MF_SOCKET_CONNECTING ? 0 : -EPIPE;
}

/* Queues what fits of `bytes` at `data`. Returns how much, 0: wait, or a negative errno number. */
static ssize_t queue_some(struct mf_socket *s, const uint8_t *data, size_t bytes, bool more)
{
    if (s->state != MF_SOCKET_CONNECTED || s->tcp == NULL) {
        return 0;
    }
    const uint32_t room = LWIP_MIN(send_room(s), WRITE_BYTES_MAX);
    size_t part = LWIP_MIN(bytes, room);
    if (part == 0) {
        return 0;
    }
    const u8_t flags = TCP_WRITE_FLAG_COPY | (more || part < bytes ? TCP_WRITE_FLAG_MORE : 0);
    for (;;) {
        const err_t error = tcp_write(s->tcp, data, (u16_t)part, flags);
        if (error == ERR_OK) {
            return (ssize_t)part;
        }
        if (error != ERR_MEM) {
            return mf_socket_errno(error);
        }
        if (part <= TCP_MSS) { /* what is on its way will give room */
            return s->tcp->unacked != NULL || s->tcp->unsent != NULL ? 0 : -ENOBUFS;
        }
        part /= 2;
    }
}

static err_t on_cork_time(void *arg, struct tcp_pcb *pcb)
{
    (void)arg;
    tcp_poll(pcb, NULL, 0);
    return tcp_output(pcb);
}

/* TCP_CORK: less than a segment waits for more, or for 0.2 s (tcp(7)). */
static void send_queued(struct mf_socket *s)
{
    const struct tcp_seg *const unsent = s->tcp->unsent;

    if (s->options.cork && unsent != NULL && unsent->next == NULL && unsent->len < s->tcp->mss) {
        tcp_poll(s->tcp, on_cork_time, CORK_STEPS);
        return;
    }
    tcp_output(s->tcp);
}

static ssize_t tcp_send_message(struct mf_socket *s, const struct mf_message *m,
                                const struct mf_endpoint *to)
{
    (void)to;
    size_t sent = 0, at = 0; /* `at` bytes of vector i are queued */
    uint64_t until = 0;
    int error = why_not_sendable(s);

    for (int i = 0; i < m->iov_count && error == 0;) {
        if (at == m->iov[i].iov_len) {
            i++;
            at = 0;
            continue;
        }
        const bool more = i + 1 < m->iov_count || (m->flags & MSG_MORE) != 0;
        const ssize_t r =
            queue_some(s, (const uint8_t *)m->iov[i].iov_base + at, m->iov[i].iov_len - at, more);
        if (r > 0) {
            at += (size_t)r;
            sent += (size_t)r;
            continue;
        }
        error = (int)r;
        if (error == 0) {
            if (s->tcp != NULL && s->state == MF_SOCKET_CONNECTED) {
                tcp_output(s->tcp);
                mf_net_kick();
            }
            until = until == 0 ? deadline(s->options.send_timeout_ns) : until;
            error = mf_socket_wait(s, POLLOUT, m->flags, until);
            const int pending = s->error;
            const int reason = why_not_sendable(s);
            if (reason != 0) {
                error = reason;
                s->error = sent > 0 ? pending : 0; /* this call says how much, the next one why */
            } else if (s->tcp != NULL && send_room(s) > 0) {
                error = 0; /* also when it said EAGAIN: it has polled */
            }
        }
    }
    if (sent > 0 && s->tcp != NULL) {
        send_queued(s);
    }
    return sent > 0 ? (ssize_t)sent : error;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Copies what is there behind the first `done` bytes of `m`. Returns how much. */
static size_t copy_received(struct mf_socket *s, const struct mf_message *m, size_t done)
{
    const struct pbuf *p = s->rx_first;
    size_t offset = s->rx_offset, copied = 0;

    for (; p != NULL && done + copied < m->bytes; p = p->next) {
        copied +=
            mf_message_put(m, done + copied, (const uint8_t *)p->payload + offset, p->len - offset);
        offset = 0;
    }
    return copied;
}

/* Gives back the first `bytes` that are there. */
static void consume_received(struct mf_socket *s, size_t bytes)
{
    size_t left = bytes;

    while (left > 0) {
        struct pbuf *const p = s->rx_first;
        const size_t there = (size_t)p->len - s->rx_offset;
        if (left < there) {
            s->rx_offset = (uint16_t)(s->rx_offset + left);
            break;
        }
        left -= there;
        s->rx_first = p->next;
        s->rx_offset = 0;
        p->next = NULL;
        p->tot_len = p->len;
        pbuf_free(p);
    }
    s->rx_bytes -= bytes;
    while (s->tcp != NULL && bytes > 0) {
        const size_t part = bytes < WRITE_BYTES_MAX ? bytes : WRITE_BYTES_MAX;
        tcp_recved(s->tcp, (u16_t)part);
        bytes -= part;
    }
}

/* Nothing is there: 1: wait; 0: the end; else a negative errno number. */
static int why_nothing_received(struct mf_socket *s)
{
    if (s->error != 0) {
        return mf_socket_take_error(s);
    }
    if (s->is_eof || s->is_read_shut) {
        return 0;
    }
    return s->state == MF_SOCKET_CONNECTED || s->state == MF_SOCKET_CONNECTING ? 1 : -ENOTCONN;
}

static ssize_t tcp_receive_message(struct mf_socket *s, struct mf_message *m,
                                   struct mf_endpoint *from)
{
    (void)from;
    const bool peek = (m->flags & MSG_PEEK) != 0;
    const bool all = (m->flags & MSG_WAITALL) != 0 && !peek;
    uint64_t until = 0;
    size_t done = 0;
    int reason = 1;

    if (m->bytes == 0) {
        return 0;
    }
    for (;;) {
        const size_t part = copy_received(s, m, done);
        done += part;
        if (part > 0 && !peek) {
            consume_received(s, part);
            mf_net_kick();
        }
        if (done == m->bytes || (done > 0 && !all)) {
            break;
        }
        const int pending = s->error;
        reason = why_nothing_received(s);
        if (reason <= 0) {
            s->error = done > 0 ? pending : 0;
            break;
        }
        until = until == 0 ? deadline(s->options.receive_timeout_ns) : until;
        reason = mf_socket_wait(s, POLLIN, m->flags, until);
        if (reason < 0 && s->rx_first == NULL && !s->is_eof) {
            break;
        }
    }
    m->flags = 0;
    return done > 0 ? (ssize_t)done : reason;
}

static size_t tcp_readable(const struct mf_socket *s)
{
    return s->rx_bytes;
}

static size_t tcp_unsent(const struct mf_socket *s)
{
    return s->tcp == NULL || s->state != MF_SOCKET_CONNECTED ? 0 : TCP_SND_BUF - s->tcp->snd_buf;
}

/* ---- readiness ---------------------------------------------------------------------------- */

static uint32_t tcp_poll_socket(struct mf_socket *s)
{
    uint32_t events = s->error != 0 ? POLLERR | POLLIN | POLLOUT : 0;

    switch (s->state) {
    case MF_SOCKET_LISTENING:
        return s->accept_first != NULL ? POLLIN | POLLRDNORM : 0;
    case MF_SOCKET_CONNECTING:
        return events;
    case MF_SOCKET_NEW:
        return events | POLLOUT | POLLHUP;
    default:
        break;
    }
    if (s->rx_first != NULL || s->is_eof || s->is_read_shut) {
        events |= POLLIN | POLLRDNORM;
    }
    if (s->is_eof || s->is_read_shut) {
        events |= POLLRDHUP;
    }
    if (s->tcp == NULL || s->is_write_shut || is_writable(s)) {
        events |= POLLOUT | POLLWRNORM;
    }
    if (s->state == MF_SOCKET_CLOSED || (s->is_eof && s->is_write_shut)) {
        events |= POLLHUP;
    }
    return events;
}

void mf_tcp_attach(struct mf_socket *s, struct tcp_pcb *pcb)
{
    attach(s, pcb);
    s->state = MF_SOCKET_CONNECTED;
    note_addresses(s);
}

const struct mf_transport mf_tcp_transport = {
    .open = tcp_open,
    .bind = tcp_bind_socket,
    .connect = tcp_connect_socket,
    .listen = mf_tcp_listen,
    .accept = mf_tcp_accept,
    .send = tcp_send_message,
    .receive = tcp_receive_message,
    .poll = tcp_poll_socket,
    .shutdown = tcp_shutdown_socket,
    .close = tcp_close_socket,
    .readable = tcp_readable,
    .unsent = tcp_unsent,
};

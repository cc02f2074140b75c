/* SPDX-License-Identifier: Apache-2.0 */
/* unix_io.c - sending and receiving on AF_UNIX sockets. See unix_socket.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "net/unix_socket.h"
#include "thread/idle.h"
#include "time/clock.h"

#define SEND_FLAGS                                                                                 \
    (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR | MSG_DONTROUTE | MSG_CMSG_CLOEXEC)
#define RECEIVE_FLAGS                                                                              \
    (MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_TRUNC | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC)
#define PART_BYTES_MAX 65536u /* of a stream, in one message */
#define PART_BYTES_MIN 1000u  /* room for it: short writes share a message */
#define CHARGE_BYTES_MIN 512u /* what a datagram takes of the queue, however short it is */

static uint64_t deadline(uint64_t timeout_ns)
{
    return timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(timeout_ns);
}

int unix_wait(struct unix_socket *s, struct mf_open_file *f, uint32_t events, int flags,
              uint64_t deadline_ns)
{
    if ((s->file.flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0) {
        mf_idle_poll();
        return -EAGAIN;
    }
    /* Without a reference of f, which may go meanwhile: then this ends, too. */
    const int r = mf_file_wait_always(&s->file, f, events | MF_WATCH_CLOSED, deadline_ns);
    return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* ---- the queue ---------------------------------------------------------------------------- */

static size_t charge_of(const struct unix_socket *owner, const struct unix_message *m)
{
    if (owner->type == SOCK_STREAM) {
        return m->bytes - m->read;
    }
    return m->bytes < CHARGE_BYTES_MIN ? CHARGE_BYTES_MIN : m->bytes;
}

static void append(struct unix_socket *to, struct unix_message *m)
{
    m->next = NULL;
    if (to->first == NULL) {
        to->first = m;
    } else {
        to->last->next = m;
    }
    to->last = m;
    to->queued_bytes += charge_of(to, m);
}

static void drop_first(struct unix_socket *s)
{
    struct unix_message *const m = s->first;

    s->first = m->next;
    s->queued_bytes -= charge_of(s, m);
    unix_files_free(m->files);
    free(m->from);
    free(m);
}

void unix_drop_queue(struct unix_socket *s)
{
    while (s->first != NULL) {
        drop_first(s);
    }
}

/* Something was taken from the queue of `s`: tells those who want to send to it. */
static void tell_room(struct unix_socket *s)
{
    mf_file_notify(&s->file, UNIX_ROOM);
    if (!unix_is_datagram(s)) {
        if (s->peer != NULL) {
            mf_file_notify(&s->peer->file, POLLOUT | POLLWRNORM);
        }
        return;
    }
    for (struct unix_socket *from = s->senders; from != NULL; from = from->sender_next) {
        mf_file_notify(&from->file, POLLOUT | POLLWRNORM);
    }
}

/* A message with `bytes` of `m` from `at` on, in `room` bytes. Takes *files when it is made. */
static struct unix_message *make_message(const struct mf_message *m, size_t at, size_t bytes,
                                         size_t room, struct unix_files **files)
{
    struct unix_message *const message = malloc(sizeof(*message) + room);

    if (message == NULL) {
        return NULL;
    }
    *message =
        (struct unix_message){.files = *files, .bytes = (uint32_t)bytes, .room = (uint32_t)room};
    *files = NULL;
    mf_message_get(m, at, message->data, bytes);
    return message;
}

/* The pending error, which this ends; 0: none. */
static int take_error(struct unix_socket *s)
{
    const int error = s->error;
    s->error = 0;
    return -error;
}

/* ---- sending a stream ------------------------------------------------------------------------ */

/* Why nothing can be sent: 0: it can, or there is no room; else a negative errno number. */
static int why_not_sendable(const struct unix_socket *s)
{
    if (s->state == UNIX_NEW || s->state == UNIX_LISTENING) {
        return -ENOTCONN;
    }
    return s->is_write_shut || s->peer == NULL || s->peer->is_read_shut ? -EPIPE : 0;
}

/* Puts what fits of the rest of `m` into the last message of `to`. Returns how much. */
static size_t extend_last(struct unix_socket *to, const struct mf_message *m, size_t at,
                          size_t bytes)
{
    struct unix_message *const last = to->last;

    if (to->first == NULL || last->files != NULL) {
        return 0;
    }
    const size_t room = last->room - last->bytes;
    const size_t part = bytes < room ? bytes : room;
    mf_message_get(m, at, last->data + last->bytes, part);
    last->bytes += (uint32_t)part;
    to->queued_bytes += part;
    return part;
}

/* Queues some of `m` from `at` on. Returns how much, or -ENOBUFS. */
static ssize_t queue_part(struct unix_socket *s, const struct mf_message *m, size_t at,
                          struct unix_files **files)
{
    struct unix_socket *const to = s->peer;
    const size_t limit = (size_t)s->send_bytes - to->queued_bytes;
    size_t part = m->bytes - at < limit ? m->bytes - at : limit;

    part = part < PART_BYTES_MAX ? part : PART_BYTES_MAX;
    size_t done = *files == NULL ? extend_last(to, m, at, part) : 0;
    if (done < part) {
        const size_t rest = part - done;
        struct unix_message *const message =
            make_message(m, at + done, rest, rest < PART_BYTES_MIN ? PART_BYTES_MIN : rest, files);
        if (message == NULL) {
            return done > 0 ? (ssize_t)done : -ENOBUFS;
        }
        message->sender = unix_own_credentials();
        append(to, message);
        done = part;
    }
    mf_file_notify(&to->file, POLLIN | POLLRDNORM);
    return (ssize_t)done;
}

static ssize_t send_stream(struct unix_socket *s, const struct mf_message *m,
                           struct unix_files **files)
{
    const uint64_t until = deadline(s->send_timeout_ns);
    size_t done = 0;
    int error = m->name == NULL ? why_not_sendable(s)
                                : (s->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP);

    while (error == 0 && done < m->bytes) {
        if (unix_has_room(s, s->peer)) {
            const ssize_t r = queue_part(s, m, done, files);
            done += r > 0 ? (size_t)r : 0;
            error = r < 0 ? (int)r : 0;
            continue;
        }
        error = unix_wait(s, &s->peer->file, UNIX_ROOM, m->flags, until);
        const int reason = why_not_sendable(s);
        error = reason != 0 ? reason : error;
        if (error == -EAGAIN && unix_has_room(s, s->peer)) {
            error = 0;
        }
    }
    return done > 0 ? (ssize_t)done : error;
}

/* ---- sending records ------------------------------------------------------------------------- */

/* Where a record goes. -ECONNREFUSED, -ENOTCONN, -EDESTADDRREQ, ... */
static int find_receiver(struct unix_socket *s, const struct mf_message *m, struct unix_socket **to)
{
    struct unix_name name;

    if (!unix_is_datagram(s)) {
        const int r = m->name != NULL ? -EISCONN : why_not_sendable(s);
        *to = s->peer;
        return r;
    }
    if (s->is_write_shut) {
        return -EPIPE;
    }
    if (m->name == NULL) {
        *to = s->peer;
        return s->peer != NULL ? 0 : s->state == UNIX_CLOSED ? -ECONNREFUSED : -EDESTADDRREQ;
    }
    int r = unix_name_read(m->name, m->name_bytes, &name);
    if (r == 0) {
        r = unix_name_find(&name, to);
    }
    return r == 0 && (*to)->type != s->type ? -EPROTOTYPE : r;
}

static int check_receiver(const struct unix_socket *s, const struct unix_socket *to)
{
    if (to->is_read_shut) {
        return -EPIPE;
    }
    /* A connected datagram socket hears its peer only. */
    return unix_is_datagram(s) && to->peer != NULL && to->peer != s ? -EPERM : 0;
}

static ssize_t queue_record(struct unix_socket *s, struct unix_socket *to,
                            const struct mf_message *m, struct unix_files **files,
                            const struct ucred *sender)
{
    struct unix_name *from = NULL;

    if (s->name.bytes != 0) {
        from = malloc(sizeof(*from));
        if (from == NULL) {
            return -ENOBUFS;
        }
        *from = s->name;
    }
    struct unix_message *const message = make_message(m, 0, m->bytes, m->bytes, files);
    if (message == NULL) {
        free(from);
        return -ENOBUFS;
    }
    message->sender = *sender;
    message->from = from;
    append(to, message);
    mf_file_notify(&to->file, POLLIN | POLLRDNORM);
    return (ssize_t)m->bytes;
}

static ssize_t send_record(struct unix_socket *s, const struct mf_message *m,
                           struct unix_files **files, const struct ucred *sender)
{
    const uint64_t until = deadline(s->send_timeout_ns);
    int waited = 0;

    if (m->bytes > (size_t)s->send_bytes || s->error != 0) {
        return s->error != 0 ? take_error(s) : -EMSGSIZE;
    }
    for (;;) {
        struct unix_socket *to;
        int r = find_receiver(s, m, &to);
        if (r == 0) {
            r = check_receiver(s, to);
        }
        if (r < 0) {
            return r;
        }
        if (unix_has_room(s, to)) {
            return queue_record(s, to, m, files, sender);
        }
        if (waited < 0) {
            return waited;
        }
        waited = unix_wait(s, &to->file, UNIX_ROOM, m->flags, until);
    }
}

ssize_t unix_send(struct mf_open_file *f, struct mf_message *m)
{
    struct unix_socket *const s = unix_of(f);
    struct unix_files *files = NULL;
    struct ucred sender = unix_own_credentials();
    ssize_t r = (m->flags & ~SEND_FLAGS) != 0 ? -EOPNOTSUPP : 0;

    if (r == 0 && m->control != NULL) {
        r = unix_control_read(m, &files, &sender);
    }
    if (r < 0) {
        return r;
    }
    r = s->type == SOCK_STREAM ? send_stream(s, m, &files) : send_record(s, m, &files, &sender);
    unix_files_free(files); /* what was not sent */
    if (r == -EPIPE && s->type == SOCK_STREAM && (m->flags & MSG_NOSIGNAL) == 0) {
        raise(SIGPIPE);
    }
    return r;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Nothing is there: 1: wait; 0: the end; else a negative errno number. */
static int why_nothing_received(struct unix_socket *s)
{
    if (s->error != 0 || s->is_read_shut) {
        return take_error(s);
    }
    if (unix_is_datagram(s)) {
        return 1;
    }
    if (s->state == UNIX_NEW || s->state == UNIX_LISTENING) {
        return -ENOTCONN;
    }
    return s->peer == NULL || s->peer->is_write_shut ? 0 : 1;
}

/* Blocks until something is queued. Returns 1, 0 (the end) or a negative errno number. */
static int wait_for_message(struct unix_socket *s, int flags, uint64_t until)
{
    while (s->first == NULL) {
        int r = why_nothing_received(s);
        if (r <= 0) {
            return r;
        }
        r = unix_wait(s, &s->file, POLLIN, flags, until);
        if (r < 0 && s->first == NULL) {
            return r;
        }
    }
    return 1;
}

static bool carries_something(const struct unix_message *m)
{
    return m->files != NULL;
}

/*
 * Copies from the queue behind the first `done` bytes of `m`: up to a message with descriptors, and
 * not beyond one. Returns how much; *is_end: descriptors end the receive here.
 */
static size_t copy_stream(struct unix_socket *s, struct mf_message *m, size_t done, bool peek,
                          bool *is_end)
{
    size_t copied = 0;

    for (struct unix_message *from = s->first; from != NULL && done + copied < m->bytes;) {
        struct unix_message *const next = from->next;
        const bool is_special = carries_something(from);
        if (is_special && done + copied > 0) {
            *is_end = true;
            break;
        }
        if (done + copied == 0) {
            unix_control_write(s, m, from, peek);
        }
        const size_t part =
            mf_message_put(m, done + copied, from->data + from->read, from->bytes - from->read);
        copied += part;
        if (!peek) {
            from->read += (uint32_t)part;
            s->queued_bytes -= part;
            if (from->read == from->bytes) {
                drop_first(s);
            }
        }
        if (is_special) {
            *is_end = true;
            break;
        }
        from = next;
    }
    return copied;
}

static ssize_t receive_stream(struct unix_socket *s, struct mf_message *m)
{
    const int flags = m->flags;
    const bool peek = (flags & MSG_PEEK) != 0;
    const uint64_t until = deadline(s->receive_timeout_ns);
    size_t done = 0;
    bool is_end = m->bytes == 0;
    int r = is_end ? 0 : 1;

    while (!is_end && done < m->bytes) {
        r = wait_for_message(s, flags, until);
        if (r <= 0) {
            break;
        }
        const size_t part = copy_stream(s, m, done, peek, &is_end);
        done += part;
        if (part > 0 && !peek) {
            tell_room(s);
        }
        is_end |= peek || (flags & MSG_WAITALL) == 0;
    }
    if (done == 0) {
        m->control_bytes = 0;
        m->flags = 0;
    }
    m->name_bytes = 0;
    return done > 0 ? (ssize_t)done : r;
}

static ssize_t receive_record(struct unix_socket *s, struct mf_message *m)
{
    const int flags = m->flags;
    const bool peek = (flags & MSG_PEEK) != 0;
    const int error = take_error(s); /* before what is queued: the sender's end has gone */
    const int r = error != 0 ? error : wait_for_message(s, flags, deadline(s->receive_timeout_ns));
    struct unix_message *const from = s->first;

    if (r <= 0) {
        m->flags = 0;
        m->control_bytes = 0;
        m->name_bytes = 0;
        return r;
    }
    const size_t bytes = from->bytes;
    const size_t done = mf_message_put(m, 0, from->data, bytes);
    unix_control_write(s, m, from, peek);
    m->flags |= done < bytes ? MSG_TRUNC : 0;
    if (from->from != NULL && m->name != NULL) {
        unix_name_write(from->from, m->name, &m->name_bytes);
    } else {
        m->name_bytes = 0;
    }
    if (!peek) {
        drop_first(s);
        tell_room(s);
    }
    return (ssize_t)((flags & MSG_TRUNC) != 0 ? bytes : done);
}

ssize_t unix_receive(struct mf_open_file *f, struct mf_message *m)
{
    if ((m->flags & ~RECEIVE_FLAGS) != 0) {
        return -EOPNOTSUPP;
    }
    return unix_of(f)->type == SOCK_STREAM ? receive_stream(unix_of(f), m)
                                           : receive_record(unix_of(f), m);
}

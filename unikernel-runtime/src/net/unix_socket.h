/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_socket.h - AF_UNIX sockets, inside: stream, datagram and sequenced packets within the guest.
 *
 * What is sent becomes a message in the queue of the receiving socket, which counts its bytes
 * against the sender's SO_SNDBUF. A connected pair points at each other; a connected datagram
 * socket points at its receiver, which knows all of those (`senders`). Nothing here uses lwIP or the
 * window, so a clone of the guest has everything as it was.
 *
 * Waiting     A sender waits on the receiver's file for UNIX_ROOM, so that a socket that many write
 *             to wakes them when it is read. Who polls for POLLOUT is told by on_room().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd/fd.h"
#include "net/calls.h"

#define UNIX_ROOM 0x08000000u /* of mf_file_notify(): no bit of poll()'s or epoll's */
#define UNIX_FILES_MAX 253    /* descriptors in one message, as with Linux */
#define UNIX_BUFFER_BYTES 212992

struct mf_node;

enum unix_state {
    UNIX_NEW = 0,   /* -> LISTENING, CONNECTED */
    UNIX_LISTENING, /* stays */
    UNIX_CONNECTED, /* -> CLOSED; datagrams: -> NEW */
    UNIX_CLOSED,    /* the peer is gone */
};

/* As bound; bytes 0: none. An abstract one starts with a NUL. */
struct unix_name {
    uint8_t bytes;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Descriptors on their way; owns a reference of each. */
struct unix_files {
    size_t count;
    struct mf_open_file *file[];
};

struct unix_message {
    struct unix_message *next;
    struct unix_files *files; /* owns; NULL: none */
    struct ucred sender;
    struct unix_name *from; /* owns; datagrams of a socket that has a name, else NULL */
    uint32_t bytes, read;   /* of data[]; how many a stream's reader has taken */
    uint32_t room;          /* of data[] */
    char data[];
};

struct unix_socket {
    struct mf_open_file file; /* first */
    uint8_t type, state;
    bool is_read_shut, is_write_shut;
    bool passes_credentials;  /* SO_PASSCRED */
    int error;                /* SO_ERROR */
    struct unix_socket *peer; /* borrows; NULL: none */
    /* Datagrams: those connected to this one, and this one among those of its peer. */
    struct unix_socket *senders, *sender_next, **sender_link;
    struct unix_message *first, *last; /* owns */
    size_t queued_bytes;
    /* Listening: connections not accepted yet; such a connection: the next one. */
    struct unix_socket *accept_first, *accept_last, *accept_next;
    int accept_count, backlog;
    struct unix_name name, peer_name;
    struct mf_node *node;                         /* owns a reference; NULL: no path */
    struct unix_socket *name_next;                /* of the table of names */
    struct ucred peer_credentials;                /* when it was connected */
    uint64_t send_timeout_ns, receive_timeout_ns; /* 0: none */
    int send_bytes, receive_bytes;
    uint32_t flags; /* options that are only stored, by bit SO_* */
    struct linger linger;
};

extern const struct mf_fd_ops mf_unix_ops;

static inline struct unix_socket *unix_of(struct mf_open_file *f)
{
    return (struct unix_socket *)f;
}

static inline bool unix_is_datagram(const struct unix_socket *s)
{
    return s->type == SOCK_DGRAM;
}

/** The guest's own process, user and group. */
struct ucred unix_own_credentials(void);

/* ---- unix_name.c --------------------------------------------------------------------------- */

/** Reads a sockaddr_un. -EINVAL, -EAFNOSUPPORT. An address without a name has bytes 0. */
int unix_name_read(const struct sockaddr *from, socklen_t bytes, struct unix_name *name);

/** Writes one, cut to *bytes; *bytes becomes the whole length. Either NULL: does nothing. */
void unix_name_write(const struct unix_name *name, struct sockaddr *to, socklen_t *bytes);

/** Gives `s` the name; a path gets a node. bytes 0: picks an abstract one. -EADDRINUSE, ... */
int unix_name_bind(struct unix_socket *s, const struct unix_name *name);

/** Takes its name away; a path's node stays, and nobody can connect to it any more. */
void unix_name_release(struct unix_socket *s);

/** The socket bound to `name`; not a new reference. -ECONNREFUSED, -ENOENT, ... */
int unix_name_find(const struct unix_name *name, struct unix_socket **out);

/* ---- unix_io.c ----------------------------------------------------------------------------- */

ssize_t unix_send(struct mf_open_file *f, struct mf_message *m);
ssize_t unix_receive(struct mf_open_file *f, struct mf_message *m);

/** Throws away what is queued. */
void unix_drop_queue(struct unix_socket *s);

/** May `s` queue something at `to`? */
static inline bool unix_has_room(const struct unix_socket *s, const struct unix_socket *to)
{
    return to->queued_bytes < (size_t)s->send_bytes;
}

/**
 * Waits on `f` for `events` (UNIX_ROOM, POLLIN) on behalf of `s`. Returns 0, -EAGAIN (non-blocking,
 * MSG_DONTWAIT, or the deadline passed), -EINTR.
 */
int unix_wait(struct unix_socket *s, struct mf_open_file *f, uint32_t events, int flags,
              uint64_t deadline_ns);

/* ---- unix_control.c ------------------------------------------------------------------------ */

/** What a send carries beside data. *files owns references afterwards; NULL: none. */
int unix_control_read(const struct mf_message *m, struct unix_files **files, struct ucred *sender);

/** Gives the reader what `from` carries: installs descriptors, and its credentials. */
void unix_control_write(struct unix_socket *s, struct mf_message *m, struct unix_message *from,
                        bool peek);

/** Drops the references. NULL is allowed. */
void unix_files_free(struct unix_files *files);

/* ---- unix_async.c -------------------------------------------------------------------------- */

/**
 * ioctl() with FIOASYNC, FIOSETOWN, FIOGETOWN; -ENOTTY: it is none of these. `f` may be a child's, too
 * (family/remote_socket.c).
 */
int mf_unix_async_ioctl(struct mf_open_file *f, unsigned long request, void *arg);

/* ---- unix_option.c ------------------------------------------------------------------------- */

int unix_set_option(struct mf_open_file *f, int level, int name, const void *value,
                    socklen_t bytes);
int unix_get_option(struct mf_open_file *f, int level, int name, void *value, socklen_t *bytes);

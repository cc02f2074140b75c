/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.h - BSD sockets on lwIP's raw API, inside. A socket is an open file (fd.h) with a
 * transport (TCP or UDP) behind it. lwIP calls the transports' callbacks from polling (net.h);
 * those queue what came in and notify the file, and never block.
 *
 * Errors      Negative errno numbers, as fd.h has it.
 * Addresses   Inside they are lwIP's ip_addr_t and a port in host order. socket_address.c
 * translates: an AF_INET6 socket sees IPv4 peers as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "fd/fd.h"
#include "lwip/ip_addr.h"
#include "net/calls.h"

struct in6_addr;
struct mf_socket;
struct pbuf;
struct tcp_pcb;
struct udp_pcb;

/* The other end of one datagram, and where it came in or is to go out. */
struct mf_endpoint {
    bool is_set; /* send: there is a destination; receive: the sender was filled in */
    bool has_local;
    uint16_t port;
    uint8_t interface; /* number; 0: unknown */
    ip_addr_t address;
    ip_addr_t local; /* our address: of the packet, or (IP_PKTINFO) to send from */
};

struct mf_transport {
    int (*open)(struct mf_socket *s); /* makes the pcb */
    int (*bind)(struct mf_socket *s, const ip_addr_t *address, uint16_t port);
    int (*connect)(struct mf_socket *s, const ip_addr_t *address, uint16_t port);
    int (*disconnect)(struct mf_socket *s); /* connect() to AF_UNSPEC; NULL: EAFNOSUPPORT */
    int (*listen)(struct mf_socket *s, int backlog);                 /* NULL: EOPNOTSUPP */
    int (*accept)(struct mf_socket *s, struct mf_socket **accepted); /* NULL: EOPNOTSUPP */
    ssize_t (*send)(struct mf_socket *s, const struct mf_message *m, const struct mf_endpoint *to);
    ssize_t (*receive)(struct mf_socket *s, struct mf_message *m, struct mf_endpoint *from);
    uint32_t (*poll)(struct mf_socket *s);
    int (*shutdown)(struct mf_socket *s, bool read, bool write);
    void (*close)(struct mf_socket *s);            /* gives up the pcb and what is queued */
    size_t (*readable)(const struct mf_socket *s); /* FIONREAD */
    size_t (*unsent)(const struct mf_socket *s);   /* TIOCOUTQ */
};

enum mf_socket_state {
    MF_SOCKET_NEW = 0,    /* -> LISTENING, CONNECTING, CONNECTED (UDP) */
    MF_SOCKET_LISTENING,  /* stays */
    MF_SOCKET_CONNECTING, /* -> CONNECTED, CLOSED */
    MF_SOCKET_CONNECTED,  /* -> CLOSED; UDP: -> NEW */
    MF_SOCKET_CLOSED,     /* TCP's connection is over; -> CONNECTING */
};

/* What setsockopt() has set, kept for pcbs that are made later. */
struct mf_socket_options {
    bool reuse_address, reuse_port, keep_alive, broadcast, no_delay, v6_only;
    bool cork, defer_accept, oob_inline, packet_info, packet_info6;
    bool has_buffer_sizes; /* SO_SNDBUF or SO_RCVBUF was given */
    uint8_t ttl, tos;      /* ttl 0: the default */
    struct linger linger;
    int send_bytes, receive_bytes;                /* SO_SNDBUF, SO_RCVBUF */
    uint64_t send_timeout_ns, receive_timeout_ns; /* 0: none */
    uint32_t keep_idle_ms, keep_interval_ms, keep_count;
};

struct mf_socket {
    struct mf_open_file file; /* first */
    const struct mf_transport *transport;
    union {
        struct tcp_pcb *tcp; /* NULL: lwIP has freed it, or does not need us any more */
        struct udp_pcb *udp;
        void *pcb;
    };
    uint8_t domain; /* AF_INET, AF_INET6 */
    uint8_t type;   /* SOCK_STREAM, SOCK_DGRAM */
    uint8_t state;  /* enum mf_socket_state */
    bool is_eof;    /* the peer sends no more */
    bool is_read_shut, is_write_shut;
    bool is_bound;
    int error; /* SO_ERROR: errno of something that happened meanwhile */
    /* What has come in: TCP: pbufs chained by ->next; UDP: datagrams (udp_socket.c). */
    struct pbuf *rx_first, *rx_last;
    size_t rx_bytes;
    uint16_t rx_offset; /* TCP: bytes of rx_first that have been read */
    uint16_t local_port, peer_port;
    ip_addr_t local, peer; /* TCP: of the connection, also when the pcb is gone */
    /* A listening socket: connections not accepted yet; such a connection: the next one. */
    struct mf_socket *accept_first, *accept_last, *accept_next;
    struct mf_socket_options options;
    struct mf_socket *list_next, **list_link; /* of all sockets */
};

/** All sockets, linked by list_next. */
extern struct mf_socket *mf_sockets;

extern const struct mf_transport mf_tcp_transport, mf_udp_transport;
extern const struct mf_socket_calls mf_inet_calls; /* socket.c */

/* ---- socket.c ------------------------------------------------------------------------------ */

/** A socket without a pcb, one reference; NULL: no memory. */
struct mf_socket *mf_socket_create(int domain, int type, const struct mf_socket_options *options);

/** Takes it off the list of all sockets and frees it. */
void mf_socket_free(struct mf_socket *s);

/**
 * Blocks until one of `events` may have happened. `deadline_ns`: MF_NEVER or a time. Returns 0, or
 * -EAGAIN (non-blocking, MSG_DONTWAIT in `flags`, or the deadline passed), -EINTR.
 */
int mf_socket_wait(struct mf_socket *s, uint32_t events, int flags, uint64_t deadline_ns);

/** Takes the pending error: 0 or a negative errno number. */
int mf_socket_take_error(struct mf_socket *s);

/** The errno number (negative) for an err_t of lwIP's. */
int mf_socket_errno(int lwip_error);

/* ---- inherit.c: mf_socket_inherit() of family/family.h --------------------------------------- */

extern const char mf_socket_inherit_link;

/* ---- tcp_socket.c -------------------------------------------------------------------------- */

/** In a clone: the connection that `s` may have is reset; its pcb is the caller's to free. */
void mf_tcp_lose(struct mf_socket *s);

/* ---- socket_address.c ---------------------------------------------------------------------- */

/** Reads a sockaddr that suits `s`. Returns 0, -EINVAL, -EAFNOSUPPORT. */
int mf_address_read(const struct mf_socket *s, const struct sockaddr *from, socklen_t bytes,
                    ip_addr_t *address, uint16_t *port);

/** Writes one in the domain of `s`, cut to *bytes; *bytes becomes the whole length. */
void mf_address_write(const struct mf_socket *s, const ip_addr_t *address, uint16_t port,
                      struct sockaddr *to, socklen_t *bytes);

/** An IPv6 address as POSIX has it; an IPv4-mapped one becomes an IPv4 address. */
void mf_address_of_ip6(const struct in6_addr *from, uint32_t scope, ip_addr_t *address);

/** Is it an address of this guest, or "any"? */
bool mf_address_is_local(const ip_addr_t *address);

/** The type that a new pcb of `s` gets: IPADDR_TYPE_V4, V6 or ANY. */
uint8_t mf_address_type(const struct mf_socket *s);

/** lwIP's "any" address for `s`. */
const ip_addr_t *mf_address_any(const struct mf_socket *s);

/* ---- socket_option.c ----------------------------------------------------------------------- */

/** Puts the options of `s` into its pcb, if it has one. */
void mf_socket_apply_options(struct mf_socket *s);

/* ---- socket_io.c --------------------------------------------------------------------------- */

extern const struct mf_fd_ops mf_socket_ops;

/* struct mf_socket_calls (calls.h), by file: socket.c has the others. */
ssize_t mf_socket_send(struct mf_open_file *f, struct mf_message *m);
ssize_t mf_socket_receive(struct mf_open_file *f, struct mf_message *m);
int mf_socket_set_option(struct mf_open_file *f, int level, int name, const void *value,
                         socklen_t bytes);
int mf_socket_get_option(struct mf_open_file *f, int level, int name, void *value,
                         socklen_t *bytes);

/* ---- interface_ioctl.c ---------------------------------------------------------------------- */

/** SIOCGIF*: questions about interfaces. -ENOTTY: it is none of these. */
int mf_interface_ioctl(unsigned long request, void *arg);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp_socket.c - datagram sockets. See socket.h.
 *
 * A received datagram is queued as the pbuf that lwIP hands over. Who sent it, and the link to the
 * next one, are noted where its IP and UDP headers were, right in front of its payload: so there
 * is nothing to allocate.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lwip/icmp.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/udp.h"
#include "lwip/udp.h"
#include "lwip_hooks.h"
#include "net/net.h"
#include "net/socket.h"
#include "thread/idle.h"
#include "time/clock.h"

#define SENDS_PER_POLL 16u
#define DATAGRAM_BYTES_MAX 65507u
#define IS_IP6 0x80u          /* of pbuf.flags, where lwIP has no use for it: which note there is */
#define CHARGE_BYTES_MIN 512u /* what a datagram takes of SO_RCVBUF, however short it is */

/* Offsets in headers of ICMP (RFC 792) and IP (RFC 791). */
#define ICMP_BYTES 8u
#define IP_PROTOCOL 9
#define IP_TO 16

struct note {
    uint64_t next; /* struct pbuf * */
    uint16_t port;
    uint8_t type; /* IPADDR_TYPE_V4, V6 */
    uint8_t interface;
    union {
        struct {
            uint32_t address, local;
        } ip4;
        struct {
            uint8_t address[16], local[16];
        } ip6;
    };
} __attribute__((packed));

#define NOTE4_BYTES (offsetof(struct note, ip4) + 8)

_Static_assert(NOTE4_BYTES <= IP_HLEN + UDP_HLEN, "the note fits where the headers were");
_Static_assert(sizeof(struct note) <= IP6_HLEN + UDP_HLEN, "the same with IPv6");

/* Where it starts depends on the type, which is in the last byte before the addresses. */
static struct note *note_of(struct pbuf *p)
{
    return (struct note *)(void *)((uint8_t *)p->payload -
                                   (p->flags & IS_IP6 ? sizeof(struct note) : NOTE4_BYTES));
}

static size_t charge_of(const struct pbuf *p)
{
    return p->tot_len < CHARGE_BYTES_MIN ? CHARGE_BYTES_MIN : p->tot_len;
}

static void write_note(struct pbuf *p, const ip_addr_t *address, uint16_t port)
{
    const ip_addr_t *const local = ip_current_dest_addr();
    const uint8_t interface = netif_get_index(ip_current_input_netif());
    const bool is_ip6 = IP_IS_V6(address);

    p->flags = (u8_t)(is_ip6 ? p->flags | IS_IP6 : p->flags & ~IS_IP6);
    struct note *const note = note_of(p);
    note->next = 0;
    note->port = port;
    note->type = IP_GET_TYPE(address);
    note->interface = interface;
    if (is_ip6) {
        memcpy(note->ip6.address, ip_2_ip6(address)->addr, 16);
        memcpy(note->ip6.local, ip_2_ip6(local)->addr, 16);
    } else {
        note->ip4.address = ip4_addr_get_u32(ip_2_ip4(address));
        note->ip4.local = ip4_addr_get_u32(ip_2_ip4(local));
    }
}

static void read_note6(const uint8_t bytes[16], uint8_t interface, ip_addr_t *address)
{
    memcpy(ip_2_ip6(address)->addr, bytes, 16);
    ip6_addr_clear_zone(ip_2_ip6(address));
    ip6_addr_assign_zone(ip_2_ip6(address), IP6_UNKNOWN, netif_get_by_index(interface));
    IP_SET_TYPE(address, IPADDR_TYPE_V6);
}

static void read_note4(uint32_t ip4, ip_addr_t *address)
{
    memset(address, 0, sizeof(*address));
    ip_2_ip4(address)->addr = ip4;
    IP_SET_TYPE(address, IPADDR_TYPE_V4);
}

static void read_note(struct pbuf *p, struct mf_endpoint *from)
{
    const struct note *const note = note_of(p);

    from->is_set = true;
    from->has_local = false;
    from->port = note->port;
    from->interface = note->interface;
    if (note->type == IPADDR_TYPE_V6) {
        read_note6(note->ip6.address, note->interface, &from->address);
        read_note6(note->ip6.local, note->interface, &from->local);
    } else {
        read_note4(note->ip4.address, &from->address);
        read_note4(note->ip4.local, &from->local);
    }
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *address,
                        u16_t port)
{
    struct mf_socket *const s = arg;
    (void)pcb;

    if (s->is_read_shut || s->rx_bytes + charge_of(p) > (size_t)s->options.receive_bytes) {
        pbuf_free(p);
        return;
    }
    write_note(p, address, port);
    s->rx_bytes += charge_of(p);
    if (s->rx_first == NULL) {
        s->rx_first = p;
    } else {
        note_of(s->rx_last)->next = (uintptr_t)p;
    }
    s->rx_last = p;
    mf_file_notify(&s->file, POLLIN | POLLRDNORM);
}

static void drop_first(struct mf_socket *s)
{
    struct pbuf *const p = s->rx_first;

    s->rx_first = (struct pbuf *)(uintptr_t)note_of(p)->next;
    s->rx_bytes -= charge_of(p);
    pbuf_free(p);
}

/* Ports are in network order there. */
static struct mf_socket *find_connected(const uint8_t *ip, const uint8_t *udp)
{
    uint16_t ports[2];
    uint32_t to;

    memcpy(&to, ip + IP_TO, sizeof(to));
    memcpy(ports, udp, sizeof(ports));
    for (struct udp_pcb *pcb = udp_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->recv == on_datagram && (pcb->flags & UDP_FLAGS_CONNECTED) != 0 &&
            pcb->local_port == lwip_ntohs(ports[0]) && pcb->remote_port == lwip_ntohs(ports[1]) &&
            IP_IS_V4(&pcb->remote_ip) && ip_2_ip4(&pcb->remote_ip)->addr == to) {
            return pcb->recv_arg;
        }
    }
    return NULL;
}

/* RFC 1122, 4.1.3.3: an error is passed on to who sent the datagram, whose headers are quoted. */
static void on_unreachable(struct pbuf *icmp)
{
    const uint8_t *const ip = (const uint8_t *)icmp->payload + ICMP_BYTES;
    const uint8_t code = ((const uint8_t *)icmp->payload)[1];

    if (code != ICMP_DUR_PORT || icmp->len < ICMP_BYTES + IP_HLEN + UDP_HLEN) {
        return;
    }
    const uint32_t header = (ip[0] & 15u) * 4u;
    if (header < IP_HLEN || icmp->len < ICMP_BYTES + header + UDP_HLEN ||
        ip[IP_PROTOCOL] != IP_PROTO_UDP) {
        return;
    }
    struct mf_socket *const s = find_connected(ip, ip + header);
    if (s != NULL) {
        s->error = ECONNREFUSED;
        mf_file_notify(&s->file, POLLERR | POLLIN);
    }
}

static int udp_open(struct mf_socket *s)
{
    mf_udp_on_unreachable = on_unreachable;
    s->udp = udp_new_ip_type(mf_address_type(s));
    if (s->udp == NULL) {
        return -ENOBUFS;
    }
    udp_recv(s->udp, on_datagram, s);
    mf_socket_apply_options(s);
    return 0;
}

static void note_local(struct mf_socket *s)
{
    ip_addr_copy(s->local, s->udp->local_ip);
    s->local_port = s->udp->local_port;
    s->is_bound |= s->local_port != 0;
}

static int udp_bind_socket(struct mf_socket *s, const ip_addr_t *address, uint16_t port)
{
    const int r = mf_socket_errno(udp_bind(s->udp, address, port));

    note_local(s);
    return r;
}

/* The address that datagrams to `to` go out with, when none has been bound: for getsockname(). */
static void note_source(struct mf_socket *s, const ip_addr_t *to)
{
    struct netif *const netif = ip_route(&s->udp->local_ip, to);
    const ip_addr_t *const source = netif == NULL ? NULL : ip_netif_get_local_ip(netif, to);

    if (source != NULL && ip_addr_isany(&s->local)) {
        ip_addr_copy(s->local, *source);
    }
}

static int udp_connect_socket(struct mf_socket *s, const ip_addr_t *address, uint16_t port)
{
    const int r = mf_socket_errno(udp_connect(s->udp, address, port));

    if (r == 0) {
        s->state = MF_SOCKET_CONNECTED;
        ip_addr_copy(s->peer, *address);
        s->peer_port = port;
        note_local(s);
        note_source(s, address);
    }
    return r;
}

static int udp_disconnect_socket(struct mf_socket *s)
{
    udp_disconnect(s->udp);
    s->state = MF_SOCKET_NEW;
    s->peer_port = 0;
    return 0;
}

/* ---- sending ------------------------------------------------------------------------------ */

static struct pbuf *gather(const struct mf_message *m)
{
    struct pbuf *const p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)m->bytes, PBUF_RAM);
    size_t at = 0;

    for (int i = 0; p != NULL && i < m->iov_count; i++) {
        memcpy((uint8_t *)p->payload + at, m->iov[i].iov_base, m->iov[i].iov_len);
        at += m->iov[i].iov_len;
    }
    return p;
}

static err_t send_gathered(struct mf_socket *s, const struct mf_message *m,
                           const struct mf_endpoint *to)
{
    struct pbuf *const p = gather(m);
    err_t error = ERR_MEM;

    if (p == NULL) {
        return ERR_MEM;
    }
    const ip_addr_t *const address = to->is_set ? &to->address : &s->peer;
    const uint16_t port = to->is_set ? to->port : s->peer_port;
    if (to->has_local) {
        struct netif *const netif = ip_route(&to->local, address);
        error = netif == NULL ? ERR_RTE
                              : udp_sendto_if_src(s->udp, p, address, port, netif, &to->local);
    } else {
        error = to->is_set ? udp_sendto(s->udp, p, address, port) : udp_send(s->udp, p);
    }
    pbuf_free(p);
    return error;
}

/* Who only sends must see what comes in, too, or ARP's answer would never be read. */
static void poll_sometimes(void)
{
    static unsigned int sends;

    if (++sends % SENDS_PER_POLL == 0) {
        mf_idle_poll();
    }
}

static ssize_t udp_send_message(struct mf_socket *s, const struct mf_message *m,
                                const struct mf_endpoint *to)
{
    if (s->error != 0) {
        return mf_socket_take_error(s);
    }
    if (s->is_write_shut) {
        return -EPIPE;
    }
    if (!to->is_set && s->state != MF_SOCKET_CONNECTED) {
        return -EDESTADDRREQ;
    }
    if (m->bytes > DATAGRAM_BYTES_MAX) {
        return -EMSGSIZE;
    }
    const ip_addr_t *const address = to->is_set ? &to->address : &s->peer;
    if (IP_IS_V4(address) && ip4_addr_get_u32(ip_2_ip4(address)) == IPADDR_BROADCAST &&
        !s->options.broadcast) {
        return -EACCES;
    }
    err_t error = send_gathered(s, m, to);
    if (error == ERR_MEM) { /* the ring or the memory is full: let what was sent before leave */
        mf_net_kick();
        mf_idle_poll();
        error = send_gathered(s, m, to);
    }
    if (!s->is_bound) {
        note_local(s);
    }
    poll_sometimes();
    /* lwIP says ERR_VAL when address families do not fit: an IPv6-only socket and the like. */
    return error == ERR_OK ? (ssize_t)m->bytes : mf_socket_errno(error);
}

/* ---- receiving ---------------------------------------------------------------------------- */

static int wait_for_datagram(struct mf_socket *s, int flags)
{
    const uint64_t timeout_ns = s->options.receive_timeout_ns;
    const uint64_t until = timeout_ns == 0 ? MF_NEVER : mf_clock_deadline(timeout_ns);

    while (s->rx_first == NULL) {
        if (s->error != 0) {
            return mf_socket_take_error(s);
        }
        if (s->is_read_shut) {
            return 0;
        }
        const int r = mf_socket_wait(s, POLLIN, flags, until);
        if (r < 0 && s->rx_first == NULL) {
            return r;
        }
    }
    return 1;
}

static ssize_t udp_receive_message(struct mf_socket *s, struct mf_message *m,
                                   struct mf_endpoint *from)
{
    const int flags = m->flags;
    const int r = wait_for_datagram(s, flags);

    m->flags = 0;
    if (r <= 0) {
        return r;
    }
    struct pbuf *const first = s->rx_first;
    const size_t bytes = first->tot_len;
    size_t done = 0;
    for (const struct pbuf *p = first; p != NULL && done < m->bytes; p = p->next) {
        done += mf_message_put(m, done, p->payload, p->len);
    }
    read_note(first, from);
    if (done < bytes) {
        m->flags |= MSG_TRUNC;
    }
    if ((flags & MSG_PEEK) == 0) {
        drop_first(s);
    }
    return (ssize_t)((flags & MSG_TRUNC) != 0 ? bytes : done);
}

static size_t udp_readable(const struct mf_socket *s)
{
    return s->rx_first == NULL ? 0 : s->rx_first->tot_len;
}

static size_t udp_unsent(const struct mf_socket *s)
{
    (void)s;
    return 0; /* what is sent is sent */
}

/* ---- readiness, end ------------------------------------------------------------------------ */

static uint32_t udp_poll_socket(struct mf_socket *s)
{
    uint32_t events = POLLOUT | POLLWRNORM;

    if (s->rx_first != NULL || s->is_read_shut) {
        events |= POLLIN | POLLRDNORM;
    }
    if (s->is_read_shut) {
        events |= POLLRDHUP;
    }
    return events | (s->error != 0 ? POLLERR | POLLIN | POLLRDNORM : 0);
}

static int udp_shutdown_socket(struct mf_socket *s, bool read, bool write)
{
    if (s->state != MF_SOCKET_CONNECTED) {
        return -ENOTCONN;
    }
    s->is_read_shut |= read;
    s->is_write_shut |= write;
    mf_file_notify(&s->file, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return 0;
}

static void udp_close_socket(struct mf_socket *s)
{
    while (s->rx_first != NULL) {
        drop_first(s);
    }
    if (s->udp != NULL) {
        udp_remove(s->udp);
        s->udp = NULL;
    }
}

const struct mf_transport mf_udp_transport = {
    .open = udp_open,
    .bind = udp_bind_socket,
    .connect = udp_connect_socket,
    .disconnect = udp_disconnect_socket,
    .send = udp_send_message,
    .receive = udp_receive_message,
    .poll = udp_poll_socket,
    .shutdown = udp_shutdown_socket,
    .close = udp_close_socket,
    .readable = udp_readable,
    .unsent = udp_unsent,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket_option.c - getsockopt() and setsockopt(). Each option is a row of a table; what the table
 * does not have is ENOPROTOOPT, so that a program sees that it is missing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "net/net.h"
#include "net/socket.h"
#include "start/clone.h"
#include "time/clock.h"

#define BUFFER_BYTES_MIN 4096

/* How a value looks to the application. */
enum kind { KIND_INT, KIND_TIME, KIND_LINGER, KIND_TCP_INFO };

union value {
    int number;
    struct timeval time;
    struct linger linger;
    struct tcp_info info;
};

struct option {
    int level, name;
    enum kind kind;
    int type;                                              /* of the sockets that have it; 0: all */
    int (*set)(struct mf_socket *s, const union value *v); /* NULL: cannot be set */
    void (*get)(struct mf_socket *s, union value *v);
};

/* ---- into lwIP ---------------------------------------------------------------------------- */

static void apply_ip_options(const struct mf_socket *s, u8_t *so_options, u8_t *ttl, u8_t *tos)
{
    const struct mf_socket_options *const o = &s->options;

    *so_options = (u8_t)((o->reuse_address || o->reuse_port ? SOF_REUSEADDR : 0) |
                         (o->keep_alive ? SOF_KEEPALIVE : 0) | (o->broadcast ? SOF_BROADCAST : 0));
    *ttl = o->ttl != 0 ? o->ttl : 64;
    *tos = o->tos;
}

void mf_socket_apply_options(struct mf_socket *s)
{
    const struct mf_socket_options *const o = &s->options;

    if (s->pcb == NULL) {
        return;
    }
    if (s->type == SOCK_DGRAM) {
        apply_ip_options(s, &s->udp->so_options, &s->udp->ttl, &s->udp->tos);
        return;
    }
    apply_ip_options(s, &s->tcp->so_options, &s->tcp->ttl, &s->tcp->tos);
    if (s->state == MF_SOCKET_LISTENING) {
        return; /* such a pcb has no more than these */
    }
    if (o->no_delay) {
        tcp_nagle_disable(s->tcp);
    } else {
        tcp_nagle_enable(s->tcp);
    }
    s->tcp->keep_idle = o->keep_idle_ms;
    s->tcp->keep_intvl = o->keep_interval_ms;
    s->tcp->keep_cnt = o->keep_count;
}

/* ---- flags and numbers --------------------------------------------------------------------- */

#define FLAG_OPTION(field)                                                                         \
    static int set_##field(struct mf_socket *s, const union value *v)                              \
    {                                                                                              \
        s->options.field = v->number != 0;                                                         \
        mf_socket_apply_options(s);                                                                \
        return 0;                                                                                  \
    }                                                                                              \
    static void get_##field(struct mf_socket *s, union value *v)                                   \
    {                                                                                              \
        v->number = s->options.field;                                                              \
    }

FLAG_OPTION(reuse_address)
FLAG_OPTION(reuse_port)
FLAG_OPTION(keep_alive)
FLAG_OPTION(broadcast)
FLAG_OPTION(oob_inline)
FLAG_OPTION(defer_accept)
FLAG_OPTION(packet_info)
FLAG_OPTION(packet_info6)

static void get_no_delay(struct mf_socket *s, union value *v)
{
    v->number = s->options.no_delay;
}

/* What was held back leaves when it is switched off, or when TCP_NODELAY is set (tcp(7)). */
static void push(struct mf_socket *s)
{
    if (s->tcp != NULL && s->state == MF_SOCKET_CONNECTED) {
        mf_critical_enter();
        if (s->tcp != NULL) {
            tcp_output(s->tcp);
            mf_net_kick();
        }
        mf_critical_leave();
    }
}

static int set_no_delay(struct mf_socket *s, const union value *v)
{
    s->options.no_delay = v->number != 0;
    mf_socket_apply_options(s);
    if (v->number != 0) {
        push(s);
    }
    return 0;
}

static int set_cork(struct mf_socket *s, const union value *v)
{
    s->options.cork = v->number != 0;
    if (v->number == 0) {
        push(s);
    }
    return 0;
}

static void get_cork(struct mf_socket *s, union value *v)
{
    v->number = s->options.cork;
}

/* Nothing to set, but the one value that it has. */
static int set_one(struct mf_socket *s, const union value *v)
{
    (void)s;
    return v->number == 1 ? 0 : -EINVAL;
}

static void get_one(struct mf_socket *s, union value *v)
{
    (void)s;
    v->number = 1;
}

static int set_zero(struct mf_socket *s, const union value *v)
{
    (void)s;
    return v->number == 0 ? 0 : -EINVAL;
}

static void get_zero(struct mf_socket *s, union value *v)
{
    (void)s;
    v->number = 0;
}

static int set_any(struct mf_socket *s, const union value *v)
{
    (void)s;
    (void)v;
    return 0;
}

static int set_v6_only(struct mf_socket *s, const union value *v)
{
    if (s->domain != AF_INET6) {
        return -ENOPROTOOPT;
    }
    if (s->is_bound || s->state != MF_SOCKET_NEW || s->pcb == NULL) {
        return -EINVAL;
    }
    s->options.v6_only = v->number != 0;
    ip_addr_t *const local = s->type == SOCK_DGRAM ? &s->udp->local_ip : &s->tcp->local_ip;
    ip_addr_t *const remote = s->type == SOCK_DGRAM ? &s->udp->remote_ip : &s->tcp->remote_ip;
    IP_SET_TYPE(local, mf_address_type(s));
    IP_SET_TYPE(remote, mf_address_type(s));
    return 0;
}

static void get_v6_only(struct mf_socket *s, union value *v)
{
    v->number = s->options.v6_only;
}

static int buffer_bytes(int wanted)
{
    return wanted < BUFFER_BYTES_MIN ? BUFFER_BYTES_MIN : wanted;
}

static int set_send_bytes(struct mf_socket *s, const union value *v)
{
    s->options.send_bytes = buffer_bytes(v->number);
    return 0;
}

static void get_send_bytes(struct mf_socket *s, union value *v)
{
    v->number = s->options.send_bytes;
}

static int set_receive_bytes(struct mf_socket *s, const union value *v)
{
    s->options.receive_bytes = buffer_bytes(v->number);
    return 0;
}

static void get_receive_bytes(struct mf_socket *s, union value *v)
{
    v->number = s->options.receive_bytes;
}

static int set_linger(struct mf_socket *s, const union value *v)
{
    s->options.linger = v->linger;
    return 0;
}

static void get_linger(struct mf_socket *s, union value *v)
{
    v->linger = s->options.linger;
}

static int set_time(uint64_t *ns, const union value *v)
{
    if (v->time.tv_usec < 0 || v->time.tv_usec >= 1000000) {
        return -EDOM;
    }
    *ns = v->time.tv_sec < 0
              ? 0
              : (uint64_t)v->time.tv_sec * MF_NS_PER_S + (uint64_t)v->time.tv_usec * 1000;
    return 0;
}

static void get_time(uint64_t ns, union value *v)
{
    v->time.tv_sec = (time_t)(ns / MF_NS_PER_S);
    v->time.tv_usec = (suseconds_t)(ns % MF_NS_PER_S / 1000);
}

static int set_receive_timeout(struct mf_socket *s, const union value *v)
{
    return set_time(&s->options.receive_timeout_ns, v);
}

static void get_receive_timeout(struct mf_socket *s, union value *v)
{
    get_time(s->options.receive_timeout_ns, v);
}

static int set_send_timeout(struct mf_socket *s, const union value *v)
{
    return set_time(&s->options.send_timeout_ns, v);
}

static void get_send_timeout(struct mf_socket *s, union value *v)
{
    get_time(s->options.send_timeout_ns, v);
}

/* ---- what the socket is --------------------------------------------------------------------- */

static void get_error(struct mf_socket *s, union value *v)
{
    v->number = -mf_socket_take_error(s);
}

static void get_type(struct mf_socket *s, union value *v)
{
    v->number = s->type;
}

static void get_domain(struct mf_socket *s, union value *v)
{
    v->number = s->domain;
}

static void get_protocol(struct mf_socket *s, union value *v)
{
    v->number = s->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
}

static void get_listening(struct mf_socket *s, union value *v)
{
    v->number = s->state == MF_SOCKET_LISTENING;
}

/* ---- TCP and IP ---------------------------------------------------------------------------- */

static int set_positive(uint32_t *field, const union value *v, int limit, uint32_t unit)
{
    if (v->number < 1 || v->number > limit) {
        return -EINVAL;
    }
    *field = (uint32_t)v->number * unit;
    return 0;
}

#define KEEP_OPTION(field, limit, unit)                                                            \
    static int set_##field(struct mf_socket *s, const union value *v)                              \
    {                                                                                              \
        const int r = set_positive(&s->options.field, v, limit, unit);                             \
        mf_socket_apply_options(s);                                                                \
        return r;                                                                                  \
    }                                                                                              \
    static void get_##field(struct mf_socket *s, union value *v)                                   \
    {                                                                                              \
        v->number = (int)(s->options.field / (unit));                                              \
    }

KEEP_OPTION(keep_idle_ms, 32767, 1000)
KEEP_OPTION(keep_interval_ms, 32767, 1000)
KEEP_OPTION(keep_count, 127, 1)

static void get_segment_bytes(struct mf_socket *s, union value *v)
{
    v->number = s->tcp != NULL && s->state == MF_SOCKET_CONNECTED ? tcp_mss(s->tcp) : TCP_MSS;
}

static uint8_t state_of(const struct mf_socket *s)
{
    static const uint8_t states[] = {
        [CLOSED] = TCP_CLOSE,         [LISTEN] = TCP_LISTEN,           [SYN_SENT] = TCP_SYN_SENT,
        [SYN_RCVD] = TCP_SYN_RECV,    [ESTABLISHED] = TCP_ESTABLISHED, [FIN_WAIT_1] = TCP_FIN_WAIT1,
        [FIN_WAIT_2] = TCP_FIN_WAIT2, [CLOSE_WAIT] = TCP_CLOSE_WAIT,   [CLOSING] = TCP_CLOSING,
        [LAST_ACK] = TCP_LAST_ACK,    [TIME_WAIT] = TCP_TIME_WAIT,
    };
    return s->tcp == NULL ? TCP_CLOSE : states[s->tcp->state];
}

static void get_tcp_info(struct mf_socket *s, union value *v)
{
    const struct tcp_pcb *const pcb = s->tcp;
    const uint32_t tick_us = 2 * TCP_TMR_INTERVAL * 1000; /* of tcp_ticks */

    v->info = (struct tcp_info){.tcpi_state = state_of(s)};
    if (pcb == NULL || s->state != MF_SOCKET_CONNECTED) {
        return;
    }
    v->info.tcpi_retransmits = pcb->nrtx;
    v->info.tcpi_snd_wscale = pcb->snd_scale & 15u;
    v->info.tcpi_rcv_wscale = pcb->rcv_scale & 15u;
    v->info.tcpi_rto = (uint32_t)pcb->rto * tick_us;
    v->info.tcpi_snd_mss = pcb->mss;
    v->info.tcpi_rcv_mss = TCP_MSS;
    v->info.tcpi_unacked = (pcb->snd_nxt - pcb->lastack + pcb->mss - 1u) / pcb->mss;
    v->info.tcpi_rtt = pcb->sa > 0 ? ((uint32_t)pcb->sa >> 3) * tick_us : 0;
    v->info.tcpi_rttvar = pcb->sv > 0 ? ((uint32_t)pcb->sv >> 2) * tick_us : 0;
    v->info.tcpi_snd_ssthresh = pcb->ssthresh / pcb->mss;
    v->info.tcpi_snd_cwnd = pcb->cwnd / pcb->mss;
    v->info.tcpi_advmss = TCP_MSS;
    v->info.tcpi_rcv_space = pcb->rcv_wnd;
}

static int set_ttl(struct mf_socket *s, const union value *v)
{
    if (v->number < -1 || v->number == 0 || v->number > 255) {
        return -EINVAL;
    }
    s->options.ttl = v->number == -1 ? 0 : (uint8_t)v->number;
    mf_socket_apply_options(s);
    return 0;
}

static void get_ttl(struct mf_socket *s, union value *v)
{
    v->number = s->options.ttl != 0 ? s->options.ttl : 64;
}

static int set_tos(struct mf_socket *s, const union value *v)
{
    if (v->number < 0 || v->number > 255) {
        return -EINVAL;
    }
    s->options.tos = (uint8_t)v->number;
    mf_socket_apply_options(s);
    return 0;
}

static void get_tos(struct mf_socket *s, union value *v)
{
    v->number = s->options.tos;
}

static const struct option options[] = {
    {SOL_SOCKET, SO_REUSEADDR, KIND_INT, 0, set_reuse_address, get_reuse_address},
    {SOL_SOCKET, SO_REUSEPORT, KIND_INT, 0, set_reuse_port, get_reuse_port},
    {SOL_SOCKET, SO_KEEPALIVE, KIND_INT, 0, set_keep_alive, get_keep_alive},
    {SOL_SOCKET, SO_BROADCAST, KIND_INT, 0, set_broadcast, get_broadcast},
    {SOL_SOCKET, SO_SNDBUF, KIND_INT, 0, set_send_bytes, get_send_bytes},
    {SOL_SOCKET, SO_RCVBUF, KIND_INT, 0, set_receive_bytes, get_receive_bytes},
    {SOL_SOCKET, SO_LINGER, KIND_LINGER, 0, set_linger, get_linger},
    {SOL_SOCKET, SO_RCVTIMEO, KIND_TIME, 0, set_receive_timeout, get_receive_timeout},
    {SOL_SOCKET, SO_SNDTIMEO, KIND_TIME, 0, set_send_timeout, get_send_timeout},
    {SOL_SOCKET, SO_OOBINLINE, KIND_INT, 0, set_oob_inline, get_oob_inline},
    {SOL_SOCKET, SO_RCVLOWAT, KIND_INT, 0, set_one, get_one},
    {SOL_SOCKET, SO_SNDLOWAT, KIND_INT, 0, NULL, get_one},
    {SOL_SOCKET, SO_DONTROUTE, KIND_INT, 0, set_zero, get_zero},
    {SOL_SOCKET, SO_DEBUG, KIND_INT, 0, set_zero, get_zero},
    {SOL_SOCKET, SO_PRIORITY, KIND_INT, 0, set_zero, get_zero},
    {SOL_SOCKET, SO_ERROR, KIND_INT, 0, NULL, get_error},
    {SOL_SOCKET, SO_TYPE, KIND_INT, 0, NULL, get_type},
    {SOL_SOCKET, SO_DOMAIN, KIND_INT, 0, NULL, get_domain},
    {SOL_SOCKET, SO_PROTOCOL, KIND_INT, 0, NULL, get_protocol},
    {SOL_SOCKET, SO_ACCEPTCONN, KIND_INT, 0, NULL, get_listening},
    {IPPROTO_TCP, TCP_NODELAY, KIND_INT, SOCK_STREAM, set_no_delay, get_no_delay},
    {IPPROTO_TCP, TCP_CORK, KIND_INT, SOCK_STREAM, set_cork, get_cork},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, KIND_INT, SOCK_STREAM, set_defer_accept, get_defer_accept},
    {IPPROTO_TCP, TCP_QUICKACK, KIND_INT, SOCK_STREAM, set_any, get_zero},
    {IPPROTO_TCP, TCP_INFO, KIND_TCP_INFO, SOCK_STREAM, NULL, get_tcp_info},
    {IPPROTO_TCP, TCP_KEEPIDLE, KIND_INT, SOCK_STREAM, set_keep_idle_ms, get_keep_idle_ms},
    {IPPROTO_TCP, TCP_KEEPINTVL, KIND_INT, SOCK_STREAM, set_keep_interval_ms, get_keep_interval_ms},
    {IPPROTO_TCP, TCP_KEEPCNT, KIND_INT, SOCK_STREAM, set_keep_count, get_keep_count},
    {IPPROTO_TCP, TCP_MAXSEG, KIND_INT, SOCK_STREAM, NULL, get_segment_bytes},
    {IPPROTO_IP, IP_TTL, KIND_INT, 0, set_ttl, get_ttl},
    {IPPROTO_IP, IP_TOS, KIND_INT, 0, set_tos, get_tos},
    {IPPROTO_IP, IP_MTU_DISCOVER, KIND_INT, 0, set_zero, get_zero}, /* IP_PMTUDISC_DONT */
    {IPPROTO_IP, IP_PKTINFO, KIND_INT, SOCK_DGRAM, set_packet_info, get_packet_info},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, KIND_INT, SOCK_DGRAM, set_packet_info6, get_packet_info6},
    {IPPROTO_IPV6, IPV6_V6ONLY, KIND_INT, 0, set_v6_only, get_v6_only},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, KIND_INT, 0, set_ttl, get_ttl},
    {IPPROTO_IPV6, IPV6_TCLASS, KIND_INT, 0, set_tos, get_tos},
};

/* ---- POSIX -------------------------------------------------------------------------------- */

static const struct option *find_option(const struct mf_socket *s, int level, int name)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const struct option *const o = &options[i];
        if (o->level == level && o->name == name && (o->type == 0 || o->type == s->type)) {
            return o;
        }
    }
    return NULL;
}

static socklen_t value_bytes(enum kind kind)
{
    static const socklen_t bytes[] = {[KIND_INT] = sizeof(int),
                                      [KIND_TIME] = sizeof(struct timeval),
                                      [KIND_LINGER] = sizeof(struct linger),
                                      [KIND_TCP_INFO] = sizeof(struct tcp_info)};
    return bytes[kind];
}

int mf_socket_set_option(struct mf_open_file *f, int level, int name, const void *value,
                         socklen_t bytes)
{
    struct mf_socket *const s = (struct mf_socket *)f;
    const struct option *const o = find_option(s, level, name);
    union value v;

    if (o == NULL || o->set == NULL) {
        return -ENOPROTOOPT;
    }
    if (value == NULL || bytes < value_bytes(o->kind)) {
        return value == NULL ? -EFAULT : -EINVAL;
    }
    memcpy(&v, value, value_bytes(o->kind));
    return o->set(s, &v);
}

int mf_socket_get_option(struct mf_open_file *f, int level, int name, void *value, socklen_t *bytes)
{
    struct mf_socket *const s = (struct mf_socket *)f;
    const struct option *const o = find_option(s, level, name);
    union value v = {0};

    if (o == NULL) {
        return -ENOPROTOOPT;
    }
    if ((int)*bytes < 0) {
        return -EINVAL;
    }
    o->get(s, &v);
    *bytes = *bytes < value_bytes(o->kind) ? *bytes : value_bytes(o->kind);
    memcpy(value, &v, *bytes);
    return 0;
}

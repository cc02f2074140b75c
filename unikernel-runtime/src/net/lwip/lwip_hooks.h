/* SPDX-License-Identifier: Apache-2.0 */
/* lwip_hooks.h - where lwIP's code calls ours. */
#pragma once

#include "lwip/ip_addr.h"

#include "lwip/err.h"

struct netif;
struct tcp_pcb;
struct tcp_seg;

/* netfront.c */

/** The longest TCP segment to `to`, IP header and all, by an interface whose MTU is `mtu`. */
u16_t mf_tcp_mtu(u16_t mtu, const struct netif *netif, const ip_addr_t *to);

/** The longest segment, of at most `mss`, that tcp_write() is to build now: depends on memory. */
u16_t mf_tcp_segment_max(u16_t mss);

/** The identification of the next IPv4 packet, in host order: lwIP's own. */
extern u16_t ip_id;

/** Sends a segment, whose TCP header is filled in; or later, with those that follow it (train.h). */
err_t mf_tcp_emit(struct tcp_seg *seg, struct tcp_pcb *pcb, struct netif *netif);

/** The longest TCP payload that we ever ask for; mf_tcp_mtu() may allow less. */
#define MF_TCP_MSS_MAX 32472

/** The shortest that a peer can ask for, as on Linux: else it could have us send a packet per byte. */
#define MF_TCP_MSS_MIN 48

/** The first sequence number of a connection (RFC 6528): a clock plus a keyed hash of its ends. */
u32_t mf_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                 u16_t remote_port);

#define LWIP_HOOK_TCP_ISN mf_tcp_isn

/* udp_socket.c */

struct pbuf;

/**
 * Called with each "destination unreachable" (RFC 792): `icmp` starts with its header, and stays the
 * caller's. NULL: there is no datagram socket.
 */
extern void (*mf_udp_on_unreachable)(struct pbuf *icmp);

/* tcp_table.c, called from where lwip/edit says. */

/** Puts a pcb at the head of one of lwIP's lists; if it is a connection, also into the table. */
void mf_tcp_link(struct tcp_pcb **list, struct tcp_pcb *pcb);

/** Takes it off again. O(1) for a connection. */
void mf_tcp_unlink(struct tcp_pcb **list, struct tcp_pcb *pcb);

/** lwIP itself takes this connection off its list: takes it off the table. */
void mf_tcp_forget(struct tcp_pcb *pcb);

/**
 * The connection that the packet being handled belongs to (its addresses are ip_current_...(), its
 * ports, in host order, are given), one in TIME-WAIT or one that is not; NULL: none.
 */
struct tcp_pcb *mf_tcp_find(u16_t remote_port, u16_t local_port, int in_time_wait);

/* tcp_ack.c */

/** The second segment in a row is not confirmed. Returns 1: do not confirm it now. */
int mf_tcp_put_off_ack(struct tcp_pcb *pcb);

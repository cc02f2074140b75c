/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shortcut.h - TCP over IPv4 past lwIP's Ethernet and IP: what nearly all packets are needs few of
 * their questions. All else goes the long way.
 */
#pragma once

#include <stdbool.h>

#include "lwip/err.h"
#include "lwip/prot/ethernet.h"

struct netif;
struct pbuf;
struct tcp_pcb;

/**
 * Hands a frame to TCP, if it is an unfragmented segment without IP options or padding, from one
 * address to ours, and its header is right: then it is consumed, else untouched.
 */
bool mf_shortcut_input(struct pbuf *p, struct netif *netif);

/** Sends the segment p of `pcb` to an address beyond `gateway`. The caller keeps p. */
err_t mf_shortcut_output(struct pbuf *p, const struct tcp_pcb *pcb, struct netif *netif,
                         const struct eth_addr *gateway);

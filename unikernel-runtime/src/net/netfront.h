/* SPDX-License-Identifier: Apache-2.0 */
/* netfront.h - the driver of the PV network device. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lwip/ip_addr.h"
#include "lwip/prot/ethernet.h"
#include "mayfly/info.h"

struct netif;

/**
 * Starts the device that *info describes and adds it to lwIP as `netif`, with its addresses.
 * Returns false when there is none, or it is described wrongly.
 */
bool netfront_start(const struct mf_info *info, struct netif *netif);

/** This guest is a clone: what is on its way is lost, and nothing can be sent. */
void netfront_detach(void);

/**
 * After netfront_detach(): goes on with the device that *info describes now, with its addresses.
 * Returns false when there is none, or it does not fit.
 */
bool netfront_attach(const struct mf_info *info);

/** Hands received packets to lwIP and frees what has been sent. Returns packets received. */
unsigned int netfront_poll(void);

/**
 * Whom `netif` sends IPv4 packets to `to` that leave its subnet to; NULL: they do not, or it is not
 * this device. *can_cut: whether that one cuts them (MF_NET_F_CUT).
 */
const struct eth_addr *netfront_way_out(const struct netif *netif, const ip_addr_t *to,
                                        bool *can_cut);

/** Something was sent: tells the backend now, or leaves it to the next netfront_flush(). */
void netfront_kick(void);

/** Tells the backend of all that was sent, if it wants to be told. */
void netfront_flush(void);

/** Asks for events. Returns true when there is work already. */
bool netfront_prepare(void);

/* SPDX-License-Identifier: Apache-2.0 */
/* nat_flow.h - the table of flows of nat.h: look-up, creation, ageing. Private to the NAT. */
#pragma once

#include "net/nat.h"

#define NAT_SEEN_REPLY 0x1u   /* a packet from outside */
#define NAT_SEEN_OUT_FIN 0x2u /* TCP: the guest has closed its side */
#define NAT_SEEN_IN_FIN 0x4u
#define NAT_SEEN_RST 0x8u

/**
 * The flow of a packet that goes out; made when there is none. key: guest, guest_port, remote,
 * remote_port, protocol, via_gateway. NULL: there is no room.
 */
struct nat_flow *nat_flow_use_out(struct nat *n, const struct nat_flow *key, const struct packet *p,
                                  uint32_t now_s);

/** The flow of a packet that came in, or NULL. key: our_port, remote, remote_port, protocol. */
struct nat_flow *nat_flow_use_in(struct nat *n, const struct nat_flow *key, const struct packet *p,
                                 uint32_t now_s);

/** Likewise, but takes no note of it. */
struct nat_flow *nat_flow_find_in(struct nat *n, const struct nat_flow *key);

/** Frees all flows of a guest. */
void nat_flow_remove_all(struct nat *n, uint32_t guest);

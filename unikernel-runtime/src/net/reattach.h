/* SPDX-License-Identifier: Apache-2.0 */
/* reattach.h - the network stack in a clone of a running guest. */
#pragma once

#include <stdbool.h>

#include "mayfly/info.h"

struct netif;

/**
 * Goes over to the device that *info describes, with its addresses. Connections are reset, listening
 * and datagram sockets stay, packets are lost. `front`: the interface to the outside, or NULL.
 * Returns whether it works.
 */
bool mf_net_reattach(const struct mf_info *info, struct netif *loopback, struct netif *front);

/* SPDX-License-Identifier: Apache-2.0 */
/* lwip_hooks.h - where lwIP's code calls ours. */
#pragma once

#include "lwip/ip_addr.h"

/** The first sequence number of a connection (RFC 6528): a clock plus a keyed hash of its ends. */
u32_t mf_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                 u16_t remote_port);

#define LWIP_HOOK_TCP_ISN mf_tcp_isn

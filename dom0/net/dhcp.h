/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp.h - a DHCP client (RFC 2131) for dom0's uplink, as a state machine without I/O. Whoever
 * drives it sends what dhcp_due() makes, hands it what arrives, and calls again at next_ms.
 *
 * At half of the lease it asks again by broadcast (REBINDING at once, RENEWING is left out).
 * Times are milliseconds of a monotonic clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/plan.h"

#define DHCP_FRAME_BYTES 342 /* Ethernet, IPv4, UDP, BOOTP of 300 bytes */

enum dhcp_state {
    DHCP_SELECTING,  /* -> REQUESTING by an offer */
    DHCP_REQUESTING, /* -> BOUND by an ACK, SELECTING by a NAK or for want of an answer */
    DHCP_BOUND,      /* -> REBINDING at half of the lease */
    DHCP_REBINDING,  /* -> BOUND by an ACK, SELECTING by a NAK or at the end of the lease */
};

struct dhcp {
    enum dhcp_state state;
    uint8_t mac[6];
    uint32_t xid;
    uint32_t address, server;  /* offered or leased */
    uint32_t tries;            /* since the state was entered */
    uint64_t next_ms;          /* call dhcp_due() then */
    uint64_t start_ms, end_ms; /* of the lease */
};

/** Starts from nothing. xid: random. */
void dhcp_start(struct dhcp *d, const uint8_t mac[6], uint32_t xid, uint64_t now_ms);

/** Makes the frame to be sent now, and sets next_ms. Returns its bytes, or 0. */
uint32_t dhcp_due(struct dhcp *d, uint64_t now_ms, uint8_t frame[DHCP_FRAME_BYTES]);

/**
 * Looks at a frame that was received. Returns true when `u` has changed: it got the leased address,
 * or lost it (0).
 */
bool dhcp_input(struct dhcp *d, uint64_t now_ms, const uint8_t *frame, uint32_t bytes,
                struct plan_uplink *u);

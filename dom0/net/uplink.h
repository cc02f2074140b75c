/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.h - the way out: the network card, dom0's own address on it (static or by DHCP), and
 * frames that wait for a neighbour's MAC.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "net/frame.h"

/** Looks for a network card and starts it. Prints what it finds. */
void uplink_init(const struct conf *c);

/** Whether there is a card. */
bool uplink_is_present(void);

/** Whether `frames` frames (cut.h) can be sent now. */
bool uplink_has_room(uint32_t frames);

/** Sends a frame; the caller asked uplink_has_room(). */
void uplink_send(const struct frame *f);

/**
 * Keeps a copy of a frame until the MAC of next_hop is known, or some seconds are over. One that is
 * to be cut is lost: who has a connection comes back.
 */
void uplink_hold(const struct frame *f, uint32_t next_hop);

/** Sends an ARP request for `ip`. */
void uplink_ask(uint32_t ip);

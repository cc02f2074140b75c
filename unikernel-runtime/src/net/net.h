/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h - the network stack as the rest of the runtime sees it.
 *
 * It starts when the first socket is made or the first name is looked up. All of it runs in the
 * callers' threads and in the idle loop; there is no thread of its own. Packets that arrive are
 * handled when the application blocks or polls; packets to be sent are shown to the backend at
 * once and announced in batches.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct netif;

#define COLD __attribute__((cold, noinline)) /* rare: is to be small */

/** Starts lwIP, the loopback and the PV network device, if there is one. Later calls do nothing. */
void mf_net_start(void);

/**
 * To be called after any call into lwIP that may send, close or connect: keeps TCP's timer going
 * while something depends on it, and has what was sent go out soon.
 */
void mf_net_kick(void);

/** Has the one-second timers (ARP, ND, reassembly, DNS) run for the next `seconds`. */
void mf_net_tick_for(unsigned int seconds);

/** Catches up with the seconds that the one-second timers missed while nothing needed them. */
void mf_net_tick_late(void);

/** The interface to the outside, or NULL. */
struct netif *mf_net_interface(void);

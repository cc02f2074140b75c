/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_ack.h - fewer acknowledgements for what arrives in one go. TCP confirms every second segment
 * (RFC 5681, 4.2). When more packets lie in the ring already, one confirmation of up to
 * MF_ACK_SEGMENTS segments does as well, as with receivers that merge segments in the card.
 */
#pragma once

#include <stdbool.h>

struct tcp_pcb;

#define MF_ACK_SEGMENTS 8

/** Tells that more packets lie ready behind the one that is handed to lwIP now. */
void mf_tcp_set_more(bool more);

/** All that lay ready has been handed over: sends what was put off. */
void mf_tcp_send_acks(void);

/** The pcb is being freed. */
void mf_tcp_forget_ack(const struct tcp_pcb *pcb);

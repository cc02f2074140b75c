/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echo.h - answers that dom0 gives itself: ICMP and ICMPv6 echo, neighbour solicitations, and TCP
 * resets for ports that nobody has. Each turns the frame in place into the answer and returns true,
 * or returns false when there is nothing to answer. MACs are swapped; the caller sees to the rest.
 */
#pragma once

#include "net/packet.h"
#include "net/plan.h"

/** An ICMP echo request (RFC 792) to whatever address it was sent to. */
bool echo_answer_ip4(struct frame *f, struct packet *p);

/** An ICMPv6 echo request (RFC 4443, 4.1). */
bool echo_answer_ip6(struct frame *f, struct packet *p);

/**
 * A neighbour solicitation from `guest` (RFC 4861, 7.2): dom0 answers for the gateway and for all
 * guests, by arithmetic. A guest's question for its own address (is it in use?) gets no answer.
 */
bool echo_answer_neighbour(const struct plan *plan, uint32_t guest, struct frame *f,
                           struct packet *p);

/** A TCP segment for a port that is closed (RFC 9293, 3.5.2): a reset. None for a reset. */
bool echo_refuse_tcp(struct frame *f, struct packet *p);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netback.h - the network devices of guests, dom0's end: takes frames from a guest's transmit
 * queue, asks the switch where they go (net/switch.h), copies each once to where it goes.
 *
 * Fairness  Guests with something to send stand in a queue; each may send a batch, then stands at
 *           the end again. A guest whose frames wait for the uplink does not hold up others.
 * Large     A frame longer than the MTU goes only to a guest that says that it takes such ones
 *           (mayfly/info.h), into several of its buffers.
 * Full      A guest whose next frame is for one without a free buffer waits until that one has some,
 *           so that no segment is lost while a receiver does not run. While a sender waits with
 *           frames for others behind, its time is bounded: a receiver that takes nothing for
 *           HOLD_NS (netback.c) is not waited for, nor is any by a sender that had to wait for slow
 *           ones too long in this second: frames for them are lost then. What comes
 *           from outside, where nobody can be made to wait, is kept meanwhile (park.h): while
 *           the receiver has not had the CPU, for up to a second.
 * Trust     A guest can write anything to its window at any time. Queues that make no sense, or
 *           chains that hold no frame, cost that guest its network, or that frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"
#include "net/park.h"
#include "net/switch.h"

struct netback {
    struct virtq_device rx, tx;    /* rx: towards the guest */
    uint32_t port;                 /* dom0's end */
    uint32_t next_run, next_dirty; /* slot + 1; in the queues below */
    uint32_t waiters, next_held;   /* slot + 1; who waits for a buffer of this guest */
    bool is_open, is_queued, is_dirty;
    bool is_held;                    /* in the list of those that somebody waits for */
    bool is_stuck;                   /* takes nothing: nobody waits for it */
    uint16_t held_posted;            /* buffers that it had ever posted when it did not suffice */
    bool is_broken;                  /* said so */
    struct park parked;              /* came in for this guest, which has no buffer */
    uint64_t parked_ns;              /* since when the oldest of them waits, or later */
    uint64_t parked_cpu_ns;          /* CPU time that it had used soon after; NOT_LOOKED */
    uint64_t held_ns;                /* since when it waits for a receiver */
    uint64_t slow_since_ns, slow_ns; /* a second, and what it waited for slow ones in it */
    uint64_t sent, received, bad, lost; /* frames; lost: its receive queue was full */
};

/** The switch, with its address plan: set up before the first guest. */
extern struct net_switch netback_switch;

/** Registers for events. */
void netback_init(void);

/** Starts the device of a guest whose info page is filled in. port: dom0's end. */
void netback_open(uint32_t slot, void *window, uint32_t port);

/** Ends it, before the window is gone. */
void netback_close(uint32_t slot);

/** Gives a frame to a guest, if it has a network; later, if it has no room now. */
void netback_deliver(uint32_t slot, const struct frame *f);

/** Whether a guest takes frames longer than the MTU. */
bool netback_takes_large(uint32_t slot);

/** Gives a frame that is longer to a guest. False: it has no room now, and nothing has happened. */
bool netback_deliver_large(uint32_t slot, const struct frame *f);

/** Lets every guest that stands in the queue send one batch. */
void netback_run(uint32_t now_s);

/** Shows guests what was delivered and taken; to be called after a round of work. */
void netback_flush(void);

/** Whether guests still have something to send that can be sent now. */
bool netback_has_work(void);

/** The uplink has room again. */
void netback_uplink_has_room(void);

/**
 * Whether frames wait for guests that have to run first: their CPU may be this one, so frames from
 * outside are better taken more slowly.
 */
bool netback_is_behind(void);

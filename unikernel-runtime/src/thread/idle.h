/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idle.h - where devices plug into the scheduler: events by tag, pollers, timers.
 *
 * When no thread can run: all pollers are polled; if that woke nobody, their prepare() says how
 * long the guest may sleep, and hv_event_wait() blocks until then or until an event, whose handler
 * then runs. Pollers also run at each mf_thread_yield(), poll(), select(), epoll_wait() and
 * non-blocking call that finds nothing, so a busy guest sees its devices without a hypercall.
 *
 * The structures belong to the caller, are filled in by it and stay registered for ever; nothing is
 * allocated. All functions are called on some thread's stack, must not block, and may wake threads,
 * notify files (fd.h) and set timers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time/clock.h"

/* Events with tags first_tag .. first_tag + count - 1. MF_TAG_* (info.h) are the lowest ones. */
struct mf_event {
    uint32_t first_tag, count;
    void (*handle)(uint32_t tag, void *arg);
    void *arg;
    struct mf_event *next; /* set by mf_event_register() */
};

/** Has handle() called for events of these tags. The latest registration of a tag wins. */
void mf_event_register(struct mf_event *e);

struct mf_poller {
    /* Looks at shared memory or the clock and does what is to be done; a few loads when idle. */
    void (*poll)(void *arg);
    /*
     * The guest is about to sleep: asks the device for an event again (if poll() turned it off),
     * and returns the monotonic time to be polled at, MF_NEVER, or 0 when there is work already.
     * NULL: MF_NEVER.
     */
    uint64_t (*prepare)(void *arg);
    void *arg;
    struct mf_poller *next; /* set by mf_poller_register() */
};

void mf_poller_register(struct mf_poller *p);

/** Calls every poller and runs the timers that are due. Never blocks. */
void mf_idle_poll(void);

/* A one-shot timer. All zero is a timer that is not set. */
struct mf_timer {
    uint64_t deadline_ns;               /* monotonic */
    void (*expire)(struct mf_timer *t); /* the timer is not set any more; may be set again here */
    struct mf_timer *child, *sibling, *previous; /* the heap's own; previous: NULL when not set */
};

/** Sets `t` (t->expire filled in), set before or not, to expire at deadline_ns. O(log n). */
void mf_timer_set(struct mf_timer *t, uint64_t deadline_ns);

/** Takes it off; nothing happens when it is not set. */
void mf_timer_cancel(struct mf_timer *t);

static inline bool mf_timer_is_set(const struct mf_timer *t)
{
    return t->previous != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - standing still: a guest that the user paused, and moments in which dom0 stops one to work
 * on it. A paused guest's state is GUEST_RUNNING with is_paused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guests/slot.h"
#include "thread/idle.h"

/* At which moment a guest may be stopped. */
enum hold_when {
    HOLD_NOW,
    HOLD_QUIET, /* it does not use its window (mf_info.critical): it can be copied */
    HOLD_REST,  /* likewise, and waits for events: its runtime can be asked for a service */
};

/**
 * Stops a guest for a moment. One that has not been started, or that the user or hv (for want of
 * memory) paused, stands still anyway: *was_running, for hold_resume(), is false. Returns 0, or
 * HV_ERR_BUSY: not now, it goes on; or another HV_ERR_*.
 */
int64_t hold_stop(struct guest *g, enum hold_when when, bool *was_running);
void hold_resume(const struct guest *g, bool was_running);

/** Pauses a running guest until hold_end(), also one that hv paused. Errors: as hold_stop(). */
int64_t hold_begin(struct guest *g, enum hold_when when);

/** Lets a paused guest go on. */
int64_t hold_end(struct guest *g);

/** Whether a guest that stands still does so where HOLD_REST would stop it. */
bool hold_is_at_rest(const struct guest *g);

/* Work that needs a guest at the right moment: attempted until it is done. The caller's. */
struct hold_retry {
    struct mf_timer timer; /* hold.c's */
    struct guest_ref guest;
    uint32_t count;    /* of attempts so far */
    uint64_t every_ns; /* from one to the next */
    /** Returns whether to try again. g: NULL when the guest has ended; then false is expected. */
    bool (*attempt)(struct hold_retry *r, struct guest *g);
    /** That was the last attempt, and not the one in hold_retry_begin(). `r` is not used after. */
    void (*done)(struct hold_retry *r);
};

/** Attempts it on `g` now; returns true when that was not the last time. attempt, done, every_ns: set. */
bool hold_retry_begin(struct hold_retry *r, struct guest *g);

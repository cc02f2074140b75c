/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h - guests, from creation to what is left of them. A guest is a slot number: it also gives
 * its window and its addresses (net/plan.h) and is in the tags of its events, so nothing is looked
 * up.
 *
 * States   FREE -> CREATED -> RUNNING -> ENDED -> FREE; CREATED -> ENDED by kill.
 * Ended    guests have given all back but their slot, name and log; the last GUEST_KEPT of them
 *          are kept to be looked at.
 * Cost     Creating, starting and ending do not depend on how many guests there are. 0.5 KiB each,
 *          and the log of those that write something.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/console.h"
#include "guests/launch.h"
#include "images/image.h"
#include "net/netback.h"
#include "thread/idle.h"

#define GUEST_KEPT 32

enum guest_state { GUEST_FREE = 0, GUEST_CREATED, GUEST_RUNNING, GUEST_ENDED };

struct guest {
    uint8_t state; /* enum guest_state */
    bool has_network;
    bool is_ready;           /* it said so */
    bool is_starved;         /* RUNNING, but paused by hv until there is memory */
    bool was_starved;        /* said so */
    bool is_absent;          /* RUNNING, but paused by hv until a page is read (absent.h) */
    bool is_paused;          /* RUNNING, but the user paused it */
    bool is_serving;         /* paused in its runtime's service loop: service.c */
    bool has_exited;         /* its program, but it serves its children files */
    bool is_first;           /* the machine may end with it */
    bool request_is_open;    /* request.c: one is under way... */
    uint8_t inspect;         /* enum rights_inspect */
    uint32_t request_number; /* ...and this is its number, or that of the last one */
    uint32_t request_serial; /* of that one among all of the slot: rollbacks do not set it back */
    uint32_t life;           /* of the slot, counted: handles are used again */
    uint32_t handle;
    uint32_t next;            /* free list, or queue.h: slot + 1 */
    uint32_t previous;        /* queue.h: slot + 1 */
    uint32_t name_next;       /* names.c: slot + 1 */
    uint32_t name_hash;       /* names.c's */
    uint32_t absent_region;   /* absent.c's */
    uint32_t reason;          /* ENDED: enum hv_end_reason */
    int32_t code;             /* ENDED: exit status */
    struct image *image;      /* borrows */
    struct process *process;  /* owns; NULL: has not forked and was not forked */
    uint32_t pid;             /* as a process; 0: 1 */
    bool is_child;            /* was forked */
    uint32_t fork_limit;      /* children, and theirs, at a time */
    const char *share;        /* whom it may share memory with; rights.c's; NULL: nobody */
    struct share *shares;     /* owns; share.c */
    struct template *from;    /* a reference; NULL: its image */
    char *origin;             /* owns; what the user cloned it from; NULL: he did not */
    struct given *given;      /* a reference; NULL: its image's arguments and environment */
    uint64_t memory_pages;    /* its limit; 0: none */
    uint16_t weight;          /* as it was launched with; 0: the default */
    uint8_t cap_percent;      /* likewise */
    uint32_t generation;      /* of its info page */
    uint64_t clock_offset_ns; /* likewise */
    uint32_t snapshots;       /* ever made, for their names */
    uint64_t top_cpu_ns;      /* when `top` last looked */
    struct mf_timer stop_timer;
    struct console console;
    struct netback net;
    char name[LAUNCH_NAME_BYTES];
};

/** Told when a guest has ended (its state is ENDED), or says that it is ready. */
typedef void (*guest_told_t)(uint32_t slot);

/** Registers for events. show_output: print guests' lines. plan: the address plan, borrowed. */
void guest_init(const struct plan *plan, bool show_output, guest_told_t ended, guest_told_t ready);

/** The guest in a slot (any number below PLAN_GUESTS_MAX). */
struct guest *guest_at(uint32_t slot);

/** One more than the highest slot that was ever used. */
uint32_t guest_slots(void);

/** Guests that are CREATED or RUNNING. */
uint32_t guest_count(void);

/**
 * Makes a guest, which does not run yet. Returns true and its slot, or false and in `error` what to
 * tell the user.
 */
bool guest_create(const struct launch *l, uint32_t *slot, char error[128]);

/** Lets a created guest run. Returns 0 or HV_ERR_*. */
int64_t guest_start(uint32_t slot);

/**
 * Makes and starts (l->is_created_only: makes) `limit` guests, or less when there are l->count by then:
 * *done, 0 at first, counts them. *slot is the last one. Returns false and in `error` what to tell the
 * user when one of them cannot be started.
 */
bool guest_launch(const struct launch *l, uint32_t limit, uint32_t *slot, uint32_t *done,
                  char error[128]);

/** Asks a running guest to end; kills it after `grace_ns`. */
void guest_stop(uint32_t slot, uint64_t grace_ns);

/** Ends a guest that is created or running, now. */
void guest_kill(uint32_t slot);

/** Likewise, because a part of its memory was lost. */
void guest_lose(uint32_t slot);

/** Makes an address in the window of a slot. */
void *guest_window(uint32_t slot);

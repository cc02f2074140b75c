/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - guests as POSIX processes: families that fork() makes, who is whose child, how they
 * ended. Signals, groups, stopping: jobs.h.
 *
 * A guest has a record from its first fork, shared memory or question for its group on, and so does
 * each child. The record of a child that
 * ended stays, without a guest, until its parent waits for it or ends: it counts as a member.
 * Cost: records are 112 bytes; ending and waiting take time with the number of children, not of
 * members or guests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guests/guest.h"

#define PROCESS_MEMBERS_MAX (LAUNCH_FORK_MAX + 1u) /* of a family */
#define PROCESS_FORK_DEFAULT 256u
#define PROCESS_PID_MAX 0xfffffu /* what fits into an answer to MF_REQUEST_WAIT */

struct family;

enum process_change { PROCESS_NONE = 0, PROCESS_STOPPED, PROCESS_CONTINUED };

struct process {
    struct family *family;
    struct process *parent;                     /* NULL: none is alive */
    struct process *children, *next, *previous; /* next, previous: the parent's other children */
    uint32_t slot;                              /* of its guest; PLAN_NO_GUEST: it has ended */
    uint32_t pid;                               /* 1.. */
    uint32_t member;          /* number in the family, below PROCESS_MEMBERS_MAX */
    uint32_t status;          /* of one that has ended, as for wait() */
    uint64_t cpu_ns;          /* likewise */
    uint64_t children_cpu_ns; /* of children that were waited for, and of theirs */
    uint32_t group, session;  /* numbers of the processes that they are named after */
    uint8_t stopped_by;       /* a signal; 0: it runs */
    uint8_t change;           /* enum process_change: what wait() may tell, once */
    bool takes_ring;          /* mf_sent_signals: it has forked, or is a child */
    uint32_t user;            /* of the family's files (mayfly/family.h); 0: none, or the owner */
    uint32_t next_user;       /* what the next child is to be */
};

/** The record of a guest, made if need be. NULL: no memory. */
struct process *process_of(struct guest *g);

/** A record for a child of `parent`, without a guest. NULL: the family is full, or no memory. */
struct process *process_add_child(struct process *parent);

/** Its guest is `g` from now on; fills in its part of the info page. */
void process_attach(struct process *p, struct guest *g);

/** Undoes process_add_child(). */
void process_drop(struct process *p);

/** The member of p's family with this number, alive or not; NULL: none. */
struct process *process_find(const struct process *p, uint32_t pid);

/**
 * Has SIGKILL sent to all others: until g's request is answered, none of them gets a child, which
 * might be overlooked.
 */
void process_forbid_children(struct process *p);

/** The member with this number in the family, or NULL. */
struct process *process_member(const struct process *p, uint32_t member);

/** A pipe for the family; as pipes_add(). */
int64_t process_add_pipe(struct process *p, uint64_t bytes, uint64_t ends, uint64_t *index);

/** The window of the family's files, `p` being their owner. STATE: another one is; LIMIT, NOMEM. */
int64_t process_own_files(struct process *p);

/**
 * Memory that the family shares: `op` is MF_MEMORY_*, `number` its second argument. Returns 0, INVAL,
 * LIMIT, NOMEM, NOENT, or IO: who owns the files has gone.
 */
int64_t process_use_memory(struct process *p, uint64_t op, uint64_t number, uint64_t *value);

/** Whether it has memory that others of its family may have, too. NULL: it has not. */
bool process_has_memory(const struct process *p);

/** Puts it into `dom`, a paused copy of p's guest; as family_memory_freeze(). */
int64_t process_freeze_memory(const struct process *p, uint32_t dom);

/**
 * `g`, which does not run, gets what was put into template `dom`, for itself: nobody else of its
 * family has any (process_may_thaw()). Returns HV_ERR_*.
 */
int64_t process_thaw_memory(uint32_t dom, struct guest *g);

/** Whether no other process of its family has shared memory. NULL: there is none. */
bool process_may_thaw(const struct process *p);

/**
 * The guest of `child`, which has not run, gets the pipes that its parent has, and the files. Returns
 * HV_ERR_*.
 */
int64_t process_inherit(struct process *child);

/** Undoes process_add_child() and what came after it, with its guest CREATED. */
void process_abandon(struct process *child);

/** The foreground group of the family's terminal. Borrows. */
uint32_t *process_front(const struct process *p);

/** The guest's program has ended, the guest goes on for its children's sake: they are nobody's. */
void process_lingers(struct guest *g, int32_t code);

/** The guest that has the files of `g`: itself, or the first process of its family. */
struct guest *process_files_of(struct guest *g);

/** The guest has sent an event: wakes others of the family if it says so. */
void process_event(struct guest *g);

/** The guest was rolled back: it has none of its pipes and files. Fills in its part of the info page. */
void process_rolled_back(struct guest *g);

/** A guest is ending: `reason`, `code` as in struct guest. Its window is still there. */
void process_guest_ends(struct guest *g, uint32_t reason, int32_t code);

/** The guest whose child it is; NULL: it is nobody's, or that one has ended. */
const struct guest *process_parent(const struct guest *g);

/** Prints who it is in its family, if it has one. */
void process_print(const struct guest *g);

/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the owner's side, for server.c and serve.c. */
#pragma once

#include "family/family.h"
#include "fd/fd_internal.h"
#include "system/identity.h"

struct mf_watch;

/* What another process of the family has of the owner's files. */
struct mf_family_user {
    struct mf_fd_table fds;
    struct mf_node *directory; /* the working directory; a reference; NULL: the root */
    struct mf_identity identity;
    struct mf_family_mapping *mappings;    /* shared ones (mapping.c) */
    uint32_t number, parent;               /* users */
    uint32_t member;                       /* whom to wake; of its last call */
    uint32_t event_head;                   /* of its ring of events */
    struct mf_watch **watches;             /* owns; by number of the file; NULL: none */
    uint32_t watch_count;                  /* of the table */
    struct mf_watch *untold, *untold_last; /* those with events that did not fit */
};

/* While it does something for a user: nothing is polled then. */
extern bool mf_family_is_serving;

/** Has the process of `u` woken. */
void mf_family_wake_user(struct mf_family_user *u);

/** Whether the window is there: it is not in a copy that fork() did not make. */
bool mf_family_has_window(void);

/* What a user has mapped shared of a file, which keeps that part of it where it is. */
struct mf_family_mapping {
    struct mf_family_mapping *next;
    struct mf_node *node; /* a reference, and one of its pins */
    uint64_t start, bytes;
};

/** A new user has what its parent has; NULL: what the owner has. Returns false: no memory. */
bool mf_family_copy_mappings(struct mf_family_user *u, const struct mf_family_user *parent);

void mf_family_drop_mappings(struct mf_family_user *u);

/** MF_FAMILY_MAP, of `node`, which is open with `flags`; MF_FAMILY_UNMAP. */
int64_t mf_family_map_for(struct mf_family_user *u, struct mf_node *node, uint32_t flags,
                          int64_t *args);
int64_t mf_family_unmap_for(struct mf_family_user *u, const int64_t *args);

/** The user that is served; NULL: the owner itself. */
struct mf_family_user *mf_family_served(void);

/**
 * Does what the user asks for, with its table, directory and ids in force. `c` is a copy, except for
 * what it gives back: args[0]. `data`: its buffer, which may change at any time; NULL: none. Returns
 * what is not negative, or a negative errno number.
 */
int64_t mf_family_serve(struct mf_files_call *c, char *data);

/** The same for operations from MF_FAMILY_IO on (serve_io.c). */
int64_t mf_family_serve_io(struct mf_family_user *u, struct mf_files_call *c, char *data);

/* ---- watch.c ------------------------------------------------------------------------------------ */

/**
 * What args[5] of an answer about file `number`, `f`, is to be; from here on the user is told what it
 * becomes ready for, if `wants` it or has wanted it before.
 */
int64_t mf_watch_answer(struct mf_family_user *u, uint32_t number, struct mf_open_file *f,
                        bool wants);

/** Nobody is to be told of that file any more. */
void mf_watch_drop(struct mf_family_user *u, uint32_t number);

/** Tells what has not fitted before. */
void mf_watch_tell(struct mf_family_user *u);

/** The user's ring is empty. */
void mf_watch_begin(struct mf_family_user *u);

/** Frees all. */
void mf_watch_end(struct mf_family_user *u);

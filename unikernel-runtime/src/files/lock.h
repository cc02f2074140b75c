/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - flock(): locks that belong to an open file. (Record locks, fcntl() and lockf(), belong to
 * the process; a guest is one process, so they never conflict and nothing has to be kept.)
 */
#pragma once

#include "fd/fd.h"

struct mf_node;

/* Of a node, made with its first lock. */
struct mf_file_lock {
    uint32_t shared;          /* holders of LOCK_SH */
    bool exclusive;           /* there is a holder of LOCK_EX */
    struct mf_open_file wait; /* no file: those who wait for a release watch it */
};

/**
 * Gives the lock `held` (LOCK_SH, LOCK_EX, 0: none) of node `n` back and takes `wanted`, waiting
 * unless `try`. *held is what is held afterwards. Returns 0, -EWOULDBLOCK, -EINTR, -ENOLCK. The
 * caller has a reference to the node.
 */
int mf_file_lock(struct mf_node *n, int *held, int wanted, bool try);

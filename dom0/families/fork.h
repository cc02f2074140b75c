/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork.h - what guests ask for as processes: fork, wait, kill (mf_request_op of mayfly/info.h).
 *
 * fork    The guest asks and then does nothing but wait; dom0 pauses it, clones it as it clones any
 *         guest that runs (lifecycle.h), writes the answer into both info pages, starts both.
 * wait    Never blocks here: dom0 counts child_changes in the parent's info page up and sends an
 *         event whenever a child ends; the parent asks again.
 */
#pragma once

/** Registers for these requests. */
void fork_init(void);

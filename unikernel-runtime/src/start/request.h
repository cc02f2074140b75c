/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - asking dom0 for something (struct mf_request of mayfly/info.h).
 *
 * A guest has one request under way at a time; threads that have more wait for their turn. Signal
 * handlers do not run in a thread while it waits here. A guest that is copied meanwhile: the copy
 * asks again, as dom0 knows nothing of what its origin asked; so ask only for what may be asked
 * twice, or look at mf_clone_generation.
 */
#pragma once

#include <stdint.h>

/**
 * Asks for `op` (enum mf_request_op) with two numbers and a text (at most 63 bytes, else it is cut;
 * NULL: none), and lets the calling thread sleep until the answer is there; others go on.
 * Returns 0 and *value (NULL: not wanted), or HV_ERR_*: NOSYS also where there is no dom0.
 */
int64_t mf_request(uint32_t op, uint64_t arg0, uint64_t arg1, const char *text, uint64_t *value);

/**
 * The same, but nothing else of the guest runs until the answer is there: no thread, no handler of
 * a signal, a timer or a device. For what dom0 answers at once. A copy of the guest that finds the
 * answer in its own info page returns, too, attached to nothing of its own yet (start/clone.h);
 * in_copy(), if it is not NULL, is called first of all there.
 */
int64_t mf_request_alone(uint32_t op, uint64_t arg0, uint64_t arg1, void (*in_copy)(void),
                         uint64_t *value);

/** While MF_REQUEST_STOP is under way: called before each sleep; NULL: nothing. */
extern void (*mf_request_meanwhile)(void);

/** HV_ERR_* as the errno number that says most. 0 for 0. */
int mf_request_errno(int64_t error);

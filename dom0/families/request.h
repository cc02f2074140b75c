/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what guests ask dom0 for: struct mf_request of the info page (mayfly/info.h).
 *
 * Trust    A guest may write anything there, at any time. What it asks is copied once and only the
 *          copy is looked at; a handler checks every value in it. Whatever a guest writes afterwards
 *          harms itself only.
 * Turns    One request per event of the guest, and none while one is under way: who asks all the
 *          time gets its turn like the others.
 * Answers  At once, or later by request_answer(). A guest that ended meanwhile needs no answer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guests/guest.h"
#include "mayfly/info.h"

#define REQUEST_OPS 64  /* operations are numbered below */
#define REQUEST_LATER 1 /* the handler's result: request_answer() will be called */

struct request {
    uint32_t op;
    uint64_t args[2];
    char text[65]; /* always NUL-terminated; as the guest wrote it, any bytes */
};

/**
 * Carries out a request of a running guest. Returns 0 and *value, or HV_ERR_*, or REQUEST_LATER. The
 * request is the caller's and ends with the call.
 */
typedef int64_t (*request_handler_t)(struct guest *g, const struct request *r, uint64_t *value);

/**
 * Has `handler` called for requests with `op` (below REQUEST_OPS). takes_memory: of dom0 or hv, from
 * which no guest may take the last; then it is NOMEM while there is little.
 */
void request_register(uint32_t op, request_handler_t handler, bool takes_memory);

/** The guest has sent an event: looks whether it asks for something. O(1). */
void request_event(struct guest *g);

/**
 * Whether the request with this g->request_serial is still under way. Who answers later asks for this:
 * a guest that was rolled back begins anew with its numbers.
 */
bool request_is_open(const struct guest *g, uint32_t serial);

/** Answers the request that is under way. Nothing happens when there is none. */
void request_answer(struct guest *g, int64_t error, uint64_t value);

/** The guest's window is a new one, or the guest is: nothing is under way. */
void request_reset(struct guest *g);

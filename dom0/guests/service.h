/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h - asks a guest's runtime to look at a file, or to write one (struct mf_service,
 * mayfly/info.h). One question at a time in all.
 *
 * Trust   What a guest answers is copied once, and its numbers are brought into bounds; it may be any
 *         lie about its own files.
 * Paused  A paused guest runs for the answer only; it must be at rest (hold.h).
 * Bounded A guest that does not answer in time: the question is over.
 */
#pragma once

#include "guests/guest.h"

struct service_answer {
    const char *problem; /* NULL: it was done; a constant, or as strerror() */
    uint64_t next;       /* as in struct mf_service */
    uint32_t mode, done; /* done: of data, at most MF_AREA_DATA_BYTES */
    const uint8_t *data; /* till the next question */
};

typedef void (*service_told_t)(const struct service_answer *a);

struct service_question {
    uint32_t op; /* enum mf_service_op */
    const char *path;
    uint64_t offset;
    const uint8_t *data; /* of writes: at most MF_AREA_DATA_BYTES */
    uint32_t bytes;
};

/** Asks a running or paused guest. told() is called once, maybe before this returns. */
void service_ask(struct guest *g, const struct service_question *q, service_told_t told);

/** Whether it has been asked and has not answered yet: it runs then, paused or not. */
bool service_is_asked(const struct guest *g);

/** The guest has sent an event. */
void service_event(struct guest *g);

/** The guest has ended. */
void service_ended(const struct guest *g);

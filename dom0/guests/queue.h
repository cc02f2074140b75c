/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - guests that wait for their turn, in the order in which they came: the ended ones that are
 * kept, those without memory (starved.h), those without a page (absent.h). Linked through the guests, so
 * a guest stands in one at most. All is O(1).
 */
#pragma once

#include "guests/guest.h"

/* Empty: zeros. */
struct queue {
    uint32_t first, last; /* slot + 1; 0: none */
};

/** Adds a guest, which stands in no queue, at the end. */
void queue_add(struct queue *q, struct guest *g);

/** Takes out a guest that stands in this queue. */
void queue_remove(struct queue *q, struct guest *g);

/** The first guest; NULL: there is none. */
struct guest *queue_first(const struct queue *q);

/** The guest behind one that stands in a queue; NULL: it is the last one. */
struct guest *queue_next(const struct guest *g);

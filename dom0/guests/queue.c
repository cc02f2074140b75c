/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - see queue.h. */
#include "guests/queue.h"

#include "guests/slot.h"

static struct guest *of_link(uint32_t link)
{
    return link != 0 ? guest_at(link - 1) : NULL;
}

void queue_add(struct queue *q, struct guest *g)
{
    const uint32_t link = slot_of(g) + 1;

    g->next = 0;
    g->previous = q->last;
    *(q->last != 0 ? &of_link(q->last)->next : &q->first) = link;
    q->last = link;
}

void queue_remove(struct queue *q, struct guest *g)
{
    *(g->previous != 0 ? &of_link(g->previous)->next : &q->first) = g->next;
    *(g->next != 0 ? &of_link(g->next)->previous : &q->last) = g->previous;
}

struct guest *queue_first(const struct queue *q)
{
    return of_link(q->first);
}

struct guest *queue_next(const struct guest *g)
{
    return of_link(g->next);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.c - one-shot timers in a pairing heap: setting is O(1), taking the first one O(log n)
 * amortised, and no memory is needed but the timers themselves.
 */
#include "thread/timer.h"

static struct mf_timer root = {.previous = &root}; /* root.child is the heap's first timer */

/* Of two heaps (neither NULL), the later one becomes the earlier one's first child. */
static struct mf_timer *meld(struct mf_timer *a, struct mf_timer *b)
{
    if (b->deadline_ns < a->deadline_ns) {
        struct mf_timer *const t = a;
        a = b;
        b = t;
    }
    b->sibling = a->child;
    if (b->sibling != NULL) {
        b->sibling->previous = b;
    }
    b->previous = a;
    a->child = b;
    a->sibling = NULL;
    return a;
}

/* Melds a list of siblings into one heap: in pairs first, then those from last to first. */
static struct mf_timer *meld_siblings(struct mf_timer *first)
{
    struct mf_timer *pairs = NULL;
    while (first != NULL) {
        struct mf_timer *const a = first, *const b = a->sibling;
        first = b == NULL ? NULL : b->sibling;
        struct mf_timer *const pair = b == NULL ? a : meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct mf_timer *heap = NULL;
    while (pairs != NULL) {
        struct mf_timer *const next = pairs->sibling;
        pairs->sibling = NULL;
        heap = heap == NULL ? pairs : meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

static void add_to_root(struct mf_timer *t)
{
    if (root.child != NULL) {
        t = meld(root.child, t);
    }
    t->previous = &root;
    root.child = t;
}

void mf_timer_cancel(struct mf_timer *t)
{
    if (t->previous == NULL) {
        return;
    }
    if (t->previous->child == t) {
        t->previous->child = t->sibling;
    } else {
        t->previous->sibling = t->sibling;
    }
    if (t->sibling != NULL) {
        t->sibling->previous = t->previous;
    }
    struct mf_timer *const rest = meld_siblings(t->child);
    t->child = t->sibling = t->previous = NULL;
    if (rest != NULL) {
        add_to_root(rest);
    }
}

void mf_timer_set(struct mf_timer *t, uint64_t deadline_ns)
{
    mf_timer_cancel(t);
    t->deadline_ns = deadline_ns;
    t->child = t->sibling = NULL;
    add_to_root(t);
}

uint64_t mf_timer_next_ns(void)
{
    return root.child == NULL ? MF_NEVER : root.child->deadline_ns;
}

void mf_timer_run(uint64_t now_ns)
{
    struct mf_timer *t;
    while ((t = root.child) != NULL && t->deadline_ns <= now_ns) {
        mf_timer_cancel(t);
        t->expire(t);
    }
}

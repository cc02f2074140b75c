/* SPDX-License-Identifier: Apache-2.0 */
/* timerq.c - see timerq.h. */
#include "hv/timerq.h"

static struct vcpu *merge(struct vcpu *a, struct vcpu *b)
{
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    if (b->timer.key < a->timer.key) {
        struct vcpu *t = a;
        a = b;
        b = t;
    }
    b->timer.next = a->timer.child;
    b->timer.prev = a;
    if (b->timer.next != NULL) {
        b->timer.next->timer.prev = b;
    }
    a->timer.child = b;
    return a;
}

/* Merges a list of siblings: in pairs from the left, then the pairs from the right. */
static struct vcpu *merge_pairs(struct vcpu *first)
{
    struct vcpu *pairs = NULL;

    while (first != NULL) {
        struct vcpu *a = first;
        struct vcpu *b = a->timer.next;
        first = b != NULL ? b->timer.next : NULL;
        a->timer.next = NULL;
        if (b != NULL) {
            b->timer.next = NULL;
        }
        struct vcpu *pair = merge(a, b);
        pair->timer.next = pairs;
        pairs = pair;
    }
    struct vcpu *all = NULL;
    while (pairs != NULL) {
        struct vcpu *next = pairs->timer.next;
        pairs->timer.next = NULL;
        all = merge(all, pairs);
        pairs = next;
    }
    return all;
}

void timerq_insert(struct vcpu **root, struct vcpu *v)
{
    v->timer.child = NULL;
    v->timer.next = NULL;
    v->timer.prev = NULL;
    *root = merge(*root, v);
}

void timerq_remove(struct vcpu **root, struct vcpu *v)
{
    struct vcpu *below = merge_pairs(v->timer.child);

    if (v == *root) {
        *root = below;
    } else {
        if (v->timer.prev->timer.child == v) {
            v->timer.prev->timer.child = v->timer.next;
        } else {
            v->timer.prev->timer.next = v->timer.next;
        }
        if (v->timer.next != NULL) {
            v->timer.next->timer.prev = v->timer.prev;
        }
        *root = merge(*root, below);
    }
    if (*root != NULL) {
        (*root)->timer.prev = NULL;
        (*root)->timer.next = NULL;
    }
    v->timer.child = NULL;
    v->timer.next = NULL;
    v->timer.prev = NULL;
}

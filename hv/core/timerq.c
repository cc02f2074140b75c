/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timerq.c - see timerq.h. The rank of a node is how many nodes there are on the way to the nearest
 * place with no child, and the right child never has the greater one: so a way to the right is short.
 */
#include "hv/timerq.h"

static inline uint32_t rank_of(const struct vcpu *v)
{
    return v != NULL ? v->timer.rank : 0;
}

/* Puts the children of `v` in order. True when its rank is another one now. */
static bool update(struct vcpu *v)
{
    struct timer_node *t = &v->timer;
    const uint32_t was = t->rank;

    if (rank_of(t->left) < rank_of(t->right)) {
        struct vcpu *left = t->left;
        t->left = t->right;
        t->right = left;
    }
    t->rank = rank_of(t->right) + 1;
    return t->rank != was;
}

/* As deep as the ranks of both together. The root's parent is for the caller to set. */
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
    a->timer.right = merge(a->timer.right, b);
    a->timer.right->timer.parent = a;
    (void)update(a);
    return a;
}

void timerq_insert(struct vcpu **root, struct vcpu *v)
{
    v->timer = (struct timer_node){.key = v->timer.key, .rank = 1};
    *root = merge(*root, v);
    (*root)->timer.parent = NULL;
}

void timerq_remove(struct vcpu **root, struct vcpu *v)
{
    struct vcpu *parent = v->timer.parent;
    struct vcpu *below = merge(v->timer.left, v->timer.right);

    if (below != NULL) {
        below->timer.parent = parent;
    }
    if (parent == NULL) {
        *root = below;
    } else if (parent->timer.left == v) {
        parent->timer.left = below;
    } else {
        parent->timer.right = below;
    }
    while (parent != NULL && update(parent)) {
        parent = parent->timer.parent;
    }
}

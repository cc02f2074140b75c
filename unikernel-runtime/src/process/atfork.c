/* SPDX-License-Identifier: Apache-2.0 */
/* atfork.c - pthread_atfork(), see process.h. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "process/process.h"

/* Of pthread_atfork(), in the order of registration. */
struct handlers {
    struct handlers *next, *previous;
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
};

static struct handlers *first, *last;

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    struct handlers *const h = malloc(sizeof(*h));

    if (h == NULL) {
        return ENOMEM;
    }
    *h = (struct handlers){.previous = last, .prepare = prepare, .parent = parent, .child = child};
    *(last != NULL ? &last->next : &first) = h;
    last = h;
    return 0;
}

void mf_atfork_prepare(void)
{
    for (const struct handlers *h = last; h != NULL; h = h->previous) {
        if (h->prepare != NULL) {
            h->prepare();
        }
    }
}

void mf_atfork_after(bool is_child)
{
    for (const struct handlers *h = first; h != NULL; h = h->next) {
        void (*const fn)(void) = is_child ? h->child : h->parent;
        if (fn != NULL) {
            fn();
        }
    }
}

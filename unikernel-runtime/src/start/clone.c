/* SPDX-License-Identifier: Apache-2.0 */
/* clone.c - see clone.h, mayfly.h. */
#include "start/clone.h"

#include <errno.h>
#include <mayfly.h>
#include <stdlib.h>

#include "thread/preempt.h"

struct callback {
    void (*fn)(void *);
    void *arg;
    struct callback *next;
};

uint32_t mf_clone_generation; /* that of a guest which was started from its image is 0 */
uint32_t mf_critical_depth;

static struct mf_clone_hook *hooks;
static struct callback *callbacks, **callbacks_end = &callbacks;

void mf_clone_register(struct mf_clone_hook *hook)
{
    hook->next = hooks;
    hooks = hook;
}

int mf_on_clone(void (*fn)(void *), void *arg)
{
    struct callback *const c = malloc(sizeof(*c));

    if (c == NULL) {
        errno = ENOMEM;
        return -1;
    }
    *c = (struct callback){.fn = fn, .arg = arg};
    *callbacks_end = c;
    callbacks_end = &c->next;
    return 0;
}

/*
 * The application's functions run as it does, outside of critical code: the clone may be cloned
 * meanwhile, and its clones call all of them again.
 */
void mf_clone_attach(void)
{
    const uint32_t depth = mf_critical_depth;

    mf_clone_generation = mf_info()->generation;
    for (const struct mf_clone_hook *h = hooks; h != NULL; h = h->next) {
        h->attach();
    }
    mf_critical_depth = 0;
    mf_info()->critical = 0;
    mf_preempt_off++; /* other threads do not go on before all of them know */
    for (const struct callback *c = callbacks; c != NULL; c = c->next) {
        c->fn(c->arg);
    }
    mf_preempt_off--;
    mf_preempt_update();
    mf_critical_depth = depth;
    mf_info()->critical = depth;
}

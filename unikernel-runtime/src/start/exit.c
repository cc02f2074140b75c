/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.c - the orderly end of a guest, and what is registered for it. In place of newlib's, which
 * registers the destructors with a write before main().
 */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>
#include <unistd.h>

#include "files/own.h"
#include "mayfly/hypercall.h"

#define STATIC_COUNT 32 /* ISO C: at least 32 registrations succeed */

/* What runs at exit, last one first. */
struct at_exit {
    struct at_exit *next;
    void (*fn)(void *arg);
    void *arg;
    void *dso;
};

extern void (*__fini_array_start[])(void), (*__fini_array_end[])(void);

static struct at_exit first[STATIC_COUNT];
static unsigned int first_used;
static struct at_exit *registered;

int __cxa_atexit(void (*fn)(void *), void *arg, void *dso);
void __cxa_finalize(void *dso);

int __cxa_atexit(void (*fn)(void *), void *arg, void *dso)
{
    struct at_exit *const e = first_used < STATIC_COUNT ? &first[first_used++] : malloc(sizeof(*e));
    if (e == NULL) {
        return -1;
    }
    *e = (struct at_exit){.next = registered, .fn = fn, .arg = arg, .dso = dso};
    registered = e;
    return 0;
}

static void call_plain(void *fn)
{
    ((void (*)(void))fn)();
}

int atexit(void (*fn)(void))
{
    return __cxa_atexit(call_plain, (void *)fn, NULL);
}

/* Every registration is taken off before it is called: a function may call exit() or register
 * more. */
void __cxa_finalize(void *dso)
{
    struct at_exit **link = &registered;
    while (*link != NULL) {
        struct at_exit *const e = *link;
        if (dso != NULL && e->dso != dso) {
            link = &e->next;
            continue;
        }
        *link = e->next;
        e->fn(e->arg);
        link = &registered;
    }
}

void exit(int code)
{
    __cxa_finalize(NULL);
    for (void (**fini)(void) = __fini_array_end; fini > __fini_array_start;) {
        (*--fini)();
    }
    if (_GLOBAL_REENT->__cleanup != NULL) {
        _GLOBAL_REENT->__cleanup(_GLOBAL_REENT);
    }
    _exit(code);
}

void mf_own_exit(int code)
{
    hv_exit(code & 0xff);
}
void _exit(int code) MF_OWN(exit);

/* SPDX-License-Identifier: Apache-2.0 */
/* pthread.c - POSIX threads: life, attributes, keys. pthread_t is the address of the thread object.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory/memory.h"
#include "thread/thread_internal.h"

#define KEYS 128
#define DESTRUCTOR_ROUNDS 4 /* PTHREAD_DESTRUCTOR_ITERATIONS */

static struct {
    void (*destructor)(void *value);
    bool is_used;
} keys[KEYS];

static struct mf_thread *thread_of(pthread_t thread)
{
    return (struct mf_thread *)thread;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void run_destructors(struct mf_thread *self)
{
    for (int round = 0; self->specific != NULL && round < DESTRUCTOR_ROUNDS; round++) {
        bool again = false;
        for (unsigned int k = 0; k < KEYS; k++) {
            void *const value = self->specific[k];
            self->specific[k] = NULL;
            if (value != NULL && keys[k].is_used && keys[k].destructor != NULL) {
                keys[k].destructor(value);
                again = true;
            }
        }
        if (!again) {
            break;
        }
    }
    free(self->specific);
    self->specific = NULL;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    struct mf_thread *t;
    const size_t stack_bytes = attr == NULL ? 0 : attr->__stacksize;
    const int err = mf_thread_create(fn, arg, stack_bytes, &t);
    if (err != 0) {
        return -err;
    }
    t->detached = attr != NULL && attr->__detachstate == PTHREAD_CREATE_DETACHED;
    *thread = (pthread_t)t;
    return 0;
}

void pthread_exit(void *result)
{
    struct mf_thread *const self = mf_thread_self();
    while (self->cleanup != NULL) {
        _pthread_cleanup_pop(self->cleanup, 1);
    }
    mf_thread_end(result);
}

int pthread_join(pthread_t thread, void **result)
{
    struct mf_thread *const t = thread_of(thread);
    if (t == mf_thread_self()) {
        return EDEADLK;
    }
    if (t->detached) {
        return EINVAL;
    }
    return mf_thread_join(t, result);
}

int pthread_detach(pthread_t thread)
{
    if (thread_of(thread)->detached) {
        return EINVAL;
    }
    mf_thread_detach(thread_of(thread));
    return 0;
}

pthread_t pthread_self(void)
{
    return (pthread_t)mf_thread_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

int sched_yield(void)
{
    mf_thread_yield();
    return 0;
}

int pthread_setcancelstate(int state, int *old)
{
    struct mf_thread *const self = mf_thread_self();
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE) {
        return EINVAL;
    }
    if (old != NULL) {
        *old = self->cancel_disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    }
    self->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
    return 0;
}

void _pthread_cleanup_push(struct _pthread_cleanup_context *c, void (*fn)(void *), void *arg)
{
    struct mf_thread *const self = mf_thread_self();
    c->_routine = fn;
    c->_arg = arg;
    c->_previous = self->cleanup;
    self->cleanup = c;
}

void _pthread_cleanup_pop(struct _pthread_cleanup_context *c, int execute)
{
    mf_thread_self()->cleanup = c->_previous;
    if (execute) {
        c->_routine(c->_arg);
    }
}

int pthread_setname_np(pthread_t thread, const char *name)
{
    if (strlen(name) >= sizeof(thread_of(thread)->name)) {
        return ERANGE;
    }
    strcpy(thread_of(thread)->name, name);
    return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t bytes)
{
    if (bytes <= strlen(thread_of(thread)->name)) {
        return ERANGE;
    }
    strcpy(name, thread_of(thread)->name);
    return 0;
}

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
    enum { NOT_RUN, RUNNING, DONE };
    struct mf_waitq *const waiters = (struct mf_waitq *)&once->__waiters;
    while (once->__state == RUNNING) {
        mf_thread_wait(waiters, MF_NEVER);
    }
    if (once->__state == NOT_RUN) {
        once->__state = RUNNING;
        fn();
        once->__state = DONE;
        mf_waitq_wake_all(waiters);
    }
    return 0;
}

/* ---- attributes ---------------------------------------------------------------------------- */

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){.__detachstate = PTHREAD_CREATE_JOINABLE,
                             .__stacksize = MF_STACK_BYTES,
                             .__guardsize = HV_PAGE_BYTES};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t bytes)
{
    if (bytes < PTHREAD_STACK_MIN || bytes > MF_MAP_END - MF_MAP_BASE) {
        return EINVAL;
    }
    attr->__stacksize = bytes;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *bytes)
{
    *bytes = attr->__stacksize;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_DETACHED && state != PTHREAD_CREATE_JOINABLE) {
        return EINVAL;
    }
    attr->__detachstate = state;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
    *state = attr->__detachstate;
    return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *attr, size_t *bytes)
{
    *bytes = attr->__guardsize;
    return 0;
}

/* ---- keys ---------------------------------------------------------------------------------- */

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    for (unsigned int k = 0; k < KEYS; k++) {
        if (!keys[k].is_used) {
            keys[k].is_used = true;
            keys[k].destructor = destructor;
            *key = k;
            return 0;
        }
    }
    return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
    if (key >= KEYS || !keys[key].is_used) {
        return EINVAL;
    }
    keys[key].is_used = false;
    keys[key].destructor = NULL;
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    void **const values = mf_thread_self()->specific;
    return values == NULL || key >= KEYS ? NULL : values[key];
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    struct mf_thread *const self = mf_thread_self();
    if (key >= KEYS || !keys[key].is_used) {
        return EINVAL;
    }
    if (self->specific == NULL) {
        self->specific = calloc(KEYS, sizeof(void *));
        if (self->specific == NULL) {
            return ENOMEM;
        }
        self->run_at_end = run_destructors;
    }
    self->specific[key] = (void *)(uintptr_t)value;
    return 0;
}

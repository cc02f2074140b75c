/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - thread-specific data of POSIX threads. A key that is deleted and made again has no values. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "thread/thread_internal.h"

#define KEYS PTHREAD_KEYS_MAX

static struct {
    void (*destructor)(void *value);
    bool is_used;
} keys[KEYS];

static void run_destructors(struct mf_thread *self)
{
    for (int round = 0; self->specific != NULL && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
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
    for (struct mf_thread *t = mf_thread_next(NULL); t != NULL; t = mf_thread_next(t)) {
        if (t->specific != NULL) {
            t->specific[key] = NULL;
        }
    }
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

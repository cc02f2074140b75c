/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semaphore.c - POSIX semaphores. A wait is interrupted by signal handlers, unless all had
 * SA_RESTART. Named ones live in a list of the guest until they are unlinked and closed.
 */
#include <semaphore.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fd/fd.h"
#include "signal/signal_internal.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

static struct mf_waitq *waiters_of(sem_t *s)
{
    return (struct mf_waitq *)&s->__waiters;
}

int sem_init(sem_t *s, int shared, unsigned int value)
{
    (void)shared;
    if (value > SEM_VALUE_MAX) {
        return (int)mf_ret(-EINVAL);
    }
    *s = (sem_t){.__value = value};
    return 0;
}

int sem_destroy(sem_t *s)
{
    return mf_waitq_is_empty(waiters_of(s)) ? 0 : (int)mf_ret(-EBUSY);
}

int sem_post(sem_t *s)
{
    if (s->__value == SEM_VALUE_MAX) {
        return (int)mf_ret(-EOVERFLOW);
    }
    s->__value++;
    mf_waitq_wake_one(waiters_of(s));
    return 0;
}

int sem_trywait(sem_t *s)
{
    if (s->__value == 0) {
        return (int)mf_ret(-EAGAIN);
    }
    s->__value--;
    return 0;
}

static int wait_until(sem_t *s, uint64_t deadline_ns)
{
    while (s->__value == 0) {
        const int err = mf_thread_block(waiters_of(s), deadline_ns, MF_WAIT_CANCEL);
        if (err == -EINTR) {
            mf_thread_test_cancel();
        }
        if (err != 0 && s->__value == 0 && (err != -EINTR || !mf_signal_restarts())) {
            return (int)mf_ret(err);
        }
    }
    s->__value--;
    return 0;
}

int sem_wait(sem_t *s)
{
    mf_thread_test_cancel();
    return wait_until(s, MF_NEVER);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict deadline)
{
    mf_thread_test_cancel();
    if (s->__value != 0) {
        s->__value--;
        return 0;
    }
    return mf_timespec_is_valid(deadline)
               ? wait_until(s, mf_deadline_of_time(CLOCK_REALTIME, deadline))
               : (int)mf_ret(-EINVAL);
}

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
    *value = (int)s->__value;
    return 0;
}

/* ---- named ones ---------------------------------------------------------------------------- */

struct named {
    sem_t semaphore; /* first: a sem_t of a named semaphore is one of these */
    struct named *next;
    unsigned int opened;
    bool is_unlinked;
    char name[];
};

static struct named *all_named;

static struct named **find(const char *name)
{
    struct named **link = &all_named;
    while (*link != NULL && ((*link)->is_unlinked || strcmp((*link)->name, name) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static void drop(struct named *n)
{
    struct named **link = &all_named;
    if (n->opened != 0 || !n->is_unlinked) {
        return;
    }
    while (*link != n) {
        link = &(*link)->next;
    }
    *link = n->next;
    free(n);
}

static sem_t *fails(int err)
{
    errno = err;
    return SEM_FAILED;
}

static sem_t *make(const char *name, unsigned int value)
{
    if (value > SEM_VALUE_MAX) {
        return fails(EINVAL);
    }
    struct named *const n = calloc(1, sizeof(*n) + strlen(name) + 1);
    if (n == NULL) {
        return fails(ENOMEM);
    }
    strcpy(n->name, name);
    n->semaphore.__value = value;
    n->opened = 1;
    n->next = all_named;
    all_named = n;
    return &n->semaphore;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    if ((flags & O_CREAT) != 0) {
        (void)va_arg(arguments, int); /* mode: there is one user */
    }
    const unsigned int value = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned int) : 0;
    va_end(arguments);
    if (name[0] != '/' || name[1] == '\0' || strchr(name + 1, '/') != NULL) {
        return fails(EINVAL);
    }
    if (strlen(name) > NAME_MAX) {
        return fails(ENAMETOOLONG);
    }
    struct named *const n = *find(name);
    if (n == NULL) {
        return (flags & O_CREAT) != 0 ? make(name, value) : fails(ENOENT);
    }
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        return fails(EEXIST);
    }
    n->opened++;
    return &n->semaphore;
}

int sem_close(sem_t *s)
{
    struct named *n = all_named;
    while (n != NULL && &n->semaphore != s) {
        n = n->next;
    }
    if (n == NULL || n->opened == 0) {
        return (int)mf_ret(-EINVAL);
    }
    n->opened--;
    drop(n);
    return 0;
}

int sem_unlink(const char *name)
{
    struct named *const n = *find(name);
    if (n == NULL) {
        return (int)mf_ret(-ENOENT);
    }
    n->is_unlinked = true;
    drop(n);
    return 0;
}

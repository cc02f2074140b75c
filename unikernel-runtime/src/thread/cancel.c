/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancel.c - cancellation of POSIX threads and clean-up handlers. A thread is cancelled at a
 * cancellation point: when a POSIX call that may block begins or has ended (mf_ret() in fd.h), never
 * in the middle of the runtime. With PTHREAD_CANCEL_ASYNCHRONOUS it is also cancelled where the timer
 * interrupts it (preempt.h), that is, within some milliseconds while it computes.
 */
#include <errno.h>
#include <pthread.h>

#include "thread/thread_internal.h"

void pthread_exit(void *result)
{
    struct mf_thread *const self = mf_thread_self();
    self->cancel |= MF_CANCEL_DISABLED;
    while (self->cleanup != NULL) {
        _pthread_cleanup_pop(self->cleanup, 1);
    }
    mf_thread_end(result);
}

void mf_thread_test_cancel(void)
{
    if (mf_thread_is_cancelled()) {
        pthread_exit(PTHREAD_CANCELED);
    }
}

void pthread_testcancel(void)
{
    mf_thread_test_cancel();
}

int pthread_cancel(pthread_t thread)
{
    struct mf_thread *const t = (struct mf_thread *)thread;
    if (t->state == MF_THREAD_ENDED) {
        return 0;
    }
    t->cancel |= MF_CANCEL_PENDING;
    if (t == mf_thread_self()) {
        if ((t->cancel & MF_CANCEL_ASYNC) != 0) {
            mf_thread_test_cancel();
        }
    } else if (t->state == MF_THREAD_BLOCKED &&
               ((t->wait_kind & MF_WAIT_CANCEL) != 0 || (t->cancel & MF_CANCEL_ASYNC) != 0) &&
               (t->cancel & (MF_CANCEL_DISABLED | MF_CANCEL_SEEN)) == 0) {
        mf_thread_interrupt(t);
    }
    return 0;
}

int pthread_setcancelstate(int state, int *old)
{
    struct mf_thread *const self = mf_thread_self();
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE) {
        return EINVAL;
    }
    const bool was_disabled = (self->cancel & MF_CANCEL_DISABLED) != 0;
    if (old != NULL) {
        *old = was_disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    }
    if (state == PTHREAD_CANCEL_DISABLE) {
        self->cancel |= MF_CANCEL_DISABLED;
        return 0;
    }
    self->cancel &= (uint8_t)~MF_CANCEL_DISABLED;
    if (was_disabled && (self->cancel & MF_CANCEL_ASYNC) != 0) {
        mf_thread_test_cancel();
    }
    return 0;
}

int pthread_setcanceltype(int type, int *old)
{
    struct mf_thread *const self = mf_thread_self();
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS) {
        return EINVAL;
    }
    if (old != NULL) {
        *old = (self->cancel & MF_CANCEL_ASYNC) != 0 ? PTHREAD_CANCEL_ASYNCHRONOUS
                                                     : PTHREAD_CANCEL_DEFERRED;
    }
    self->cancel &= (uint8_t)~MF_CANCEL_ASYNC;
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS) {
        self->cancel |= MF_CANCEL_ASYNC;
        mf_thread_test_cancel();
    }
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

void _pthread_cleanup_push_defer(struct _pthread_cleanup_context *c, void (*fn)(void *), void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &c->_canceltype);
    _pthread_cleanup_push(c, fn, arg);
}

void _pthread_cleanup_pop_restore(struct _pthread_cleanup_context *c, int execute)
{
    const int type = c->_canceltype;
    _pthread_cleanup_pop(c, execute);
    pthread_setcanceltype(type, NULL);
}

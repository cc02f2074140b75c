/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locks.c - newlib's retargetable locks. The runtime is cooperative: a lock is held across a switch
 * only where newlib itself blocks, in a read or write under a FILE's lock, and by flockfile(). A thread
 * is not cancelled within newlib while it holds one.
 */
#include <stdlib.h>
#include <sys/lock.h>

#include "thread/thread_internal.h"

struct __lock {
    struct mf_thread *owner;
    unsigned int depth;
    struct mf_waitq waiters;
};

struct __lock __lock___sinit_recursive_mutex;
struct __lock __lock___sfp_recursive_mutex;
struct __lock __lock___atexit_recursive_mutex;
struct __lock __lock___at_quick_exit_mutex;
struct __lock __lock___malloc_recursive_mutex;
struct __lock __lock___env_recursive_mutex;
struct __lock __lock___tz_mutex;
struct __lock __lock___dd_hash_mutex;
struct __lock __lock___arc4random_mutex;

void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(**lock));
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(**lock));
}

void __retarget_lock_close(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}

/* NULL: there was no memory for the lock of a FILE. It is used without. */
void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    struct mf_thread *const self = mf_thread_self();
    if (lock == NULL) {
        return;
    }
    while (lock->owner != NULL && lock->owner != self) {
        mf_thread_block(&lock->waiters, MF_NEVER, 0);
    }
    lock->owner = self;
    lock->depth++;
    self->locks++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    if (lock != NULL && lock->owner != NULL && lock->owner != mf_thread_self()) {
        return 0;
    }
    __retarget_lock_acquire_recursive(lock);
    return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (lock == NULL) {
        return;
    }
    mf_thread_self()->locks--;
    if (--lock->depth == 0) {
        lock->owner = NULL;
        mf_waitq_wake_one(&lock->waiters);
    }
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    __retarget_lock_acquire_recursive(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return __retarget_lock_try_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
    __retarget_lock_release_recursive(lock);
}

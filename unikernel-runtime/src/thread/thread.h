/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.h - green threads and wait queues: what pthreads, files and sockets are built on.
 *
 * One vCPU. A thread runs until it blocks, yields or ends, or is preempted, which happens in the
 * application's own code only (preempt.h): the runtime is cooperative. When none can run, the
 * blocked thread's own stack runs the idle loop (idle.h), so blocking and being woken without
 * another thread in between switches no stack. Handlers and pollers called there must not block.
 *
 * A thread object lies at its FS base, right above its TLS block (ELF TLS variant II), the whole
 * at the top of its stack: one page for a thread with a shallow stack.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time/clock.h"

struct mf_thread;

/* Blocked threads, first come first served. All zero is an empty queue. */
struct mf_waitq {
    struct mf_thread *head, *tail;
};

/** The calling thread. */
static inline struct mf_thread *mf_thread_self(void)
{
    struct mf_thread *self;
    __asm__("movq %%fs:0, %0" : "=r"(self));
    return self;
}

/**
 * Blocks the calling thread on `q` until it is woken, or until monotonic time deadline_ns
 * (MF_NEVER: no limit). Returns 0 when woken, maybe for no reason; -ETIMEDOUT; -EINTR (a signal
 * handler ran). Nothing else runs between the caller's last look at its condition and the blocking.
 */
int mf_thread_wait(struct mf_waitq *q, uint64_t deadline_ns);

/**
 * Blocks on no queue: mf_thread_wake() or the deadline ends it. Results as mf_thread_wait(); -EINTR
 * also, once, when the thread is to be cancelled: POSIX functions return through mf_ret() (fd.h),
 * which does that when nothing is held any more.
 */
int mf_thread_sleep(uint64_t deadline_ns);

/**
 * mf_thread_sleep() in two steps, for who has something on its stack that others know of. The first
 * runs no handler. The second does, and is given what the first returned, when all that is gone: a
 * handler may leave by siglongjmp(). 0 may also mean: look again.
 */
int mf_thread_sleep_quietly(uint64_t deadline_ns);
int mf_thread_sleep_end(int reason);

/** Ends the calling thread if it is to be cancelled (pthread_testcancel()). Nothing may be held. */
void mf_thread_test_cancel(void);

/** Makes `t` runnable if it is blocked, and takes it off its queue. Never switches. */
void mf_thread_wake(struct mf_thread *t);

/** Wakes the first waiter. Returns it, or NULL when there is none. */
struct mf_thread *mf_waitq_wake_one(struct mf_waitq *q);

/** Wakes all waiters. */
void mf_waitq_wake_all(struct mf_waitq *q);

static inline bool mf_waitq_is_empty(const struct mf_waitq *q)
{
    return q->head == NULL;
}

/** Polls devices (idle.h) and lets the other runnable threads go first. */
void mf_thread_yield(void);

/**
 * Starts a detached thread of the runtime's own (a driver, a service of dom0) that runs fn(arg) on
 * a stack of stack_bytes (0: the default). Returns 0, -EAGAIN or -ENOMEM. Applications and whoever
 * wants to join use pthread_create().
 */
int mf_thread_start(void (*fn)(void *arg), void *arg, size_t stack_bytes);

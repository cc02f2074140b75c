/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.c - green threads: run queue, wait queues, stacks. States: RUNNABLE -> BLOCKED (block) ->
 * RUNNABLE (wake) ...; RUNNABLE -> ENDED (mf_thread_end). A thread's stack is freed by whoever
 * joins it or, when it is detached, once another thread runs.
 */
#include "thread/thread_internal.h"

#include <cpuid.h>
#include <errno.h>
#include <reent.h>
#include <stdlib.h>
#include <string.h>

#include "mayfly/hypercall.h"
#include "memory/memory.h"
#include "signal/signal_internal.h"
#include "start/link.h"
#include "thread/sleep.h"

_Static_assert(offsetof(struct mf_thread, stack_pointer) == MF_THREAD_SP, "layout.h");
_Static_assert(offsetof(struct mf_thread, canary) == MF_THREAD_CANARY, "layout.h");
_Static_assert(sizeof(struct mf_thread) <= MF_THREAD_BYTES, "layout.h");

#define REENT_BYTES ((sizeof(struct _reent) + 63) & ~(size_t)63)
#define FSGSBASE_EBX 1u /* CPUID leaf 7 */
#define SWITCHES_PER_POLL                                                                          \
    32 /* so that threads that keep each other awake do not starve devices                         \
        */

/*
 * Initialised and aligned, so that there always is a .tdata, and its alignment is what the linker
 * counts with: a TLS block begins at its end rounded down to MF_TLS_ALIGN_MAX.
 */
__thread struct _reent *__mf_reent __attribute__((aligned(MF_TLS_ALIGN_MAX))) = (struct _reent *)1;

static struct mf_waitq run_queue;
static struct mf_thread *zombie; /* detached and ended; its stack may still be in use: see reap() */
static uint32_t switch_count;
static uint32_t last_id = 1;
static uint32_t thread_count = 1;
static uint32_t process; /* counts forks on the way to this process: older threads are not here */
struct mf_thread *mf_thread_survivor;
static enum { FS_UNKNOWN, FS_INSTRUCTION, FS_HYPERCALL } fs_method;

void mf_thread_entry(void);

/* ---- queues -------------------------------------------------------------------------------- */

static void append(struct mf_waitq *q, struct mf_thread *t)
{
    t->next = NULL;
    t->previous = q->tail;
    if (q->tail != NULL) {
        q->tail->next = t;
    } else {
        q->head = t;
    }
    q->tail = t;
}

static void unlink_thread(struct mf_waitq *q, struct mf_thread *t)
{
    if (t->previous != NULL) {
        t->previous->next = t->next;
    } else {
        q->head = t->next;
    }
    if (t->next != NULL) {
        t->next->previous = t->previous;
    } else {
        q->tail = t->previous;
    }
}

/* Returns false when it was not blocked, or is a thread that fork() has left behind. */
static bool wake(struct mf_thread *t, enum mf_wake_reason reason)
{
    if (t->state != MF_THREAD_BLOCKED) {
        return false;
    }
    if (t->queue != NULL) {
        unlink_thread(t->queue, t);
    }
    mf_timer_cancel(&t->timer);
    if (t->process != process) {
        t->state = MF_THREAD_ENDED;
        return false;
    }
    t->state = MF_THREAD_RUNNABLE;
    t->wake_reason = (uint8_t)reason;
    append(&run_queue, t);
    return true;
}

static void on_timeout(struct mf_timer *timer)
{
    wake((struct mf_thread *)((char *)timer - offsetof(struct mf_thread, timer)), MF_WAKE_TIMEOUT);
}

void mf_thread_wake(struct mf_thread *t)
{
    wake(t, MF_WAKE_NORMAL);
}

void mf_thread_interrupt(struct mf_thread *t)
{
    wake(t, MF_WAKE_SIGNAL);
}

struct mf_thread *mf_waitq_wake_one(struct mf_waitq *q)
{
    struct mf_thread *t;
    do {
        t = q->head;
    } while (t != NULL && !wake(t, MF_WAKE_NORMAL));
    return t;
}

void mf_waitq_wake_all(struct mf_waitq *q)
{
    while (mf_waitq_wake_one(q) != NULL) {
    }
}

/* ---- scheduler ----------------------------------------------------------------------------- */

static void set_fs_base(void *base)
{
    if (fs_method == FS_INSTRUCTION) {
        __asm__ volatile("wrfsbase %0" ::"r"(base));
    } else {
        hv_set_fs_base((uint64_t)(uintptr_t)base);
    }
}

static bool cpu_has_fsgsbase(void)
{
    unsigned int a, b = 0, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & FSGSBASE_EBX) != 0;
}

void mf_thread_set_first_fs_base(void *base)
{
    if (cpu_has_fsgsbase()) {
        __asm__ volatile("wrfsbase %0" ::"r"(base));
    } else {
        hv_set_fs_base((uint64_t)(uintptr_t)base);
    }
}

static bool someone_is_runnable(void)
{
    return run_queue.head != NULL;
}

/* Runs the next runnable thread, which may be the caller itself; sleeps while there is none. */
static void schedule(struct mf_thread *self)
{
    if (++switch_count % SWITCHES_PER_POLL == 0) {
        mf_idle_poll();
        mf_idle_take_event(HV_WAIT_POLL);
    }
    while (run_queue.head == NULL) {
        mf_idle_sleep(someone_is_runnable);
    }
    struct mf_thread *const next = run_queue.head;
    unlink_thread(&run_queue, next);
    if (next != self) {
        set_fs_base(next);
        mf_thread_switch(&self->stack_pointer, next->stack_pointer);
    }
}

static int block(struct mf_waitq *q, uint64_t deadline_ns)
{
    struct mf_thread *const self = mf_thread_self();
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver();
        return -EINTR;
    }
    self->state = MF_THREAD_BLOCKED;
    self->queue = q;
    if (q != NULL) {
        append(q, self);
    }
    if (deadline_ns != MF_NEVER) {
        self->timer.expire = on_timeout;
        mf_timer_set(&self->timer, deadline_ns);
    }
    schedule(self);
    if (self->wake_reason == MF_WAKE_SIGNAL) {
        mf_signal_deliver();
        return -EINTR;
    }
    return self->wake_reason == MF_WAKE_TIMEOUT ? -ETIMEDOUT : 0;
}

int mf_thread_wait(struct mf_waitq *q, uint64_t deadline_ns)
{
    return block(q, deadline_ns);
}

int mf_thread_sleep(uint64_t deadline_ns)
{
    return block(NULL, deadline_ns);
}

void mf_thread_yield(void)
{
    mf_idle_poll();
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver();
    }
    if (run_queue.head != NULL) {
        struct mf_thread *const self = mf_thread_self();
        append(&run_queue, self);
        schedule(self);
    }
}

/* ---- life ---------------------------------------------------------------------------------- */

static size_t tls_bytes(void)
{
    const size_t bytes = (size_t)(__tls_end - __tdata_start);
    return (bytes + MF_TLS_ALIGN_MAX - 1) & ~(size_t)(MF_TLS_ALIGN_MAX - 1);
}

void mf_thread_init_tls(struct mf_thread *t)
{
    memcpy((char *)t - tls_bytes(), __tdata_start, (size_t)(__tdata_end - __tdata_start));
    t->self = t;
}

/* The stack of a new thread as mf_thread_switch() would have left it. */
static void prepare_stack(struct mf_thread *t, void *(*fn)(void *), void *arg)
{
    uint64_t *sp = (uint64_t *)((uintptr_t)t - tls_bytes());
    *--sp = (uint64_t)(uintptr_t)mf_thread_entry;
    *--sp = 0; /* rbp: the end of backtraces */
    *--sp = (uint64_t)(uintptr_t)fn;
    *--sp = (uint64_t)(uintptr_t)arg;
    sp -= 3; /* r13 to r15 */
    --sp;
    __asm__ volatile("stmxcsr (%0)\n\tfnstcw 4(%0)" ::"r"(sp) : "memory");
    t->stack_pointer = sp;
}

static void free_stack(struct mf_thread *t)
{
    mf_stack_free(t->stack_low, (char *)t + MF_THREAD_BYTES + REENT_BYTES);
}

static void reap(void)
{
    if (zombie != NULL && zombie != mf_thread_self()) {
        struct mf_thread *const t = zombie;
        zombie = NULL;
        free_stack(t);
    }
}

int mf_thread_create(void *(*fn)(void *), void *arg, size_t stack_bytes, struct mf_thread **out)
{
    if (fs_method == FS_UNKNOWN) {
        fs_method = cpu_has_fsgsbase() ? FS_INSTRUCTION : FS_HYPERCALL;
    }
    reap();
    char *low;
    char *const top = mf_stack_alloc(stack_bytes, &low);
    if (top == NULL) {
        return -EAGAIN;
    }
    struct mf_thread *const self = mf_thread_self();
    struct _reent *const reent = (struct _reent *)(top - REENT_BYTES);
    struct mf_thread *const t = (struct mf_thread *)((char *)reent - MF_THREAD_BYTES);
    memset((char *)t - tls_bytes(), 0, tls_bytes());
    *t = (struct mf_thread){.stack_low = low,
                            .canary = self->canary,
                            .signal_mask = self->signal_mask,
                            .process = process,
                            .id = ++last_id};
    mf_thread_init_tls(t);
    _REENT_INIT_PTR(reent);
    *(struct _reent **)((char *)t + ((char *)&__mf_reent - (char *)self)) = reent;
    prepare_stack(t, fn, arg);
    thread_count++;
    append(&run_queue, t);
    *out = t;
    return 0;
}

int mf_thread_start(void (*fn)(void *arg), void *arg, size_t stack_bytes)
{
    struct mf_thread *t;
    const int err = mf_thread_create((void *(*)(void *))(void (*)(void))fn, arg, stack_bytes, &t);
    if (err == 0) {
        t->detached = 1;
    }
    return err;
}

void mf_thread_end(void *result)
{
    struct mf_thread *const self = mf_thread_self();
    if (self->run_at_end != NULL) {
        self->run_at_end(self);
    }
    if (--thread_count == 0) {
        exit(0);
    }
    if (__mf_reent != _GLOBAL_REENT) {
        _reclaim_reent(__mf_reent);
    }
    self->result = result;
    self->state = MF_THREAD_ENDED;
    mf_waitq_wake_all(&self->joiners);
    if (self->detached) {
        reap();
        zombie = self->id == 1 ? NULL : self;
    }
    schedule(self);
    __builtin_unreachable();
}

/*
 * Their stacks stay as they are, shared with the parent: to touch them costs more than they do. Those
 * that are blocked leave their queues when they would be woken.
 */
void mf_thread_forget_others(void)
{
    struct mf_thread *const self = mf_thread_self();
    run_queue = (struct mf_waitq){0};
    zombie = NULL;
    thread_count = 1;
    self->process = ++process;
    mf_thread_survivor = self;
}

int mf_thread_join(struct mf_thread *t, void **result)
{
    while (t->state != MF_THREAD_ENDED) {
        mf_thread_wait(&t->joiners, MF_NEVER);
    }
    if (result != NULL) {
        *result = t->result;
    }
    if (t->id != 1) {
        free_stack(t);
    }
    return 0;
}

void mf_thread_detach(struct mf_thread *t)
{
    if (t->state == MF_THREAD_ENDED) {
        mf_thread_join(t, NULL);
    } else {
        t->detached = 1;
    }
}

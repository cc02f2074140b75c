/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.c - green threads: run queue, wait queues, switching. States: RUNNABLE -> BLOCKED (block)
 * -> RUNNABLE (wake) ...; RUNNABLE -> ENDED (life.c).
 */
#include "thread/thread_internal.h"

#include <cpuid.h>
#include <errno.h>

#include "mayfly/hypercall.h"
#include "signal/signal_internal.h"
#include "thread/preempt.h"
#include "thread/sleep.h"

_Static_assert(offsetof(struct mf_thread, stack_pointer) == MF_THREAD_SP, "layout.h");
_Static_assert(offsetof(struct mf_thread, canary) == MF_THREAD_CANARY, "layout.h");
_Static_assert(sizeof(struct mf_thread) <= MF_THREAD_BYTES, "layout.h");

#define FSGSBASE_EBX 1u /* CPUID leaf 7 */
#define SWITCHES_PER_POLL                                                                          \
    32 /* so that threads that keep each other awake do not starve devices                         \
        */

uint32_t mf_outside_waiters;
uint32_t mf_thread_process;

static struct mf_waitq run_queue;
static uint32_t switch_count;
static uint64_t switched_at; /* TSC, when the running thread began to; more for sleep */
static enum { FS_UNKNOWN, FS_INSTRUCTION, FS_HYPERCALL } fs_method;

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

/* The running thread is interrupted later for the others, unless it is in the idle loop anyway. */
void mf_thread_enqueue(struct mf_thread *t)
{
    const struct mf_thread *const self = mf_thread_self();
    append(&run_queue, t);
    if (t != self && self->state == MF_THREAD_RUNNABLE) {
        mf_preempt_update();
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
    if (t->process != mf_thread_process) {
        t->state = MF_THREAD_ENDED;
        return false;
    }
    mf_outside_waiters -= t->wait_kind & MF_WAIT_OUTSIDE;
    t->state = MF_THREAD_RUNNABLE;
    t->wake_reason = (uint8_t)reason;
    mf_thread_enqueue(t);
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

static bool cpu_has_fsgsbase(void)
{
    unsigned int a, b = 0, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & FSGSBASE_EBX) != 0;
}

static void set_fs_base(void *base)
{
    if (fs_method == FS_INSTRUCTION) {
        __asm__ volatile("wrfsbase %0" ::"r"(base));
    } else {
        hv_set_fs_base((uint64_t)(uintptr_t)base);
    }
}

void mf_thread_set_first_fs_base(void *base)
{
    if (cpu_has_fsgsbase()) {
        __asm__ volatile("wrfsbase %0" ::"r"(base));
    } else {
        hv_set_fs_base((uint64_t)(uintptr_t)base);
    }
}

void mf_thread_find_fs_method(void)
{
    if (fs_method == FS_UNKNOWN) {
        fs_method = cpu_has_fsgsbase() ? FS_INSTRUCTION : FS_HYPERCALL;
        switched_at = __builtin_ia32_rdtsc();
    }
}

bool mf_thread_others_can_run(void)
{
    return run_queue.head != NULL;
}

uint64_t mf_thread_cpu_ticks(const struct mf_thread *t)
{
    return t->cpu_ticks + (t == mf_thread_self() ? __builtin_ia32_rdtsc() - switched_at : 0);
}

void mf_thread_slept(uint64_t ticks)
{
    switched_at += ticks;
}

/* Runs the next runnable thread, which may be the caller itself; sleeps while there is none. */
static void schedule(struct mf_thread *self)
{
    if (++switch_count % SWITCHES_PER_POLL == 0) {
        mf_idle_poll();
        mf_idle_take_event(HV_WAIT_POLL);
    }
    while (run_queue.head == NULL) {
        mf_idle_sleep(mf_thread_others_can_run);
    }
    struct mf_thread *const next = run_queue.head;
    unlink_thread(&run_queue, next);
    mf_preempt_update();
    if (next != self) {
        const uint64_t now = __builtin_ia32_rdtsc();
        self->cpu_ticks += now - switched_at;
        switched_at = now;
        set_fs_base(next);
        mf_thread_switch(&self->stack_pointer, next->stack_pointer);
    }
}

void mf_thread_leave(void)
{
    schedule(mf_thread_self());
    __builtin_unreachable();
}

/* To be cancelled, and this wait may say so; later ones do not. */
static bool is_cancelled(struct mf_thread *self, unsigned int kind)
{
    if ((kind & MF_WAIT_CANCEL) == 0 || !mf_thread_is_cancelled() ||
        (self->cancel & MF_CANCEL_SEEN) != 0) {
        return false;
    }
    self->cancel |= MF_CANCEL_SEEN;
    mf_signal_restart_no_more();
    return true;
}

/* Until it is woken: MF_WAKE_*. Runs no handler. */
static int sleep_until_woken(struct mf_waitq *q, uint64_t deadline_ns, unsigned int kind)
{
    struct mf_thread *const self = mf_thread_self();
    if (deadline_ns != MF_NEVER) {
        kind |= MF_WAIT_OUTSIDE;
    }
    self->state = MF_THREAD_BLOCKED;
    self->wait_kind = (uint8_t)kind;
    mf_outside_waiters += kind & MF_WAIT_OUTSIDE;
    self->queue = q;
    if (q != NULL) {
        append(q, self);
    }
    if (deadline_ns != MF_NEVER) {
        self->timer.expire = on_timeout;
        mf_timer_set(&self->timer, deadline_ns);
    }
    schedule(self);
    return self->wake_reason;
}

/* Runs handlers. Returns what a wait says that ended for `reason`. */
static int conclude(int reason, unsigned int kind)
{
    const bool is_handled = mf_signal_is_deliverable() && mf_signal_deliver(NULL);
    if (reason == MF_WAKE_SIGNAL) {
        return is_handled || is_cancelled(mf_thread_self(), kind) ? -EINTR : 0;
    }
    return reason == MF_WAKE_TIMEOUT ? -ETIMEDOUT : 0;
}

int mf_thread_block(struct mf_waitq *q, uint64_t deadline_ns, unsigned int kind)
{
    if ((mf_signal_is_deliverable() && mf_signal_deliver(NULL)) ||
        is_cancelled(mf_thread_self(), kind)) {
        return -EINTR;
    }
    return conclude(sleep_until_woken(q, deadline_ns, kind), kind);
}

int mf_thread_wait(struct mf_waitq *q, uint64_t deadline_ns)
{
    return mf_thread_block(q, deadline_ns, MF_WAIT_OUTSIDE);
}

int mf_thread_sleep(uint64_t deadline_ns)
{
    return mf_thread_block(NULL, deadline_ns, MF_WAIT_OUTSIDE | MF_WAIT_CANCEL);
}

int mf_thread_sleep_quietly(uint64_t deadline_ns)
{
    const bool is_seen = (mf_thread_self()->cancel & MF_CANCEL_SEEN) != 0;
    if (mf_signal_is_deliverable() || (mf_thread_is_cancelled() && !is_seen)) {
        return MF_WAKE_SIGNAL;
    }
    return sleep_until_woken(NULL, deadline_ns, MF_WAIT_OUTSIDE | MF_WAIT_CANCEL);
}

int mf_thread_sleep_end(int reason)
{
    return conclude(reason, MF_WAIT_CANCEL);
}

void mf_thread_give_way(void)
{
    if (run_queue.head != NULL) {
        struct mf_thread *const self = mf_thread_self();
        append(&run_queue, self);
        schedule(self);
    }
}

void mf_thread_yield(void)
{
    mf_idle_poll();
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver(NULL);
    }
    mf_thread_give_way();
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver(NULL);
    }
}

/*
 * Their stacks stay as they are, shared with the parent: to touch them costs more than they do. Those
 * that are blocked leave their queues when they would be woken.
 */
void mf_thread_forget_others(void)
{
    struct mf_thread *const self = mf_thread_self();
    run_queue = (struct mf_waitq){0};
    mf_outside_waiters = 0;
    self->process = ++mf_thread_process;
    mf_thread_drop_others();
    mf_preempt_forget();
}

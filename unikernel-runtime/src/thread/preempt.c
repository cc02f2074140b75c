/* SPDX-License-Identifier: Apache-2.0 */
/* preempt.c - see preempt.h. */
#include "thread/preempt.h"

#include <errno.h>

#include "fault/frame.h"
#include "mayfly/hypercall.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "thread/sleep.h"
#include "thread/timer.h"

extern char __app_text_start[], __app_text_end[];

uint32_t mf_preempt_alarms, mf_preempt_off;

static uint64_t asked_ns; /* what hv was asked for, or 0 */

bool mf_is_application(uint64_t address)
{
    return address - (uint64_t)(uintptr_t)__app_text_start <
           (uint64_t)(__app_text_end - __app_text_start);
}

void mf_preempt_forget(void)
{
    asked_ns = 0;
}

/* What could be waited for while the running thread computes. */
static bool others_wait(void)
{
    return mf_thread_others_can_run() || mf_outside_waiters != 0;
}

static void ask(uint64_t deadline_ns)
{
    const uint64_t machine_ns = mf_clock_machine_deadline(deadline_ns);
    asked_ns = deadline_ns;
    hv_preempt_at(machine_ns == 0 ? 1 : machine_ns);
}

void mf_preempt_ask(void)
{
    const bool is_shared = others_wait();
    if (!is_shared && mf_preempt_alarms == 0) {
        return;
    }
    uint64_t deadline_ns = mf_timer_next_ns();
    if (asked_ns != 0 && asked_ns <= deadline_ns) {
        return;
    }
    if (is_shared) {
        const uint64_t slice_ns = mf_clock_ns() + MF_PREEMPT_SLICE_NS;
        deadline_ns = slice_ns < deadline_ns ? slice_ns : deadline_ns;
    }
    if (deadline_ns != MF_NEVER && (asked_ns == 0 || deadline_ns < asked_ns)) {
        ask(deadline_ns);
    }
}

/* ---- who may be interrupted, and where ------------------------------------------------------------ */

static bool has_room(const struct mf_thread *self, uint64_t sp)
{
    const uint64_t low = mf_is_on_altstack(self, sp) ? (uint64_t)(uintptr_t)self->altstack
                                                     : (uint64_t)(uintptr_t)self->stack_low;
    const uint64_t need = sizeof(struct mf_frame) + MF_RED_ZONE_BYTES + MF_STACK_ROOM_BYTES;
    return sp >= low && sp - low >= need &&
           (mf_is_on_altstack(self, sp) || sp <= (uint64_t)(uintptr_t)self);
}

/* Whether a handler runs on top of runtime code. One that jumped out is forgotten here. */
static bool is_above_fault(struct mf_thread *self, uint64_t sp)
{
    const uint64_t frame = (uint64_t)(uintptr_t)self->fault_frame;
    if (frame == 0) {
        return false;
    }
    const bool is_on_altstack = mf_is_on_altstack(self, sp);
    if (is_on_altstack || (!mf_is_on_altstack(self, frame) && sp < frame)) {
        return true;
    }
    self->fault_frame = NULL;
    return false;
}

static bool may_interrupt(const struct hv_regs *r)
{
    struct mf_thread *const self = mf_thread_self();
    return mf_is_application(r->rip) && mf_critical_depth == 0 && mf_preempt_off == 0 &&
           self->state == MF_THREAD_RUNNABLE && has_room(self, r->rsp) &&
           !is_above_fault(self, r->rsp);
}

char *mf_preempt_fault_begin(struct mf_frame *frame)
{
    struct mf_thread *const self = mf_thread_self();
    is_above_fault(self, frame->regs.rsp);
    char *const before = self->fault_frame;
    if (before == NULL && !mf_is_application(frame->regs.rip)) {
        self->fault_frame = (char *)frame;
    }
    return before;
}

void mf_preempt_fault_end(char *before)
{
    mf_thread_self()->fault_frame = before;
}

/* ---- the interruption ------------------------------------------------------------------------- */

static void take_signals(struct mf_frame *frame)
{
    struct mf_thread *const self = mf_thread_self();
    if (mf_signal_is_deliverable()) {
        mf_signal_deliver(frame);
    }
    if ((self->cancel & MF_CANCEL_ASYNC) != 0) {
        mf_thread_test_cancel();
    }
}

/* On the thread's own stack, as if it had called this. */
static void interrupted(struct mf_frame *frame)
{
    const int saved_errno = errno;
    mf_idle_poll();
    mf_idle_take_event(HV_WAIT_POLL);
    take_signals(frame);
    mf_thread_give_way();
    take_signals(frame);
    mf_preempt_update();
    errno = saved_errno;
    mf_frame_resume(frame);
}

void mf_preempt(const struct hv_fault *f, const void *fpu)
{
    asked_ns = 0;
    if (!others_wait() && mf_preempt_alarms == 0) {
        mf_fault_resume(f, fpu);
    }
    if (!may_interrupt(&f->regs)) {
        ask(mf_clock_ns() + MF_PREEMPT_RETRY_NS);
        mf_fault_resume(f, fpu);
    }
    mf_frame_enter(mf_frame_push(f->regs.rsp, f, fpu), interrupted);
}

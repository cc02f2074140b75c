/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preempt.h - how a thread that computes is made to let others run, and to take its signals.
 *
 * hv interrupts the guest once, at a time that it asked for (HC_PREEMPT_AT). It asks only when
 * somebody would profit: another thread can run, or waits for a device or a time; or a timer that
 * sends signals is set. A guest with one thread and no such timer pays nothing.
 *
 * The runtime is written for cooperative threads, so a thread is interrupted in the application's
 * own code only: the interrupted instruction lies below __app_text_end (mayfly.ld), not within a
 * function that critical code called (start/clone.h), the thread is not in the idle loop, its stack
 * has room, and no signal handler runs on top of runtime code that a fault interrupted. Otherwise the
 * timer is asked for again, MF_PREEMPT_RETRY_NS later. Application code that the runtime calls at
 * points where it could also block (signal handlers, qsort(), thread-specific destructors,
 * pthread_once()) is interrupted like any other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mayfly/abi.h"
#include "thread/thread_internal.h"

/*
 * How long a thread computes while others wait. An interruption costs about 2,000 instructions:
 * 10 ms keep that far below 1 %, and people do not notice such a delay.
 */
#define MF_PREEMPT_SLICE_NS (10 * MF_NS_PER_MS)
/* After an interruption of code that must not be: an average call into the runtime is over by then. */
#define MF_PREEMPT_RETRY_NS (MF_NS_PER_MS / 10)

/** Timers that are set and send signals: they interrupt a single thread, too. */
extern uint32_t mf_preempt_alarms;

/**
 * While it is not 0 nobody is interrupted: counted up and down around a function of the application
 * that must not be; for ever by an application whose own threads rely on being cooperative (dom0).
 */
extern uint32_t mf_preempt_off;

/* preempt.c's own. */
void mf_preempt_ask(void);

/**
 * Who can run, who waits or which timer is first has changed, and the caller goes on in the
 * application: asks hv for the timer if it is needed now.
 */
static inline void mf_preempt_update(void)
{
    if ((mf_thread_count > 1 || mf_preempt_alarms != 0) && mf_preempt_off == 0) {
        mf_preempt_ask();
    }
}

/** A wait for events has blocked, and ended what was asked for. */
void mf_preempt_forget(void);

/** f->vector is HV_VECTOR_TIMER: on the fault stack. */
void mf_preempt(const struct hv_fault *f, const void *fpu) __attribute__((noreturn));

/** Whether `address` is one of the application's own code, not of the runtime's or newlib's. */
bool mf_is_application(uint64_t address);

/**
 * A handler starts on `frame`, a fault's. Notes it when the fault was in the runtime. Returns what to
 * give to mf_preempt_fault_end() when the handler returns; it may also jump out.
 */
struct mf_frame;
char *mf_preempt_fault_begin(struct mf_frame *frame);
void mf_preempt_fault_end(char *before);

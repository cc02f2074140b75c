/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signal_internal.h - signals inside the guest. They are delivered synchronously: at raise(), when
 * a thread blocks or yields, and at faults. Nothing interrupts running code.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "mayfly/abi.h"
#include "thread/thread_internal.h"

extern sigset_t mf_signals_pending; /* for whichever thread does not block them */

#define MF_SIGNAL_BIT(sig) ((sigset_t)1 << (sig))

static inline bool mf_signal_is_deliverable(void)
{
    const struct mf_thread *const self = mf_thread_self();
    return ((mf_signals_pending | self->signals_pending) & ~self->signal_mask) != 0;
}

/** Does what the calling thread's deliverable signals ask for. */
void mf_signal_deliver(void);

/** Whether all handlers that the last mf_signal_deliver() ran had SA_RESTART. */
bool mf_signal_restarts(void);

/** Makes `sig` pending and wakes a thread for it; default actions that end the guest do so here. */
void mf_signal_post(int sig);

/**
 * When the application handles `sig` for faults: has it called, with f->regs being where it returns
 * to. Does not return then. fpu: 512 bytes as FXSAVE stored them.
 */
void mf_signal_fault(int sig, const struct hv_fault *f, const void *fpu);

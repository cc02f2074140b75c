/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signal_internal.h - signals inside the guest. They are delivered to a thread at raise(), when it
 * blocks, yields, returns from a wait or changes its mask, at faults, and, while it computes, when
 * the timer interrupts it (thread/preempt.h).
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "fault/frame.h"
#include "mayfly/abi.h"
#include "thread/thread_internal.h"

#define MF_SIGNAL_BIT(sig) ((sigset_t)1 << (sig))
#define MF_STOP_SIGNALS                                                                            \
    (MF_SIGNAL_BIT(SIGSTOP) | MF_SIGNAL_BIT(SIGTSTP) | MF_SIGNAL_BIT(SIGTTIN) |                    \
     MF_SIGNAL_BIT(SIGTTOU))
#define MF_PID_MAX 0xfffffu  /* numbers of processes and groups */
#define MF_SIGNALS_QUEUED 64 /* SIGQUEUE_MAX: signals that wait with their siginfo_t */

extern sigset_t mf_signals_pending; /* for whichever thread does not block them */

static inline bool mf_signal_is_deliverable(void)
{
    const struct mf_thread *const self = mf_thread_self();
    return ((mf_signals_pending | self->signals_pending) & ~self->signal_mask) != 0;
}

/**
 * Does what the calling thread's deliverable signals ask for. frame: where it was interrupted, or
 * NULL. Returns whether a handler ran.
 */
bool mf_signal_deliver(struct mf_frame *frame);

/** Whether all handlers that the caller's last mf_signal_deliver() ran had SA_RESTART. */
bool mf_signal_restarts(void);

/** The caller's wait ends for another reason. */
void mf_signal_restart_no_more(void);

/**
 * Makes a signal pending for the process and has a thread take it; default actions that end the guest
 * do so here. info: si_signo, si_code and what belongs to the code; copied. Not for faults. Returns 0
 * or -EAGAIN: MF_SIGNALS_QUEUED wait already (for standard signals only the rest of info is lost,
 * and 0 is returned).
 */
int mf_signal_post_info(const siginfo_t *info);

/** The same for thread `t`. */
int mf_signal_post_thread(struct mf_thread *t, const siginfo_t *info);

/** The same with no more than a number, from outside of the program. */
void mf_signal_post(int sig);

/** What the program has set for `sig`. */
const struct sigaction *mf_signal_action(int sig);

/** Sets the caller's mask without delivering what it lets through: for who waits then. */
void mf_signal_set_mask(const sigset_t *mask, sigset_t *before);

/** Takes a pending signal of `set`, that of the lowest number; 0: there is none. */
int mf_signal_take(sigset_t set, siginfo_t *info);

/** Thread `t` ends, or (NULL) this is the child of a fork: what is pending for it is dropped. */
void mf_signal_forget(struct mf_thread *t);

/* A signal from a timer is being taken: fills in info->si_overrun. NULL: there are no such timers. */
extern void (*mf_signal_on_timer)(siginfo_t *info);

/*
 * Has the process stand still for a stop signal that is not handled, until it is to go on. NULL: such a
 * signal is ignored, as nobody would continue the guest.
 */
extern void (*mf_signal_stop)(int sig);

/* Some signal has become pending. NULL: nobody wants to know (signalfd). */
extern void (*mf_signal_on_post)(void);

/**
 * When the application handles `sig` for faults: has it called, with f->regs being where it returns
 * to. Does not return then. fpu: as the entry stored it. is_overflow: the stack has no room.
 */
void mf_signal_fault(int sig, int code, void *address, bool is_overflow, const struct hv_fault *f,
                     const void *fpu);

/* ---- signal.c, for pending.c and wait.c ------------------------------------------------------- */

bool mf_signal_is_ignored(int sig);
void mf_signal_end_by_default(int sig) __attribute__((noreturn));

/** Drops a pending signal everywhere (sigaction() has set it to be ignored). */
void mf_signal_drop(int sig);

extern struct mf_waitq mf_sigwaiters; /* threads in sigwait() and the like */

static inline bool mf_signal_is_valid(int sig)
{
    return sig > 0 && sig < NSIG;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h - which vCPU runs where, and for how long.
 *
 * Each CPU has a queue of runnable vCPUs in 64 buckets by virtual time (time used, divided by
 * weight) and a queue of timers. The next to run is the first of the lowest bucket. A vCPU has a
 * home CPU; an idle CPU takes from the queues of others. There is no periodic tick: the timer is
 * armed when somebody waits for this CPU, or for a deadline, or a cap may be reached.
 *
 * hv is event-driven: a vCPU that blocks keeps nothing on hv's stack. sched_run() never returns; it
 * leaves hv through arch_resume().
 */
#pragma once

#include "hv/domain.h"

/** Sets up the calling CPU's queue. */
void sched_init_cpu(uint32_t cpu);

/** Leaves the running vCPU, if any, where its state says, and runs the next, or idles. */
void HV_NORETURN sched_run(void);

/** Blocks the running vCPU until sched_wake() or `deadline_ns`; runs the next. */
void HV_NORETURN sched_block(uint64_t deadline_ns);

/** Makes a blocked vCPU runnable. A vCPU that is on its way to block will not. Any CPU. */
void sched_wake(struct vcpu *v);

/** Takes a vCPU that is not paused off all queues. False when it is running still: it has been told
 * to stop, and `waiter` (if not NULL) is woken when it has. */
bool sched_pause(struct vcpu *v, struct vcpu *waiter) HV_MUST_CHECK;

/** Lets a paused vCPU go on; chooses a CPU for it. */
void sched_unpause(struct vcpu *v);

/** Forgets a stopped vCPU's timer, before it is freed. */
void sched_forget(struct vcpu *v);

void sched_set_share(struct vcpu *v, uint32_t weight, uint32_t cap_percent);

/** The CPU's timer has fired: wakes who is due. */
void sched_timer(void);

/** The running vCPU goes behind the one that is next, and that one runs. */
void HV_NORETURN sched_yield(void);

/** Time used by `v`, up to now. */
uint64_t sched_cpu_ns(struct vcpu *v);

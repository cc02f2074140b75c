/* SPDX-License-Identifier: Apache-2.0 */
/* fake_sched.c - a scheduler for tests that run no vCPU: calls are counted. */
#include <stdlib.h>

#include "fake_domain.h"
#include "hv/sched.h"

void sched_wake(struct vcpu *v)
{
    fake_calls.wake++;
    fake_calls.woken = v;
}

bool sched_pause(struct vcpu *v, struct vcpu *waiter)
{
    (void)waiter;
    v->is_paused = true;
    return true;
}

void sched_forget(struct vcpu *v)
{
    (void)v;
    fake_calls.forget++;
}

void sched_run(void)
{
    abort(); /* no vCPU runs here */
}

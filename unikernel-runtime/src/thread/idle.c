/* SPDX-License-Identifier: Apache-2.0 */
/* idle.c - what happens while no thread can run: pollers, timers, then the wait for an event. */
#include "thread/idle.h"

#include <signal.h>

#include "files/own.h"
#include "mayfly/hypercall.h"
#include "service/service.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/info.h"
#include "thread/preempt.h"
#include "thread/sleep.h"
#include "thread/timer.h"

static struct mf_event *events;
static struct mf_poller *pollers;

void mf_event_register(struct mf_event *e)
{
    e->next = events;
    events = e;
}

void mf_poller_register(struct mf_poller *p)
{
    p->next = pollers;
    pollers = p;
}

static void dispatch(uint32_t tag)
{
    for (const struct mf_event *e = events; e != NULL; e = e->next) {
        if (tag - e->first_tag < e->count) {
            e->handle(tag, e->arg);
            return;
        }
    }
}

/* dom0 sets the bits and sends an event, which only has to end the sleep. Bit 0: process/jobs.c. */
static void take_signals(void)
{
    volatile struct mf_process *const page = &mf_info()->process;
    if (page->signals <= 1) {
        return;
    }
    uint64_t signals = __atomic_fetch_and(&page->signals, 1, __ATOMIC_ACQUIRE) & ~(uint64_t)1;
    while (signals != 0) {
        const int sig = __builtin_ctzl(signals);
        signals &= signals - 1;
        mf_signal_post(sig);
    }
}

void mf_own_idle_poll(void)
{
    mf_service_check();
    mf_critical_enter();
    take_signals();
    for (const struct mf_poller *p = pollers; p != NULL; p = p->next) {
        p->poll(p->arg);
    }
    if (mf_timer_next_ns() != MF_NEVER) {
        mf_timer_run(mf_clock_ns());
    }
    mf_critical_leave();
}

void mf_idle_poll(void) MF_OWN(idle_poll);

void mf_idle_take_event(uint64_t deadline_ns)
{
    uint32_t tag = 0;
    const bool is_counted = mf_thread_has_started() && deadline_ns != HV_WAIT_POLL;
    const uint64_t before = is_counted ? __builtin_ia32_rdtsc() : 0;
    const int64_t came = hv_event_wait(mf_clock_machine_deadline(deadline_ns), &tag);
    if (deadline_ns != HV_WAIT_POLL) {
        mf_preempt_forget();
    }
    if (is_counted) {
        mf_thread_slept(__builtin_ia32_rdtsc() - before);
    }
    mf_service_check(); /* before anything that could wake a thread */
    if (came > 0) {
        mf_critical_enter();
        dispatch(tag);
        mf_critical_leave();
    }
}

void mf_idle_sleep(bool (*is_woken)(void))
{
    mf_own_idle_poll();
    if (is_woken()) {
        return;
    }
    uint64_t deadline_ns = mf_timer_next_ns();
    mf_critical_enter();
    for (const struct mf_poller *p = pollers; p != NULL; p = p->next) {
        const uint64_t at_ns = p->prepare == NULL ? MF_NEVER : p->prepare(p->arg);
        deadline_ns = at_ns < deadline_ns ? at_ns : deadline_ns;
    }
    mf_critical_leave();
    if (deadline_ns != 0 && !is_woken()) {
        mf_idle_take_event(deadline_ns);
    }
}

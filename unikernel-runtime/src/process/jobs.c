/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.c - what a process of a family does that a guest alone does not: it takes signals that come with
 * a siginfo_t, and is stopped by SIGSTOP and its kin: it asks dom0 to be told when it goes on, and
 * does nothing else until then.
 */
#include <signal.h>

#include "process/process.h"
#include "signal/signal_internal.h"
#include "start/clone.h"
#include "start/request.h"
#include "thread/idle.h"
#include "thread/preempt.h"

uint64_t (*mf_children_cpu_ns)(void);

static uint32_t continues; /* that dom0 had counted when the last signal to stop came */

static volatile struct mf_sent_signals *sent(void)
{
    return (volatile struct mf_sent_signals *)(uintptr_t)(mf_info()->area + MF_AREA_SIGNALS);
}

void mf_jobs_cancel_opposite(int sig)
{
    static const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

    if ((MF_SIGNAL_BIT(sig) & MF_STOP_SIGNALS) != 0) {
        mf_signal_drop(SIGCONT);
        continues = mf_signal_stop != NULL ? sent()->continues : 0;
    }
    for (size_t i = 0; sig == SIGCONT && i < sizeof(stops) / sizeof(stops[0]); i++) {
        mf_signal_drop(stops[i]);
    }
}

/* In a thread of the program, which holds nothing. */
static void stop(int sig)
{
    mf_request_alone(MF_REQUEST_STOP, (uint64_t)sig, continues, NULL, NULL);
    mf_idle_poll(); /* SIGCONT is there: its handler runs now */
}

static void take(const volatile struct mf_sent_signal *s)
{
    const siginfo_t info = {.si_signo = (int)s->signal,
                            .si_code = s->code,
                            .si_pid = (pid_t)s->pid,
                            .si_uid = s->uid,
                            .si_status = s->status,
                            .si_value = {.sival_ptr = (void *)(uintptr_t)s->value}};

    if (mf_signal_is_valid(info.si_signo)) {
        mf_jobs_cancel_opposite(info.si_signo);
        mf_signal_post_info(&info);
    }
}

static void poll(void *arg)
{
    volatile struct mf_process *const page = &mf_info()->process;

    (void)arg;
    if ((page->signals & 1) == 0) {
        return;
    }
    __atomic_fetch_and(&page->signals, ~(uint64_t)1, __ATOMIC_ACQUIRE);
    volatile struct mf_sent_signals *const from = sent();
    while (from->tail != __atomic_load_n(&from->head, __ATOMIC_ACQUIRE)) {
        take(&from->ring[from->tail % MF_SENT_SIGNALS]);
        __atomic_store_n(&from->tail, from->tail + 1, __ATOMIC_RELEASE);
    }
}

/* As if somebody waited for devices and a timer were set: so it is interrupted for signals. */
static void be_interrupted(void)
{
    mf_outside_waiters++;
    mf_preempt_update();
}

static uint64_t ask_for_cpu(void)
{
    uint64_t ns;
    return mf_request(MF_REQUEST_GROUP, MF_GROUP_OF(MF_GROUP_CPU, 0), 0, NULL, &ns) == 0 ? ns : 0;
}

void mf_jobs_begin(void)
{
    static struct mf_poller poller = {.poll = poll};

    if (mf_signal_stop == NULL) {
        mf_signal_stop = stop;
        mf_children_cpu_ns = ask_for_cpu;
        mf_poller_register(&poller);
        mf_preempt_alarms++;
        be_interrupted();
    }
}

void mf_jobs_begin_child(void)
{
    be_interrupted();
}

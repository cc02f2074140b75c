/* SPDX-License-Identifier: Apache-2.0 */
/* guest.c - life and end of guests; see guest.h. Creation is in create.c, the table in slot.c. */
#include "guests/guest.h"

#include <signal.h>
#include <string.h>

#include "families/fork.h"
#include "families/jobs.h"
#include "families/process.h"
#include "families/request.h"
#include "guests/absent.h"
#include "guests/create.h"
#include "guests/service.h"
#include "guests/share.h"
#include "guests/slot.h"
#include "guests/starved.h"
#include "mayfly/hypercall.h"
#include "tags.h"
#include "text/report.h"
#include "text/term.h"

#define KILLED_STATUS (128 + 9) /* as shells show SIGKILL */

static guest_told_t tell_ended, tell_ready;

int64_t guest_start(uint32_t slot)
{
    struct guest *g = guest_at(slot);
    g->state = GUEST_RUNNING;
    const int64_t err = hv_dom_start(g->handle);
    if (err < 0) {
        g->state = GUEST_CREATED;
    }
    return err;
}

static void finish(struct guest *g, uint32_t reason, int32_t code)
{
    starved_remove(g);
    absent_remove(g);
    process_guest_ends(g, reason, code);
    create_undo(g);
    starved_feed();
    g->state = GUEST_ENDED;
    service_ended(g);
    g->reason = reason;
    g->code = code;
    tell_ended(slot_of(g));
    slot_keep(g);
}

static void stop_expired(struct mf_timer *t)
{
    struct guest *g = (struct guest *)((char *)t - offsetof(struct guest, stop_timer));
    term_say("%s: did not stop in time, killed\n", g->name);
    guest_kill(slot_of(g));
}

void guest_stop(uint32_t slot, uint64_t grace_ns)
{
    struct guest *g = guest_at(slot);

    jobs_signal(g, SIGTERM);
    if (jobs_is_stopped(g)) {
        jobs_signal(g, SIGCONT);
    }
    g->stop_timer.expire = stop_expired;
    mf_timer_set(&g->stop_timer, mf_clock_deadline(grace_ns));
}

void guest_kill(uint32_t slot)
{
    finish(guest_at(slot), HV_END_DESTROYED, KILLED_STATUS);
}

void guest_lose(uint32_t slot)
{
    finish(guest_at(slot), HV_END_ABSENT, KILLED_STATUS);
}

/* Whether its runtime has told of the fault: it knows threads and stacks, and once is enough. */
static bool has_reported(const struct guest *g)
{
    return __atomic_load_n(&info_of(g)->reported, __ATOMIC_RELAXED) != 0;
}

/* Hv may have paused it; then it has to wait. */
static void look_at_pause(struct guest *g, uint64_t address)
{
    struct hv_dom_info info;

    if (hv_dom_info(g->handle, &info) < 0 || info.state != HV_DOM_STATE_PAUSED || g->is_starved ||
        g->is_absent) {
        return;
    }
    if (info.reason == HV_END_NOMEM && !g->is_paused) {
        starved_add(g);
    } else if (info.reason == HV_END_ABSENT && (!g->is_paused || service_is_asked(g))) {
        absent_add(g, address);
    }
}

static void on_end(uint32_t tag, void *arg)
{
    struct guest *g = guest_at(tag & TAG_SLOT_MASK);
    struct hv_report report;

    (void)arg;
    /* It may be about the slot's former guest; then this one has not ended. */
    if (g->state != GUEST_RUNNING) {
        return;
    }
    report.fault.address = 0;
    if (hv_dom_report(g->handle, &report) < 0 || report.reason == HV_END_ABSENT) {
        look_at_pause(g, report.fault.address);
        return;
    }
    if (report.reason == HV_END_FAULT || report.reason == HV_END_NOMEM) {
        console_event(&g->console); /* its last words come before ours */
        if (report.reason == HV_END_NOMEM || !has_reported(g)) {
            report_print(g->name, g->image, &report);
        }
    }
    finish(g, report.reason, report_status(&report));
}

static void on_console(uint32_t tag, void *arg)
{
    const uint32_t slot = tag & TAG_SLOT_MASK;
    struct guest *g = guest_at(slot);

    (void)arg;
    if (g->state != GUEST_CREATED && g->state != GUEST_RUNNING) {
        return;
    }
    console_event(&g->console);
    if (!g->is_ready && __atomic_load_n(&info_of(g)->ready, __ATOMIC_RELAXED) != 0) {
        g->is_ready = true;
        tell_ready(slot);
        if (g->state != GUEST_RUNNING) {
            return; /* `measure` has ended it: the window is gone */
        }
    }
    process_event(g);
    request_event(g);
    service_event(g);
}

void guest_init(const struct plan *p, bool show, guest_told_t ended, guest_told_t ready)
{
    static struct mf_event end = {TAG_GUEST_END, PLAN_GUESTS_MAX, on_end, NULL, NULL};
    static struct mf_event output = {TAG_GUEST_CONSOLE, PLAN_GUESTS_MAX, on_console, NULL, NULL};

    create_init(p, show);
    fork_init();
    jobs_init();
    share_init();
    tell_ended = ended;
    tell_ready = ready;
    mf_event_register(&end);
    mf_event_register(&output);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - see hold.h. */
#include "guests/hold.h"

#include "guests/absent.h"
#include "guests/starved.h"
#include "mayfly/hypercall.h"

static bool stands_still(const struct guest *g)
{
    struct hv_dom_info info;
    return hv_dom_info(g->handle, &info) >= 0 && info.state == HV_DOM_STATE_PAUSED;
}

static bool is_quiet(const struct guest *g)
{
    return __atomic_load_n(&info_of(g)->critical, __ATOMIC_RELAXED) == 0;
}

bool hold_is_at_rest(const struct guest *g)
{
    const uint64_t stub = HV_HYPERCALL_PAGE + (uint64_t)HC_EVENT_WAIT * HV_HYPERCALL_STUB_BYTES;
    struct hv_regs regs;

    return g->is_serving || (is_quiet(g) && hv_dom_get_regs(g->handle, 0, &regs) >= 0 &&
                             regs.rip - stub < HV_HYPERCALL_STUB_BYTES);
}

static bool is_right(const struct guest *g, enum hold_when when)
{
    return when == HOLD_NOW || (when == HOLD_QUIET ? is_quiet(g) : hold_is_at_rest(g));
}

int64_t hold_stop(struct guest *g, enum hold_when when, bool *was_running)
{
    *was_running = false;
    if (g->state == GUEST_CREATED) {
        return 0;
    }
    const int64_t err = hv_dom_pause(g->handle);
    if (err < 0 && (err != HV_ERR_STATE || !stands_still(g))) {
        return err;
    }
    if (!is_right(g, when)) {
        hold_resume(g, err >= 0);
        return HV_ERR_BUSY;
    }
    *was_running = err >= 0;
    return 0;
}

void hold_resume(const struct guest *g, bool was_running)
{
    if (was_running) {
        hv_dom_start(g->handle);
    }
}

int64_t hold_begin(struct guest *g, enum hold_when when)
{
    bool was_running;
    const int64_t err = hold_stop(g, when, &was_running);
    if (err >= 0) {
        starved_remove(g);
        absent_remove(g);
        g->is_paused = true;
    }
    return err;
}

int64_t hold_end(struct guest *g)
{
    g->is_paused = false;
    g->is_serving = false;
    return hv_dom_start(g->handle);
}

static bool attempt(struct hold_retry *r)
{
    r->count++;
    if (!r->attempt(r, guest_of_ref(r->guest))) {
        return false;
    }
    mf_timer_set(&r->timer, mf_clock_deadline(r->every_ns));
    return true;
}

static void expired(struct mf_timer *t)
{
    struct hold_retry *const r = (struct hold_retry *)(void *)t;
    if (!attempt(r)) {
        r->done(r);
    }
}

bool hold_retry_begin(struct hold_retry *r, struct guest *g)
{
    r->timer.expire = expired;
    r->guest = guest_ref(g);
    r->count = 0;
    return attempt(r);
}

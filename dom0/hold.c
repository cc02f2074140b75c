/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - see hold.h. */
#include "hold.h"

#include "mayfly/hypercall.h"
#include "slot.h"
#include "starved.h"

static bool stands_still(const struct guest *g)
{
    struct hv_dom_info info;
    return hv_dom_info(g->handle, &info) >= 0 && info.state == HV_DOM_STATE_PAUSED;
}

int64_t hold_stop(struct guest *g, bool *was_running)
{
    const int64_t err = hv_dom_pause(g->handle);
    *was_running = err >= 0;
    return err == HV_ERR_STATE && stands_still(g) ? 0 : err;
}

void hold_resume(struct guest *g, bool was_running)
{
    if (was_running) {
        hv_dom_start(g->handle);
    }
}

int64_t hold_begin(struct guest *g)
{
    bool was_running;
    const int64_t err = hold_stop(g, &was_running);
    if (err >= 0) {
        starved_remove(g);
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

bool hold_is_at_rest(const struct guest *g)
{
    const struct mf_info *const info =
        (const struct mf_info *)((const uint8_t *)guest_window(slot_of(g)) + HV_INFO_PAGE);
    const uint64_t stub = HV_HYPERCALL_PAGE + (uint64_t)HC_EVENT_WAIT * HV_HYPERCALL_STUB_BYTES;
    struct hv_regs regs;

    return g->is_serving ||
           (__atomic_load_n(&info->critical, __ATOMIC_RELAXED) == 0 &&
            hv_dom_get_regs(g->handle, 0, &regs) >= 0 && regs.rip - stub < HV_HYPERCALL_STUB_BYTES);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - see window.h. */
#include "guests/window.h"

#include "guests/slot.h"
#include "mayfly/hypercall.h"
#include "seed.h"

static uint64_t va_of(const struct guest *g)
{
    return (uint64_t)(uintptr_t)guest_window(slot_of(g));
}

int64_t window_make(const struct guest *g, const struct infopage *proto)
{
    const int64_t err = hv_window_create(g->handle, HV_WINDOW0_VA, va_of(g), HV_WINDOW0_SKIP,
                                         infopage_pages(g->has_network));

    if (err >= 0 && !infopage_touch(proto, guest_window(slot_of(g)), g->has_network)) {
        window_close(g);
        return HV_ERR_NOMEM;
    }
    return err;
}

void window_fill(struct guest *g, const struct infopage *proto, struct info_guest *info)
{
    void *const window = guest_window(slot_of(g));

    seed_make(info->seed);
    infopage_fill(proto, window, &netback_switch.plan, info);
    if (g->has_network) {
        netback_open(slot_of(g), window, g->net.port);
    }
}

void window_close(const struct guest *g)
{
    hv_window_close(HV_SELF, va_of(g));
}

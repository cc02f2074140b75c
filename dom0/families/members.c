/* SPDX-License-Identifier: Apache-2.0 */
/* members.c - see members.h. */
#include "families/members.h"

#include "fault/touch.h"
#include "guests/hold.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"

int64_t members_make_window(struct guest *g, uint64_t va, size_t bytes, uint32_t *slot)
{
    struct guest *const place = slot_allocate();
    if (place == NULL) {
        return HV_ERR_LIMIT;
    }
    const uint64_t at = (uint64_t)(uintptr_t)guest_window(slot_of(place));
    bool ran;
    int64_t err = hold_stop(g, HOLD_NOW, &ran);
    if (err >= 0) {
        err = hv_window_create(g->handle, va, at, 0, HV_WINDOW_PAGES);
        if (err >= 0 && !mf_touch(guest_window(slot_of(place)), bytes)) {
            hv_window_close(g->handle, va);
            hv_window_close(HV_SELF, at);
            err = HV_ERR_NOMEM;
        }
        hold_resume(g, ran);
    }
    if (err < 0) {
        slot_free(place);
        return err;
    }
    *slot = slot_of(place) + 1;
    return 0;
}

void members_close_window(uint32_t *slot)
{
    if (*slot != 0) {
        hv_window_close(HV_SELF, (uint64_t)(uintptr_t)members_window(*slot));
        slot_free(guest_at(*slot - 1));
        *slot = 0;
    }
}

bool members_take(uint64_t set[MF_FAMILY_WORDS], uint64_t to[MF_FAMILY_WORDS])
{
    bool any = false;

    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        if (__atomic_load_n(&set[i], __ATOMIC_RELAXED) != 0) {
            to[i] |= __atomic_exchange_n(&set[i], 0, __ATOMIC_ACQ_REL);
            any = true;
        }
    }
    return any;
}

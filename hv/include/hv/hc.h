/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hc.h - hypercall handlers. entry.S calls hc_table[number] with the guest's arguments; `value` and
 * `extra` are what the guest finds in rax and rdx. Contracts: include/mayfly/hypercall.h. Handlers
 * run on the caller's CPU with its address space loaded; they decode, acquire, perform, and may end
 * in sched_block() instead of returning.
 */
#pragma once

#include "hv/domain.h"
#include "mayfly/hypercall.h"

struct hc_result {
    int64_t value;
    uint64_t extra;
};

#define HC_ARGS uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4
#define HYPERCALL(number, NAME, handler) struct hc_result hc_##handler(HC_ARGS);
#include "mayfly/hypercalls.def"
#undef HYPERCALL

#define HC_UNUSED (void)a0, (void)a1, (void)a2, (void)a3, (void)a4

static inline struct hc_result hc_return(int64_t value)
{
    return (struct hc_result){value, 0};
}

/** Has the guest make this hypercall again with these arguments when it runs next: how long work is
 * sliced, and how a call waits. Follow with sched_run() or sched_block(). */
void hc_restart(enum hv_hypercall nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                uint64_t a4);

/** The domain that handle `h` of the caller names (HV_SELF: the caller, if `self` allows). */
enum hv_err hc_find_domain(uint64_t h, uint32_t rights, bool self,
                           struct domain **out) HV_MUST_CHECK;

/** Locks `d` if it is one that does not run: paused, frozen or ended. STATE, BUSY. */
enum hv_err hc_lock_stopped(struct domain *d) HV_MUST_CHECK;

/** The same, but no template. STATE, BUSY. */
enum hv_err hc_lock_changeable(struct domain *d) HV_MUST_CHECK;

/** Where a guest may map memory of its own. ALIGN, RANGE. */
enum hv_err hc_check_range(uint64_t va, uint64_t pages) HV_MUST_CHECK;

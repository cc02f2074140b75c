/* SPDX-License-Identifier: Apache-2.0 */
/* hc.c - the table of hypercalls, and what several of them need. */
#include "hv/hc.h"

#include "hv/cpu.h"
#include "hv/sched.h"

typedef struct hc_result (*hc_handler_t)(HC_ARGS);

extern const hc_handler_t hc_table[HC_COUNT];

static struct hc_result hc_none(HC_ARGS)
{
    HC_UNUSED;
    return hc_return(HV_ERR_NOSYS);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* each number has a handler, most have another */
const hc_handler_t hc_table[HC_COUNT] = {
    [0 ... HC_COUNT - 1] = hc_none,
#define HYPERCALL(number, NAME, handler) [number] = hc_##handler,
#include "mayfly/hypercalls.def"
#undef HYPERCALL
};
#pragma GCC diagnostic pop

#define SYSCALL_BYTES 2 /* 0f 05 */

void hc_restart(enum hv_hypercall nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                uint64_t a4)
{
    struct trap_frame *t = &this_cpu()->current->tf;

    t->rip -= SYSCALL_BYTES;
    t->rax = nr;
    t->rdi = a0;
    t->rsi = a1;
    t->rdx = a2;
    t->r10 = a3;
    t->r8 = a4;
}

enum hv_err hc_find_domain(uint64_t h, uint32_t rights, bool self, struct domain **out)
{
    uint64_t object;

    if (self && h == HV_SELF) {
        *out = current_domain();
        return HV_OK;
    }
    if (h > UINT32_MAX) {
        return HV_ERR_HANDLE;
    }
    const enum hv_err err =
        handle_find(current_domain(), (uint32_t)h, HANDLE_DOMAIN, rights, &object);
    if (!err) {
        *out = (struct domain *)object;
    }
    return err;
}

enum hv_err hc_lock_stopped(struct domain *d)
{
    if (d == current_domain()) {
        return HV_ERR_STATE;
    }
    if (!lock_try(&d->lock)) {
        return HV_ERR_BUSY;
    }
    const bool runs =
        d->vcpu.is_running || d->state == DOMAIN_DESTROYED || d->state == HV_DOM_STATE_RUNNING;
    if (runs) {
        lock_drop(&d->lock);
        return HV_ERR_STATE;
    }
    return HV_OK;
}

enum hv_err hc_lock_changeable(struct domain *d)
{
    const enum hv_err err = hc_lock_stopped(d);

    if (!err && d->state == HV_DOM_STATE_FROZEN) {
        lock_drop(&d->lock);
        return HV_ERR_STATE;
    }
    return err;
}

enum hv_err hc_check_range(uint64_t va, uint64_t pages)
{
    if (va & (PAGE_SIZE - 1)) {
        return HV_ERR_ALIGN;
    }
    if (pages == 0 || pages > HV_MAP_MAX_PAGES || va < HV_IMAGE_BASE || va >= HV_WINDOW_HIGH_VA ||
        pages > (HV_WINDOW_HIGH_VA - va) >> PAGE_SHIFT) {
        return HV_ERR_RANGE;
    }
    return HV_OK;
}

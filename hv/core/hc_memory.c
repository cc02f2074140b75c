/* SPDX-License-Identifier: Apache-2.0 */
/* hc_memory.c - hypercalls on memory: the caller's own, another domain's, windows. */
#include "arch.h"
#include "hv/cpu.h"
#include "hv/frame.h"
#include "hv/hc.h"
#include "hv/sched.h"

/* Table operations done before the caller is looked at again: some tens of microseconds. */
#define STEPS_PER_SLICE 16

static bool prot_is_valid(uint64_t prot)
{
    return (prot & HV_PROT_READ) &&
           !(prot & ~(uint64_t)(HV_PROT_READ | HV_PROT_WRITE | HV_PROT_EXEC)) &&
           (prot & (HV_PROT_WRITE | HV_PROT_EXEC)) != (HV_PROT_WRITE | HV_PROT_EXEC);
}

/* Two steps of mapping: all that most ranges take. `done`, which comes from the caller, is where to go
 * on; each step checks what it maps. */
static enum hv_err map_slice(struct aspace *as, uint64_t va, uint64_t pages, uint64_t prot,
                             uint64_t *done)
{
    enum hv_err err = *done < 2 * pages ? HV_OK : HV_ERR_INVAL;

    for (int n = 0; n < 2 && *done < 2 * pages && !err; n++) {
        err = aspace_map_step(as, (gva_t){va}, pages, (uint32_t)prot, done);
    }
    return err;
}

static enum hv_err check_map(uint64_t va, uint64_t pages, uint64_t prot)
{
    const enum hv_err err = hc_check_range(va, pages);

    return err || prot_is_valid(prot) ? err : HV_ERR_INVAL;
}

/* The end of a slice of the caller's own call: it makes it again with these arguments when it is not
 * done (`result` is 1), or when a page has come that it needs. */
static struct hc_result go_on(int result, enum hv_hypercall nr, uint64_t a0, uint64_t a1,
                              uint64_t a2, uint64_t a3)
{
    if (result == HV_ERR_ABSENT || result > 0) {
        hc_restart(nr, a0, a1, a2, a3, 0);
        if (result < 0) {
            domain_await(current_domain(), HV_END_ABSENT);
        }
        arch_resume_or_resched();
    }
    return hc_return(result);
}

struct hc_result hc_mem_map(HC_ARGS)
{
    HC_UNUSED;
    const enum hv_err err =
        check_map(a0, a1, a2) ?: map_slice(&current_domain()->aspace, a0, a1, a2, &a3);

    return go_on(err ?: a3 < 2 * a1, HC_MEM_MAP, a0, a1, a2, a3);
}

static enum hv_err unmap_slice(struct aspace *as, gva_t *at, gva_t end)
{
    enum hv_err err = HV_OK;

    for (int n = 0; n < STEPS_PER_SLICE && at->v < end.v && !err; n++) {
        err = aspace_unmap_step(as, *at, end, at);
    }
    return err;
}

struct hc_result hc_mem_unmap(HC_ARGS)
{
    HC_UNUSED;
    enum hv_err err = hc_check_range(a0, a1);
    const gva_t end = {a0 + (a1 << PAGE_SHIFT)};
    gva_t at = {a0};

    if (err) {
        return hc_return(err);
    }
    err = unmap_slice(&current_domain()->aspace, &at, end);
    cpu_flush_current();
    return go_on(err ?: at.v < end.v, HC_MEM_UNMAP, at.v, (end.v - at.v) >> PAGE_SHIFT, 0, 0);
}

struct hc_result hc_mem_protect(HC_ARGS)
{
    HC_UNUSED;
    struct aspace *as = &current_domain()->aspace;
    enum hv_err err = check_map(a0, a1, a2);
    const gva_t end = {a0 + (a1 << PAGE_SHIFT)};
    gva_t at = {a0};

    if (err) {
        return hc_return(err);
    }
    for (int n = 0; n < STEPS_PER_SLICE && at.v < end.v && !err; n++) {
        err = aspace_protect_step(as, at, end, (uint32_t)a2, &at);
    }
    cpu_flush_current();
    return go_on(err ?: at.v < end.v, HC_MEM_PROTECT, at.v, (end.v - at.v) >> PAGE_SHIFT, a2, 0);
}

/* ---- another domain's memory ----------------------------------------------------------------- */

struct hc_result hc_dom_map(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_MEMORY, false, &d)
                          ?: check_map(a1, a2, a3 & ~(uint64_t)HV_PROT_ABSENT)
                          ?: hc_lock_changeable(d);
    if (err) {
        return hc_return(err);
    }
    if (!(a3 & HV_PROT_ABSENT)) {
        err = map_slice(&d->aspace, a1, a2, a3, &a4);
    } else if (a2 > HV_WINDOW_PAGES - (a1 / PAGE_SIZE) % HV_WINDOW_PAGES) {
        err = HV_ERR_RANGE;
    } else {
        err = aspace_map_absent(&d->aspace, (gva_t){a1}, a2, (uint32_t)a3);
        a4 = 2 * a2;
    }
    d->vcpu.needs_flush = true;
    lock_drop(&d->lock);
    if (!err && a4 < 2 * a2) {
        hc_restart(HC_DOM_MAP, a0, a1, a2, a3, a4);
        arch_resume_or_resched();
    }
    return hc_return(err);
}

struct hc_result hc_dom_unmap(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    const gva_t end = {a1 + (a2 << PAGE_SHIFT)};
    gva_t at = {a1};
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_MEMORY, false, &d)
                          ?: hc_check_range(a1, a2)
                          ?: hc_lock_changeable(d);
    if (err) {
        return hc_return(err);
    }
    err = unmap_slice(&d->aspace, &at, end);
    d->vcpu.needs_flush = true;
    lock_drop(&d->lock);
    if (!err && at.v < end.v) {
        hc_restart(HC_DOM_UNMAP, a0, at.v, (end.v - at.v) >> PAGE_SHIFT, 0, 0);
        arch_resume_or_resched();
    }
    return hc_return(err);
}

/* Fills an absent page of `d`, and of all that share it, from the caller's memory. STATE: it is there. */
static enum hv_err bring(struct domain *d, uint64_t va, uint64_t mine)
{
    const paddr_t pa = frame_is_low() ? (paddr_t){0} : frame_alloc();

    if (pa.v == 0) {
        return HV_ERR_NOMEM;
    }
    const enum hv_err err = copy_from_guest(phys_to_virt(pa), (gva_t){mine}, PAGE_SIZE)
                                ?: aspace_bring(&d->aspace, (gva_t){va}, pa);
    if (err) {
        frame_put(pa);
    }
    return err;
}

/* Copies between the caller's memory at `mine` and that of `d` at `va`, page by page. */
static enum hv_err copy_domain(struct domain *d, uint64_t va, uint64_t mine, uint64_t bytes,
                               bool write)
{
    while (bytes != 0) {
        const uint64_t offset = va & (PAGE_SIZE - 1);
        const uint64_t n = min_u64(bytes, PAGE_SIZE - offset);
        paddr_t pa;
        enum hv_err err = write && d->state != HV_DOM_STATE_PAUSED
                              ? HV_ERR_STATE /* unless it is absent */
                              : aspace_page(&d->aspace, (gva_t){va}, write, &pa);
        if (!err) {
            char *page = (char *)phys_to_virt(pa) + offset;
            err = write ? copy_from_guest(page, (gva_t){mine}, n)
                        : copy_to_guest((gva_t){mine}, page, n);
        } else if (write && n == PAGE_SIZE && (err == HV_ERR_ABSENT || err == HV_ERR_STATE)) {
            err = bring(d, va, mine);
        }
        if (err) {
            return err;
        }
        va += n;
        mine += n;
        bytes -= n;
    }
    return HV_OK;
}

static struct hc_result dom_copy(uint64_t h, uint64_t va, uint64_t mine, uint64_t bytes, bool write)
{
    struct domain *d;
    enum hv_err err = hc_find_domain(h, HV_RIGHT_MEMORY, false, &d)
                          ?: (bytes > HV_COPY_MAX_BYTES || va >= HV_GUEST_END ? HV_ERR_RANGE
                                                                              : hc_lock_stopped(d));

    if (err) {
        return hc_return(err);
    }
    err = copy_domain(d, va, mine, bytes, write);
    d->vcpu.needs_flush |= write;
    lock_drop(&d->lock);
    return hc_return(err);
}

struct hc_result hc_dom_read(HC_ARGS)
{
    HC_UNUSED;
    return dom_copy(a0, a1, a2, a3, false);
}

struct hc_result hc_dom_write(HC_ARGS)
{
    HC_UNUSED;
    return dom_copy(a0, a1, a2, a3, true);
}

struct hc_result hc_dom_populate(HC_ARGS)
{
    HC_UNUSED;
    uint64_t at[HV_POPULATE_MAX], n = 0;
    struct domain *d;
    paddr_t pa;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_MEMORY, false, &d)
                          ?: (a2 > HV_POPULATE_MAX ? HV_ERR_RANGE
                                                   : copy_from_guest(at, (gva_t){a1}, a2 * 8))
                          ?: hc_lock_changeable(d);
    if (err) {
        return hc_return(err);
    }
    while (n < a2 && !aspace_page(&d->aspace, (gva_t){at[n]}, true, &pa)) {
        n++;
    }
    d->vcpu.needs_flush = true;
    lock_drop(&d->lock);
    return hc_return((int64_t)n);
}

/* ---- windows --------------------------------------------------------------------------------- */

static enum hv_err window_check(uint64_t va)
{
    if (va & (HV_WINDOW_BYTES - 1)) {
        return HV_ERR_ALIGN;
    }
    return va == HV_WINDOW0_VA || (va >= HV_WINDOW_HIGH_VA && va < HV_GUEST_END) ? HV_OK
                                                                                 : HV_ERR_RANGE;
}

/* Locks a domain whose tables may be changed: the caller's own, or one that does not run. */
static enum hv_err lock_for_window(struct domain *d)
{
    if (d == current_domain()) {
        return lock_try(&d->lock) ? HV_OK : HV_ERR_BUSY;
    }
    return hc_lock_changeable(d);
}

/* Maps `window` in one domain. */
static enum hv_err window_map(struct domain *d, uint64_t va, paddr_t window)
{
    enum hv_err err = lock_for_window(d);

    if (!err) {
        err = aspace_window_attach(&d->aspace, (gva_t){va}, window);
        d->vcpu.needs_flush |= d != current_domain();
        lock_drop(&d->lock);
    }
    return err;
}

static enum hv_err window_unmap(struct domain *d, uint64_t va)
{
    const enum hv_err err = lock_for_window(d);
    if (err) {
        return err;
    }
    const paddr_t window = aspace_window_detach(&d->aspace, (gva_t){va});
    if (d == current_domain()) {
        cpu_flush_current();
    } else {
        d->vcpu.needs_flush = true;
    }
    lock_drop(&d->lock);
    if (window.v == 0) {
        return HV_ERR_NOENT;
    }
    aspace_window_put(window);
    return HV_OK;
}

struct hc_result hc_window_create(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONNECT, false, &d)
                          ?: window_check(a1)
                          ?: window_check(a2);

    if (!err && (a4 == 0 || a3 >= HV_WINDOW_PAGES || a4 > HV_WINDOW_PAGES - a3 ||
                 ((a1 == HV_WINDOW0_VA || a2 == HV_WINDOW0_VA) && a3 < HV_WINDOW0_SKIP))) {
        err = HV_ERR_RANGE;
    }
    if (err) {
        return hc_return(err);
    }
    const paddr_t window = aspace_window_new((uint32_t)a3, (uint32_t)a4);
    if (window.v == 0) {
        return hc_return(HV_ERR_NOMEM);
    }
    err = window_map(d, a1, window);
    if (!err) {
        err = window_map(current_domain(), a2, window);
        if (err) {
            (void)!window_unmap(d, a1);
        }
    }
    aspace_window_put(window);
    return hc_return(err);
}

struct hc_result hc_window_share(HC_ARGS)
{
    HC_UNUSED;
    struct domain *a, *b;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONNECT, true, &a)
                          ?: hc_find_domain(a2, HV_RIGHT_CONNECT, true, &b)
                          ?: (a == b ? HV_ERR_INVAL : window_check(a1))
                          ?: window_check(a3)
                          ?: lock_for_window(a);
    if (err) {
        return hc_return(err);
    }
    const paddr_t window = aspace_window_at(&a->aspace, (gva_t){a1});
    if (window.v != 0) {
        frame_get(window);
    }
    lock_drop(&a->lock);
    if (window.v == 0) {
        return hc_return(HV_ERR_NOENT);
    }
    if (a3 == HV_WINDOW0_VA && frame_of(window)->low < HV_WINDOW0_SKIP) {
        err = HV_ERR_RANGE;
    } else {
        err = window_map(b, a3, window);
    }
    aspace_window_put(window);
    return hc_return(err);
}

struct hc_result hc_window_close(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    return hc_return(hc_find_domain(a0, HV_RIGHT_CONNECT, true, &d)
                         ?: window_check(a1)
                         ?: window_unmap(d, a1));
}

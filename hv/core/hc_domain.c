/* SPDX-License-Identifier: Apache-2.0 */
/* hc_domain.c - hypercalls on domains and handles. */
#include "arch.h"
#include "hv/cpu.h"
#include "hv/frame.h"
#include "hv/hc.h"
#include "hv/lib.h"
#include "hv/sched.h"

#define WEIGHT_MAX 10000u
#define CAP_MAX 100u
#define FREE_PER_SLICE 256

static enum hv_err read_params(uint64_t at, struct hv_dom_params *p)
{
    const struct domain *self = current_domain();
    const enum hv_err err = copy_from_guest(p, (gva_t){at}, sizeof(*p));

    if (err) {
        return err;
    }
    if (p->weight > WEIGHT_MAX || p->cap_percent > CAP_MAX || p->reserved != 0 ||
        (p->flags & ~(HV_DOM_FROZEN | HV_DOM_END_EVENT)) != 0 || (p->caps & ~HV_CAP_ALL) != 0) {
        return HV_ERR_INVAL;
    }
    if ((self->caps & HV_CAP_CREATE) == 0 || (p->caps & ~self->caps) != 0) {
        return HV_ERR_PERM;
    }
    return frame_is_low() ? HV_ERR_NOMEM : HV_OK;
}

/* A stopped domain without a handle goes away at once; it has at most a few tables of its own. */
static void drop_new(struct domain *d)
{
    while (!domain_destroy_slice(d, FREE_PER_SLICE)) {
    }
    domain_put(d); /* its existence */
    domain_put(d); /* the creator's */
}

/* Gives the caller a handle on a new domain, and the event of its end. */
static struct hc_result publish(struct domain *d, const struct hv_dom_params *p)
{
    struct domain *self = current_domain();
    uint32_t port, handle;
    enum hv_err err = HV_OK;

    if (p->flags & HV_DOM_END_EVENT) {
        err = port_open(self, PORT_END, NULL, p->end_tag, &port);
        if (!err) {
            domain_get(self);
            d->end_domain = self;
            d->end_port = port;
        }
    }
    if (!err) {
        err = handle_add(self, HANDLE_DOMAIN, (uint64_t)d, HV_RIGHT_ALL, &handle);
    }
    if (err) {
        domain_drop_end(d);
        drop_new(d);
        return hc_return(err);
    }
    return hc_return(handle);
}

struct hc_result hc_dom_create(HC_ARGS)
{
    HC_UNUSED;
    struct hv_dom_params p;
    struct domain *d;
    enum hv_err err = read_params(a0, &p);

    if (!err) {
        err = p.flags & HV_DOM_FROZEN ? HV_ERR_INVAL : domain_create(&p, &d);
    }
    return err ? hc_return(err) : publish(d, &p);
}

/* A copy of the caller: what fork() is made of. */
static enum hv_err clone_self(const struct hv_dom_params *p, struct domain **out)
{
    struct vcpu *v = this_cpu()->current;

    cpu_save_bases(v);
    v->tf.rax = 0; /* what the copy finds, also in rdx */
    v->tf.rdx = 0;
    const enum hv_err err = domain_clone(v->domain, p, out);
    cpu_flush_current();
    v->needs_flush = false;
    return err;
}

struct hc_result hc_dom_clone(HC_ARGS)
{
    HC_UNUSED;
    struct hv_dom_params p;
    struct domain *src, *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CLONE, true, &src) ?: read_params(a1, &p);

    if (err) {
        return hc_return(err);
    }
    if (src == current_domain()) {
        err = clone_self(&p, &d);
        return err ? hc_return(err) : publish(d, &p);
    }
    err = hc_lock_stopped(src);
    if (err) {
        return hc_return(err);
    }
    err = src->state == HV_DOM_STATE_ENDED ? HV_ERR_STATE : domain_clone(src, &p, &d);
    lock_drop(&src->lock);
    return err ? hc_return(err) : publish(d, &p);
}

/* ---- control --------------------------------------------------------------------------------- */

/* A stopped domain by handle, locked, for an operation on its vCPU number `vcpu`. */
static enum hv_err lock_vcpu(uint64_t h, uint64_t vcpu, struct domain **out)
{
    enum hv_err err = hc_find_domain(h, HV_RIGHT_CONTROL, false, out);

    if (!err && vcpu != 0) {
        err = HV_ERR_INVAL;
    }
    return err ? err : hc_lock_stopped(*out);
}

struct hc_result hc_dom_get_regs(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    struct hv_regs regs;
    const enum hv_err err = lock_vcpu(a0, a1, &d);
    if (err) {
        return hc_return(err);
    }
    regs_from_vcpu(&d->vcpu, &regs);
    lock_drop(&d->lock);
    return hc_return(copy_to_guest((gva_t){a2}, &regs, sizeof(regs)));
}

/* Has paused `d`, locked, go on with these registers, whatever it waited for. */
static enum hv_err set_regs(struct domain *d, const struct hv_regs *regs)
{
    if (d->state != HV_DOM_STATE_PAUSED) {
        return HV_ERR_STATE;
    }
    const enum hv_err err = regs_check(regs);
    if (err) {
        return err;
    }
    (void)port_wait_over(d, true);
    sched_wake(&d->vcpu);
    return regs_to_vcpu(&d->vcpu, regs);
}

struct hc_result hc_dom_set_regs(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    struct hv_regs regs;
    enum hv_err err = copy_from_guest(&regs, (gva_t){a2}, sizeof(regs)) ?: lock_vcpu(a0, a1, &d);

    if (err) {
        return hc_return(err);
    }
    err = set_regs(d, &regs);
    lock_drop(&d->lock);
    return hc_return(err);
}

struct hc_result hc_dom_start(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONTROL, false, &d) ?: hc_lock_stopped(d);

    if (err) {
        return hc_return(err);
    }
    if (d->state == HV_DOM_STATE_PAUSED) {
        d->state = HV_DOM_STATE_RUNNING;
        d->report.reason = HV_END_NONE;
        sched_unpause(&d->vcpu);
    } else {
        err = HV_ERR_STATE;
    }
    lock_drop(&d->lock);
    return hc_return(err);
}

/* Stops `d` and locks it, so that nobody lets it go on; does not return while it runs still: the call
 * is made again when it has stopped. */
static void stop_and_lock(struct domain *d, enum hv_hypercall nr, uint64_t handle)
{
    struct vcpu *self = this_cpu()->current;

    if (sched_pause(&d->vcpu, self) && lock_try(&d->lock)) {
        if (likely(d->vcpu.is_paused)) {
            return;
        }
        lock_drop(&d->lock); /* another CPU has started it meanwhile */
    }
    hc_restart(nr, handle, 0, 0, 0, 0);
    if (d->vcpu.stop_waiter == self) {
        sched_block(HV_WAIT_FOREVER);
    }
    sched_run();
}

struct hc_result hc_dom_pause(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONTROL, false, &d);

    if (!err && (d == current_domain() || d->state != HV_DOM_STATE_RUNNING)) {
        err = HV_ERR_STATE;
    }
    if (err) {
        return hc_return(err);
    }
    stop_and_lock(d, HC_DOM_PAUSE, a0);
    if (d->state == HV_DOM_STATE_RUNNING) {
        d->state = HV_DOM_STATE_PAUSED;
    }
    lock_drop(&d->lock);
    return hc_return(HV_OK);
}

struct hc_result hc_dom_destroy(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONTROL, false, &d);

    if (!err && d == current_domain()) {
        err = HV_ERR_STATE;
    }
    if (err) {
        return hc_return(err);
    }
    stop_and_lock(d, HC_DOM_DESTROY, a0);
    const bool was_gone = d->is_gone;
    const bool done = was_gone || (cpu_unload(&d->vcpu) &&
                                   __atomic_load_n(&d->vcpu.telling, __ATOMIC_ACQUIRE) == 0 &&
                                   domain_destroy_slice(d, FREE_PER_SLICE));
    d->is_gone = done;
    lock_drop(&d->lock);
    if (!done) {
        hc_restart(HC_DOM_DESTROY, a0, 0, 0, 0, 0);
        arch_resume_or_resched();
    }
    if (!was_gone) {
        handle_remove_all(d);
        domain_drop_end(d);
        domain_put(d);
    }
    return hc_return(handle_remove(current_domain(), (uint32_t)a0));
}

struct hc_result hc_dom_sched(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONTROL, false, &d);

    if (!err && (a1 == 0 || a1 > WEIGHT_MAX || a2 > CAP_MAX)) {
        err = HV_ERR_INVAL;
    }
    if (!err) {
        sched_set_share(&d->vcpu, (uint32_t)a1, (uint32_t)a2);
    }
    return hc_return(err);
}

/* Locks two domains that do not run, in the order of lock.h. */
static enum hv_err lock_two_stopped(struct domain *a, struct domain *b)
{
    struct domain *first = a < b ? a : b;
    struct domain *second = a < b ? b : a;
    enum hv_err err = a == b ? HV_ERR_INVAL : hc_lock_stopped(first);

    if (!err) {
        err = hc_lock_stopped(second);
        if (err) {
            lock_drop(&first->lock);
        }
    }
    return err;
}

struct hc_result hc_dom_rollback(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d, *to;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONTROL, false, &d)
                          ?: hc_find_domain(a1, HV_RIGHT_CLONE, false, &to)
                          ?: lock_two_stopped(d, to);
    if (err) {
        return hc_return(err);
    }
    bool done = true;
    if (d->state != HV_DOM_STATE_PAUSED || to->state != HV_DOM_STATE_FROZEN) {
        err = HV_ERR_STATE;
    } else if (!cpu_unload(&d->vcpu) || !aspace_destroy_slice(&d->discarded, FREE_PER_SLICE)) {
        done = false;
    } else if (a2 == 0) { /* else: what it had is freed now */
        err = domain_rollback(d, to);
        done = err != HV_OK;
        a2 = 1;
    }
    lock_drop(&to->lock);
    lock_drop(&d->lock);
    if (!done) {
        hc_restart(HC_DOM_ROLLBACK, a0, a1, a2, 0, 0);
        arch_resume_or_resched();
    }
    return hc_return(err);
}

/* ---- state ----------------------------------------------------------------------------------- */

struct hc_result hc_dom_info(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    const enum hv_err err = hc_find_domain(a0, HV_RIGHT_INFO, true, &d);
    if (err) {
        return hc_return(err);
    }
    struct hv_dom_info info = {
        .state = d->state == DOMAIN_DESTROYED ? HV_DOM_STATE_ENDED : d->state,
        .reason = d->report.reason,
        .code = d->report.code,
        .cpu = d->vcpu.cpu,
        .id = d->id,
        .resident_pages = d->aspace.resident,
        .memory_pages = d->aspace.limit,
        .cpu_ns = sched_cpu_ns(&d->vcpu),
        .fault_count = d->vcpu.fault_count,
        .hypercall_count = d->vcpu.hypercall_count,
        .weight = d->vcpu.weight,
        .cap_percent = d->vcpu.cap_percent,
    };
    return hc_return(copy_to_guest((gva_t){a1}, &info, sizeof(info)));
}

struct hc_result hc_dom_report(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_INFO, false, &d);

    if (!err) {
        err = d->state == HV_DOM_STATE_ENDED || d->report.reason == HV_END_ABSENT
                  ? copy_to_guest((gva_t){a1}, &d->report, sizeof(d->report))
                  : HV_ERR_STATE;
    }
    return hc_return(err);
}

struct hc_result hc_dom_get_state(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    const enum hv_err err = lock_vcpu(a0, a1, &d);
    if (err) {
        return hc_return(err);
    }
    struct hv_vcpu_state s = {
        .fault_entry = d->vcpu.fault_entry,
        .fault_stack = d->vcpu.fault_stack,
        .flags = (d->vcpu.in_fault ? HV_STATE_IN_FAULT : 0) |
                 (d->vcpu.preempt_at != 0 ? HV_STATE_PREEMPT : 0),
        .fpu_bytes = sizeof(s.fpu),
    };
    regs_from_vcpu(&d->vcpu, &s.regs);
    if (d->vcpu.wait_deadline != 0) { /* as in a clone: its wait ends with "nothing came" */
        s.regs.rax = 0;
        s.regs.rdx = 0;
    }
    memcpy(s.fpu, d->vcpu.fpu, sizeof(s.fpu));
    lock_drop(&d->lock);
    return hc_return(copy_to_guest((gva_t){a2}, &s, sizeof(s)));
}

struct hc_result hc_dom_set_state(HC_ARGS)
{
    HC_UNUSED;
    struct domain *d;
    struct hv_vcpu_state s;
    enum hv_err err = copy_from_guest(&s, (gva_t){a2}, sizeof(s));

    if (!err &&
        (s.fpu_bytes != sizeof(s.fpu) || s.flags > (HV_STATE_IN_FAULT | HV_STATE_PREEMPT) ||
         s.fault_entry >= HV_GUEST_END || s.fault_stack > HV_GUEST_END || (s.fault_stack & 15))) {
        err = HV_ERR_INVAL;
    }
    err = err ?: lock_vcpu(a0, a1, &d);
    if (err) {
        return hc_return(err);
    }
    err = set_regs(d, &s.regs);
    if (!err) {
        d->vcpu.fault_entry = s.fault_entry;
        d->vcpu.fault_stack = s.fault_stack;
        d->vcpu.in_fault = s.flags & HV_STATE_IN_FAULT;
        d->vcpu.preempt_at = s.flags & HV_STATE_PREEMPT ? 1 : 0;
        fpu_set(&d->vcpu, s.fpu);
    }
    lock_drop(&d->lock);
    return hc_return(err);
}

#define EXTENTS_PER_CALL 64u

struct hc_result hc_dom_pages(HC_ARGS)
{
    HC_UNUSED;
    struct hv_extent extents[EXTENTS_PER_CALL];
    struct domain *d, *base = NULL;
    gva_t va = {a2};
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_MEMORY, false, &d);

    if (!err && a1 != HV_SELF) {
        err = hc_find_domain(a1, HV_RIGHT_CLONE, false, &base);
    }
    if (!err && ((va.v & (PAGE_SIZE - 1)) || va.v > HV_GUEST_END || a4 == 0)) {
        err = HV_ERR_RANGE;
    }
    err = err ?: (base != NULL ? lock_two_stopped(d, base) : hc_lock_stopped(d));
    if (err) {
        return hc_return(err);
    }
    const uint32_t n = aspace_list_pages(&d->aspace, base != NULL ? &base->aspace : NULL, &va,
                                         extents, (uint32_t)min_u64(a4, EXTENTS_PER_CALL));
    lock_drop(&d->lock);
    if (base != NULL) {
        lock_drop(&base->lock);
    }
    err = copy_to_guest((gva_t){a3}, extents, n * sizeof(extents[0]));
    return err ? hc_return(err) : (struct hc_result){n, va.v};
}

/* ---- handles --------------------------------------------------------------------------------- */

struct hc_result hc_handle_grant(HC_ARGS)
{
    HC_UNUSED;
    struct domain *to;
    enum handle_kind kind;
    uint64_t object;
    uint32_t rights, handle;
    enum hv_err err = hc_find_domain(a0, HV_RIGHT_GRANT, false, &to);

    if (!err) {
        err = a1 > UINT32_MAX
                  ? HV_ERR_HANDLE
                  : handle_read(current_domain(), (uint32_t)a1, &kind, &object, &rights);
    }
    if (!err) {
        err = a2 & ~(uint64_t)rights             ? HV_ERR_PERM
              : to->state >= HV_DOM_STATE_FROZEN ? HV_ERR_STATE
                                                 : HV_OK;
    }
    if (err) {
        return hc_return(err);
    }
    if (kind == HANDLE_DOMAIN) {
        domain_get((struct domain *)object);
    }
    err = handle_add(to, kind, object, (uint32_t)a2, &handle);
    if (err) {
        if (kind == HANDLE_DOMAIN) {
            domain_put((struct domain *)object);
        }
        return hc_return(err);
    }
    return hc_return(handle);
}

struct hc_result hc_handle_close(HC_ARGS)
{
    HC_UNUSED;
    return hc_return(a0 > UINT32_MAX ? HV_ERR_HANDLE
                                     : handle_remove(current_domain(), (uint32_t)a0));
}

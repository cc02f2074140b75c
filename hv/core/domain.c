/* SPDX-License-Identifier: Apache-2.0 */
/* domain.c - see domain.h: creation, cloning, the end, and destruction in slices. */
#include "hv/domain.h"

#include "arch.h"
#include "hv/cpu.h"
#include "hv/frame.h"
#include "hv/lib.h"
#include "hv/printk.h"
#include "hv/report.h"
#include "hv/sched.h"

#define USER_CS 0x2bu /* see cpu.c: GDT */
#define USER_SS 0x23u
#define RFLAGS_FIXED 0x2ul
#define RFLAGS_IF 0x200ul
#define RFLAGS_USER 0x240dd5ul /* CF PF AF ZF SF TF DF OF AC ID: what a guest may set */
#define WEIGHT_DEFAULT 100u

static uint64_t last_id;       /* a */
static uint64_t domains_alive; /* a */

uint64_t domain_count(void)
{
    return __atomic_load_n(&domains_alive, __ATOMIC_RELAXED);
}

/* A domain's frame with everything but memory set up. */
static struct domain *domain_new(const struct hv_dom_params *params)
{
    const paddr_t pa = frame_alloc_zero();
    if (pa.v == 0) {
        return NULL;
    }
    struct domain *d = phys_to_virt(pa);
    struct vcpu *v = &d->vcpu;

    d->refs = 2;
    d->state = HV_DOM_STATE_PAUSED;
    d->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    d->caps = params->caps;
    d->port_free = PORT_NONE;
    d->pending_head = PORT_NONE;
    d->handle_count = 1;
    v->domain = d;
    v->tf.cs = USER_CS;
    v->tf.ss = USER_SS;
    v->tf.rflags = RFLAGS_FIXED | RFLAGS_IF;
    v->is_paused = true;
    v->wake_at = UINT64_MAX;
    v->weight = params->weight != 0 ? params->weight : WEIGHT_DEFAULT;
    v->cap_percent = params->cap_percent;
    fpu_init(v);
    __atomic_fetch_add(&domains_alive, 1, __ATOMIC_RELAXED);
    return d;
}

static void domain_undo(struct domain *d)
{
    __atomic_fetch_sub(&domains_alive, 1, __ATOMIC_RELAXED);
    frame_put(virt_to_phys(d));
}

static uint64_t limit_of(const struct hv_dom_params *params, uint64_t otherwise)
{
    return params->memory_pages != 0 ? params->memory_pages : otherwise;
}

enum hv_err domain_create(const struct hv_dom_params *params, struct domain **out)
{
    struct domain *d = domain_new(params);
    if (d == NULL) {
        return HV_ERR_NOMEM;
    }
    const enum hv_err err = aspace_create(&d->aspace, limit_of(params, UINT64_MAX));
    if (err) {
        domain_undo(d);
        return err;
    }
    *out = d;
    return HV_OK;
}

static void vcpu_copy(struct vcpu *to, struct vcpu *from)
{
    to->tf = from->tf;
    to->fs_base = from->fs_base;
    to->gs_base = from->gs_base;
    to->fault_entry = from->fault_entry;
    to->fault_stack = from->fault_stack;
    to->in_fault = from->in_fault;
    to->preempt_at = from->preempt_at;
    /* A copy of a vCPU that waits: its wait ends with "nothing came". */
    if (from->wait_deadline != 0) {
        to->tf.rax = 0;
        to->tf.rdx = 0;
    }
    fpu_copy(to, from);
}

enum hv_err domain_clone(struct domain *src, const struct hv_dom_params *params,
                         struct domain **out)
{
    if (src->has_devices) {
        return HV_ERR_STATE;
    }
    struct domain *d = domain_new(params);
    if (d == NULL) {
        return HV_ERR_NOMEM;
    }
    const enum hv_err err =
        aspace_clone(&src->aspace, &d->aspace, limit_of(params, src->aspace.limit));
    if (err) {
        domain_undo(d);
        return err;
    }
    if (src->state != HV_DOM_STATE_FROZEN) {
        src->vcpu.needs_flush = true;
    }
    vcpu_copy(&d->vcpu, &src->vcpu);
    if (params->flags & HV_DOM_FROZEN) {
        d->state = HV_DOM_STATE_FROZEN;
    }
    *out = d;
    return HV_OK;
}

enum hv_err domain_rollback(struct domain *d, struct domain *to)
{
    struct aspace made;
    const enum hv_err err = aspace_clone(&to->aspace, &made, d->aspace.limit);

    if (err) {
        return err;
    }
    (void)port_wait_over(d, true); /* whatever it waited for */
    sched_wake(&d->vcpu);
    aspace_move_windows(&d->aspace, &made);
    d->discarded = d->aspace;
    d->aspace = made;
    vcpu_copy(&d->vcpu, &to->vcpu);
    d->vcpu.needs_flush = true;
    return HV_OK;
}

void domain_put(struct domain *d)
{
    if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        __atomic_fetch_sub(&domains_alive, 1, __ATOMIC_RELAXED);
        frame_put(virt_to_phys(d));
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The vCPU of `d`, the running domain, stops: its watcher is told when it has. */
static void stop(struct domain *d, enum hv_dom_state state, enum hv_end_reason reason)
{
    lock_take(&d->lock);
    d->state = state;
    d->report.reason = reason;
    lock_drop(&d->lock);
    domain_get(d);
    d->vcpu.tells_stop = true;
    (void)!sched_pause(&d->vcpu, NULL);
}

void domain_stopped(struct domain *d)
{
    struct domain *watcher = __atomic_load_n(&d->end_domain, __ATOMIC_RELAXED);

    if (watcher != NULL) {
        port_raise(watcher, d->end_port, NULL, 0);
    } else {
        report_last_domain(d);
    }
    __atomic_fetch_sub(&d->vcpu.telling, 1, __ATOMIC_RELEASE);
    domain_put(d);
}

void domain_end(struct domain *d, enum hv_end_reason reason, int32_t code)
{
    d->report.code = code;
    regs_from_vcpu(&d->vcpu, &d->report.fault.regs);
    stop(d, HV_DOM_STATE_ENDED, reason);
}

void domain_await(struct domain *d, enum hv_end_reason reason)
{
    d->report.fault.address = d->aspace.wanted;
    stop(d, HV_DOM_STATE_PAUSED, reason);
    sched_run();
}

void domain_crash(struct domain *d, uint32_t vector, uint32_t error, uint64_t address,
                  enum hv_end_reason reason)
{
    struct hv_report *r = &d->report;

    r->fault.vector = vector;
    r->fault.error_code = error;
    r->fault.address = address;
    r->frame_count = report_backtrace(&d->vcpu, r->frames, HV_REPORT_FRAMES);
    domain_end(d, reason, 128 + 11);
    sched_run();
}

bool domain_destroy_slice(struct domain *d, long budget)
{
    if (d->state != DOMAIN_DESTROYED) {
        lock_take(&d->port_lock); /* no port is opened behind port_close_all() */
        d->state = DOMAIN_DESTROYED;
        lock_drop(&d->port_lock);
        sched_forget(&d->vcpu);
        port_close_all(d);
    }
    return aspace_destroy_slice(&d->discarded, budget) && aspace_destroy_slice(&d->aspace, budget);
}

void domain_drop_end(struct domain *d)
{
    struct port was;

    if (d->end_domain != NULL) {
        (void)!port_close(d->end_domain, d->end_port, &was);
        domain_put(d->end_domain);
        d->end_domain = NULL;
    }
}

/* ---- registers ------------------------------------------------------------------------------- */

/* The registers that struct hv_regs and the trap frame both have as they are. */
/* clang-format off */
#define SAME(X)                                                                                    \
    X(rax) X(rbx) X(rcx) X(rdx) X(rsi) X(rdi) X(rbp) X(rsp) X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) \
    X(r14) X(r15) X(rip)
/* clang-format on */

void regs_from_vcpu(const struct vcpu *v, struct hv_regs *regs)
{
#define FROM(name) regs->name = v->tf.name;
    SAME(FROM)
    regs->rflags = v->tf.rflags;
    regs->fs_base = v->fs_base;
    regs->gs_base = v->gs_base;
}

enum hv_err regs_check(const struct hv_regs *r)
{
    /* A non-canonical rip or base would fault in hv, at IRET or WRFSBASE. */
    return r->rip >= HV_GUEST_END || r->fs_base >= HV_GUEST_END || r->gs_base >= HV_GUEST_END
               ? HV_ERR_INVAL
               : HV_OK;
}

enum hv_err regs_to_vcpu(struct vcpu *v, const struct hv_regs *r)
{
    const enum hv_err err = regs_check(r);
    if (err) {
        return err;
    }
#define TO(name) v->tf.name = r->name;
    v->tf = (struct trap_frame){
        .rflags = (r->rflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF,
        .cs = USER_CS,
        .ss = USER_SS,
    };
    SAME(TO)
    v->fs_base = r->fs_base;
    v->gs_base = r->gs_base;
    return HV_OK;
}

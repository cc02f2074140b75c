/* SPDX-License-Identifier: Apache-2.0 */
/* hc_event.c - hypercalls on events and on the caller's own vCPU. */
#include "hv/cpu.h"
#include "hv/hc.h"
#include "hv/machine.h"
#include "hv/sched.h"

struct hc_result hc_nop(HC_ARGS)
{
    HC_UNUSED;
    return hc_return(HV_ABI_VERSION);
}

struct hc_result hc_event_wait(HC_ARGS)
{
    HC_UNUSED;
    struct vcpu *v = this_cpu()->current;
    uint32_t tag = 0;

    if (port_take(v->domain, a0, &tag)) {
        return (struct hc_result){1, tag};
    }
    if (a0 == HV_WAIT_POLL) {
        return hc_return(0);
    }
    sched_block(a0);
}

struct hc_result hc_event_send(HC_ARGS)
{
    HC_UNUSED;
    if (a0 > UINT32_MAX) {
        return hc_return(HV_ERR_NOENT);
    }
    return hc_return(port_send(current_domain(), (uint32_t)a0));
}

struct hc_result hc_event_bind(HC_ARGS)
{
    HC_UNUSED;
    struct domain *a, *b;
    uint32_t port_a, port_b;
    struct port was;

    enum hv_err err = hc_find_domain(a0, HV_RIGHT_CONNECT, true, &a)
                          ?: hc_find_domain(a2, HV_RIGHT_CONNECT, true, &b);
    if (err) {
        return hc_return(err);
    }
    if (a->state >= HV_DOM_STATE_FROZEN || b->state >= HV_DOM_STATE_FROZEN) {
        return hc_return(HV_ERR_STATE);
    }
    err = port_open(a, PORT_PEER, b, (uint32_t)a1, &port_a);
    if (err) {
        return hc_return(err);
    }
    err = port_open(b, PORT_PEER, a, (uint32_t)a3, &port_b);
    if (err) {
        (void)!port_close(a, port_a, &was);
        return hc_return(err);
    }
    port_connect(a, port_a, b, port_b);
    return (struct hc_result){port_a, port_b};
}

struct hc_result hc_event_close(HC_ARGS)
{
    HC_UNUSED;
    struct port was;

    if (a0 > UINT32_MAX) {
        return hc_return(HV_ERR_NOENT);
    }
    const enum hv_err err = port_close(current_domain(), (uint32_t)a0, &was);
    if (!err) {
        port_unbind(current_domain(), &was);
    }
    return hc_return(err);
}

struct hc_result hc_exit(HC_ARGS)
{
    HC_UNUSED;
    domain_end(current_domain(), HV_END_EXIT, (int32_t)a0);
    sched_run();
}

struct hc_result hc_yield(HC_ARGS)
{
    HC_UNUSED;
    struct vcpu *v = this_cpu()->current;

    v->tf.rax = 0;
    sched_yield();
}

struct hc_result hc_fault_handler(HC_ARGS)
{
    HC_UNUSED;
    struct vcpu *v = this_cpu()->current;

    if (a1 & 15) {
        return hc_return(HV_ERR_ALIGN);
    }
    if (a0 >= HV_GUEST_END || a1 > HV_GUEST_END || (a0 != 0 && a1 < sizeof(struct hv_fault))) {
        return hc_return(HV_ERR_RANGE);
    }
    v->fault_entry = a0;
    v->fault_stack = a1;
    v->in_fault = false;
    return hc_return(HV_OK);
}

struct hc_result hc_preempt_at(HC_ARGS)
{
    HC_UNUSED;
    struct vcpu *v = this_cpu()->current;

    if (v->fault_entry == 0) {
        return hc_return(HV_ERR_STATE);
    }
    v->preempt_at = a0;
    if (a0 != 0) {
        cpu_timer_arm(a0);
    }
    return hc_return(HV_OK);
}

struct hc_result hc_fault_return(HC_ARGS)
{
    HC_UNUSED;
    struct vcpu *v = this_cpu()->current;
    struct hv_regs regs;

    const enum hv_err err =
        copy_from_guest(&regs, (gva_t){a0}, sizeof(regs)) ?: regs_to_vcpu(v, &regs);
    if (err) {
        return hc_return(err);
    }
    v->in_fault = false;
    cpu_load_bases(v);
    arch_resume();
}

struct hc_result hc_set_fs_base(HC_ARGS)
{
    HC_UNUSED;
    struct vcpu *v = this_cpu()->current;

    if (a0 >= HV_GUEST_END) {
        return hc_return(HV_ERR_RANGE);
    }
    cpu_save_bases(v);
    v->fs_base = a0;
    cpu_load_bases(v);
    return hc_return(HV_OK);
}

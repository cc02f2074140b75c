/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trap.c - what comes in through entry.S: page faults, exceptions of guests, interrupts, and the
 * copies between hv and guests, which may fault too. Runs on the CPU's stack with interrupts off.
 */
#include "trap.h"

#include "arch.h"
#include "hv/lib.h"
#include "hv/printk.h"
#include "hv/report.h"
#include "hv/sched.h"
#include "image_map.h"

#define PUT_OFF_NS 1000000ul /* HC_PREEMPT_AT */

static uint32_t access_of(uint64_t error)
{
    return (error & PF_WRITE ? HV_PROT_WRITE : 0) | (error & PF_FETCH ? HV_PROT_EXEC : 0);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static struct route {
    struct domain *domain; /* NULL: free */
    uint32_t port;
    struct pci_device *device;
    uint32_t index;
} routes[256];
static struct lock routes_lock; /* before port_lock: a route's domain stays while it is held */
static struct route console;

uint8_t irq_alloc(struct domain *d, uint32_t port, struct pci_device *device, uint32_t index)
{
    uint32_t vector;

    lock_take(&routes_lock);
    for (vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
        if (routes[vector].domain == NULL) {
            routes[vector] = (struct route){d, port, device, index};
            break;
        }
    }
    lock_drop(&routes_lock);
    return vector <= VECTOR_DEVICE_LAST ? (uint8_t)vector : 0;
}

void irq_free(uint8_t vector)
{
    pci_msix_mask(routes[vector].device, routes[vector].index);
    lock_take(&routes_lock);
    routes[vector].domain = NULL;
    lock_drop(&routes_lock);
}

enum hv_err irq_bind_console(struct domain *d, uint32_t port)
{
    lock_take(&routes_lock);
    const bool busy = console.domain != NULL;
    if (!busy) {
        console = (struct route){d, port, NULL, 0};
    }
    lock_drop(&routes_lock);
    return busy ? HV_ERR_BUSY : HV_OK;
}

void irq_unbind_console(struct domain *d)
{
    lock_take(&routes_lock);
    if (console.domain == d) {
        console.domain = NULL;
    }
    lock_drop(&routes_lock);
}

static void interrupt(uint32_t vector)
{
    struct cpu *cpu = this_cpu();

    if (vector == VECTOR_TIMER) {
        cpu->timer_armed_ns = UINT64_MAX;
        sched_timer();
    } else if (vector == VECTOR_KICK) {
        cpu->resched = 1;
        cpu_check_unload();
    } else if (vector == VECTOR_SPURIOUS) {
        return; /* takes no EOI: SDM vol. 3A 10.9 */
    } else {
        lock_take(&routes_lock);
        const struct route *r = vector == VECTOR_SERIAL ? &console : &routes[vector];
        if (r->domain != NULL) {
            port_raise(r->domain, r->port, NULL, 0);
        }
        lock_drop(&routes_lock);
    }
    apic_eoi();
}

/* ---- exceptions of guests -------------------------------------------------------------------- */

/* Has the guest's own handler run next. False: there is none, or it is at work, or has no stack. */
static bool to_handler(struct vcpu *v, uint32_t vector, uint32_t error, uint64_t address)
{
    const gva_t at = {v->fault_stack - sizeof(struct hv_fault)};
    struct hv_fault f = {.vector = vector, .error_code = error, .address = address};

    cpu_save_bases(v);
    regs_from_vcpu(v, &f.regs);
    if (v->fault_entry == 0 || v->in_fault || copy_to_guest(at, &f, sizeof(f))) {
        return false;
    }
    v->in_fault = true;
    v->tf.rip = v->fault_entry;
    v->tf.rdi = at.v;
    v->tf.rsp = at.v - 8;
    v->tf.rbp = 0;
    v->tf.rflags &= ~0x40500ul; /* AC, DF, TF */
    return true;
}

/* Hands an exception to the guest's own handler, or ends the domain. */
static void deliver(struct vcpu *v, uint32_t vector, uint32_t error, uint64_t address,
                    enum hv_end_reason reason)
{
    if ((reason == HV_END_NOMEM && !(error & HV_FAULT_NOMEM)) ||
        !to_handler(v, vector, error, address)) {
        cpu_save_bases(v);
        domain_crash(v->domain, vector, error, address, reason);
    }
}

void cpu_preempt(struct vcpu *v)
{
    v->preempt_at = 0;
    if (!to_handler(v, HV_VECTOR_TIMER, 0, 0) && v->fault_entry != 0) {
        v->preempt_at = clock_ns() + PUT_OFF_NS;
        cpu_timer_arm(v->preempt_at);
    }
}

static void page_fault(struct vcpu *v, uint64_t address)
{
    uint64_t error = v->tf.error;
    enum hv_err err = HV_ERR_PERM;

    if (!(error & PF_RESERVED)) {
        v->fault_count++;
        err = aspace_resolve(&v->domain->aspace, (gva_t){address}, access_of(error));
        if (likely(!err)) {
            return;
        }
    }
    if ((err == HV_ERR_NOMEM || err == HV_ERR_ABSENT) && v->domain->end_domain != NULL) {
        domain_await(v->domain, err == HV_ERR_NOMEM ? HV_END_NOMEM : HV_END_ABSENT);
    }
    if (err == HV_ERR_NOMEM) { /* nobody could have it go on: it may know what to do */
        error |= HV_FAULT_NOMEM;
    }
    deliver(v, EXC_PF, (uint32_t)error, address,
            err == HV_ERR_LIMIT || err == HV_ERR_NOMEM ? HV_END_NOMEM : HV_END_FAULT);
}

void trap_guest(struct vcpu *v)
{
    const uint64_t vector = v->tf.vector;

    if (vector == EXC_PF) {
        page_fault(v, read_cr2());
    } else if (vector < 32) {
        deliver(v, (uint32_t)vector, (uint32_t)v->tf.error, 0, HV_END_FAULT);
    } else {
        interrupt((uint32_t)vector);
    }
}

/* ---- within hv ------------------------------------------------------------------------------- */

static uint64_t find_fixup(uint64_t rip)
{
    for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++) {
        if ((uint64_t)&e->fault + (uint64_t)(int64_t)e->fault == rip) {
            return (uint64_t)&e->fixup + (uint64_t)(int64_t)e->fixup;
        }
    }
    return 0;
}

static void HV_NORETURN die(const struct trap_frame *t)
{
    report_registers(t);
    backtrace_print(t->rip, t->rbp);
    panic("exception %lu in hv, error code 0x%lx, cr2 0x%lx", t->vector, t->error, read_cr2());
}

void trap_hv(struct trap_frame *t)
{
    if (t->vector >= 32) {
        interrupt((uint32_t)t->vector);
        return;
    }
    const uint64_t address = read_cr2();
    const uint64_t fixup = find_fixup(t->rip);

    if (fixup == 0) {
        die(t);
    }
    if (t->vector == EXC_PF && address < HV_GUEST_END && this_cpu()->current != NULL &&
        !aspace_resolve(&current_domain()->aspace, (gva_t){address}, access_of(t->error))) {
        return;
    }
    t->rip = fixup;
}

int trap_ist(struct trap_frame *t)
{
    if (t->vector == EXC_NMI && panic_is_active()) {
        for (;;) {
            cpu_cli();
            cpu_hlt();
        }
    }
    if (t->vector == EXC_NMI) {
        return 0; /* nobody here sends one but panic() */
    }
    if (t->vector == EXC_DB && (t->cs & 3) != 0) {
        this_cpu()->current->tf = *t;
        return 1;
    }
    die(t);
}

enum hv_err copy_from_guest(void *to, gva_t from, size_t bytes)
{
    if (from.v >= HV_GUEST_END || bytes > HV_GUEST_END - from.v) {
        return HV_ERR_FAULT;
    }
    return user_copy(to, (const void *)from.v, bytes) == 0 ? HV_OK : HV_ERR_FAULT;
}

enum hv_err copy_to_guest(gva_t to, const void *from, size_t bytes)
{
    if (to.v >= HV_GUEST_END || bytes > HV_GUEST_END - to.v) {
        return HV_ERR_FAULT;
    }
    return user_copy((void *)to.v, from, bytes) == 0 ? HV_OK : HV_ERR_FAULT;
}

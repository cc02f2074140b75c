/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.h - the per-CPU block (at GS while in hv) and what the processor layer offers the core.
 * The first fields are known to entry.S by offset.
 */
#pragma once

#include "arch.h"
#include "hv/domain.h"

struct cpu {
    struct cpu *self;     /* 0 */
    uint32_t index;       /* 8 */
    uint32_t resched;     /* 12; != 0: look at the run queue before returning to a guest */
    struct vcpu *current; /* 16; NULL while idle */
    uint64_t user_rsp;    /* 24; scratch of the SYSCALL entry */
    uint64_t stack_top;   /* 32 */
    uint64_t *top_table;  /* the CPU's own top-level page table */
    uint64_t top_table_pa;
    struct vcpu *loaded;     /* a; whose root is in top_table[0] */
    struct vcpu *entered;    /* whose segment bases are in the registers */
    struct vcpu *fpu_owner;  /* whose FPU state is in the registers; may be stale: see fpu_cpu */
    uint64_t timer_armed_ns; /* when the timer will fire, UINT64_MAX: not armed */
    uint32_t apic_id;
    uint32_t unload; /* a; != 0: another CPU wants `loaded` dropped */
    uint64_t pcid_domain_id[16];
};

_Static_assert(offsetof(struct cpu, current) == 16 && offsetof(struct cpu, stack_top) == 32,
               "entry.S");

static inline struct cpu *this_cpu(void)
{
    return arch_cpu();
}

static inline struct domain *current_domain(void)
{
    return this_cpu()->current->domain;
}

/** Block of CPU `index`; valid once it has started. */
struct cpu *cpu_get(uint32_t index);

/** Sets up the calling CPU: GDT, TSS, IDT, SYSCALL, control registers, FPU, GS. */
void cpu_init(uint32_t index);

/** Per-boot, before cpu_init(): CPU features, hypercall page. Returns the hypercall page's
 * frame. */
paddr_t cpu_init_boot(void);

/** CPUs that run the scheduler. */
uint32_t cpu_online_count(void);

/** Loads address space, FPU and segment bases of `v`, the CPU's current one from now on. */
void cpu_switch_to(struct vcpu *v);

/** Saves what cpu_switch_to() loaded. */
void cpu_switch_from(struct vcpu *v);

/** The FS and GS base of the running vCPU `v`: from the CPU to `v`, and back. */
void cpu_save_bases(struct vcpu *v);
void cpu_load_bases(const struct vcpu *v);

/** Returns to the current vCPU by its trap frame. */
void HV_NORETURN arch_resume(void);

/** The same, but lets another vCPU run first when it is time for that. */
void HV_NORETURN arch_resume_or_resched(void);

/** Has `v`, just switched to, go on in its fault handler with HV_VECTOR_TIMER; or puts that off. */
void cpu_preempt(struct vcpu *v);

/** Waits for an interrupt and handles it; the stack starts anew. */
void cpu_idle_wait(void);

/** Makes another CPU look at its run queue. */
void cpu_kick(uint32_t index);

/** Makes sure that no CPU has the tables of `v` (which does not run) loaded. False: ask again. */
bool cpu_unload(struct vcpu *v) HV_MUST_CHECK;

/** In answer to a kick: drops the loaded tables if another CPU has asked for that. */
void cpu_check_unload(void);

/** Flushes the current vCPU's translations. */
void cpu_flush_current(void);

/** Sets up the FPU area of a new vCPU. */
void fpu_init(struct vcpu *v);

/** Copies the FPU state of `from`, which is saved or running here, to `to`. */
void fpu_copy(struct vcpu *to, struct vcpu *from);

/** Sets the FPU state of a vCPU that does not run, as XSAVE wrote it; what the CPU would refuse is
 * masked. */
void fpu_set(struct vcpu *v, const uint8_t *fpu);

struct pci_device;

/** Routes a free device vector to a port of `d`, for MSI-X entry `index` of `device`. 0: none
 * free. */
uint8_t irq_alloc(struct domain *d, uint32_t port, struct pci_device *device, uint32_t index);

/** Masks the entry and frees the vector. */
void irq_free(uint8_t vector);
/** Serial input goes to this port; d NULL: to nobody. BUSY. */
enum hv_err irq_bind_console(struct domain *d, uint32_t port) HV_MUST_CHECK;
void irq_unbind_console(struct domain *d);

/** Arms the CPU's timer for `deadline_ns` unless it will fire earlier anyway. */
void cpu_timer_arm(uint64_t deadline_ns);

/**
 * Copies between hv and the running guest's memory, populating pages as needed. FAULT when a guest
 * address is not mapped or not allowed; a first part may have been copied.
 */
enum hv_err copy_from_guest(void *to, gva_t from, size_t bytes) HV_MUST_CHECK;
enum hv_err copy_to_guest(gva_t to, const void *from, size_t bytes) HV_MUST_CHECK;

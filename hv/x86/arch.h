/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch.h - all that the core needs from the processor. The host unit tests have an arch.h of their
 * own with the same contract (tests/unit/hv/fake).
 */
#pragma once

#include "cpu_ops.h"
#include "hv/machine.h"
#include "hv/types.h"

/** Where hv sees physical memory. */
static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(DIRECT_MAP_VA + pa.v);
}

/** The reverse, for addresses in the direct map. */
static inline paddr_t virt_to_phys(const void *va)
{
    return (paddr_t){(uint64_t)va - DIRECT_MAP_VA};
}

static inline void arch_pause(void)
{
    cpu_pause();
}

static inline void arch_zero_page(void *page)
{
    uint64_t count = PAGE_SIZE / 8;
    __asm__ volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ul) : "memory");
}

/* For entries of tables: unlike a loop, it costs the CPU little more than the stores. */
static inline void arch_fill(uint64_t *to, uint64_t value, uint64_t count)
{
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

static inline void arch_copy_page(void *to, const void *from)
{
    uint64_t count = PAGE_SIZE / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count)::"memory");
}

/** Forgets the translation of `va`, and all cached table pointers, in the loaded address space. */
static inline void arch_flush_page(uint64_t va)
{
    invlpg(va);
}

struct cpu;

/** The calling CPU's block (cpu.h). */
static inline struct cpu *arch_cpu(void)
{
    struct cpu *cpu;
    __asm__("movq %%gs:0, %0" : "=r"(cpu)); /* hv code never changes its CPU: not volatile */
    return cpu;
}

/** Index of the calling CPU, from its per-CPU block (cpu.h). */
static inline uint32_t arch_cpu_index(void)
{
    uint32_t index;
    __asm__("movl %%gs:8, %0" : "=r"(index));
    return index;
}

/** True when the running domain may use the last free frames (FRAME_RESERVE): hv itself, or one that
 * steers the machine. Defined in cpu.c. */
bool arch_may_use_reserve(void);

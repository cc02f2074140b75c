/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch.h - the arch contract of hv/x86/arch.h for the host, deliberately picky: physical memory is
 * an array, an address outside of it ends the test, and a free frame must not be touched.
 */
#pragma once

#include "hv/types.h"

#define FAKE_RAM_PAGES 8192u

extern unsigned char fake_ram[FAKE_RAM_PAGES * PAGE_SIZE];

/* The calling host thread's CPU. */
extern _Thread_local uint32_t fake_cpu;

/* Called while a lock is taken by another CPU; NULL: that is another thread. */
extern void (*fake_pause)(void);

/* What arch_may_use_reserve() says. */
extern bool fake_reserve;

void fake_bad_address(const char *what, uint64_t address) HV_NORETURN;
void fake_zero_page(void *page);
void fake_copy_page(void *to, const void *from);
void fake_flush_page(uint64_t va);

static inline void *phys_to_virt(paddr_t pa)
{
    if (pa.v < PAGE_SIZE || pa.v >= sizeof(fake_ram)) {
        fake_bad_address("phys_to_virt", pa.v);
    }
    return fake_ram + pa.v;
}

static inline paddr_t virt_to_phys(const void *va)
{
    const uint64_t offset = (uintptr_t)va - (uintptr_t)fake_ram;

    if (offset < PAGE_SIZE || offset >= sizeof(fake_ram)) {
        fake_bad_address("virt_to_phys", (uintptr_t)va);
    }
    return (paddr_t){offset};
}

static inline bool arch_may_use_reserve(void)
{
    return fake_reserve;
}

static inline void arch_pause(void)
{
    if (fake_pause != NULL) {
        fake_pause();
    }
    __builtin_ia32_pause();
}

static inline void arch_zero_page(void *page)
{
    fake_zero_page(page);
}

static inline void arch_fill(uint64_t *to, uint64_t value, uint64_t count)
{
    while (count-- != 0) {
        *to++ = value;
    }
}

static inline void arch_copy_page(void *to, const void *from)
{
    fake_copy_page(to, from);
}

static inline void arch_flush_page(uint64_t va)
{
    fake_flush_page(va);
}

struct cpu;
extern struct cpu *fake_cpu_block; /* tests that have a scheduler set it */

static inline struct cpu *arch_cpu(void)
{
    return fake_cpu_block;
}

static inline uint32_t arch_cpu_index(void)
{
    return fake_cpu;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apic.c - the local APIC of each CPU (SDM vol. 3A, chapter 11): x2APIC and TSC-deadline timer
 * where CPUID has them. All CPUs have the same features. Each function acts on the calling CPU
 * only.
 */
#include "apic.h"
#include "arch.h"
#include "clock.h"
#include "hv/printk.h"

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC 0x400ul
#define APIC_BASE_ENABLED 0x800ul
#define APIC_BASE_ADDRESS 0x000ffffffffff000ul
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC 0x800 /* + register / 16 */

#define REG_ID 0x20
#define REG_TASK_PRIORITY 0x80
#define REG_EOI 0xb0
#define REG_SPURIOUS 0xf0
#define REG_ICR 0x300
#define REG_ICR_HIGH 0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE 0x3e0

#define SPURIOUS_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_TSC_DEADLINE 0x40000u
#define DIVIDE_BY_16 0x3u
#define ICR_NMI 0x400u
#define ICR_INIT 0x500u
#define ICR_STARTUP 0x600u
#define ICR_PENDING 0x1000u
#define ICR_ASSERT 0x4000u
#define ICR_ALL_OTHERS 0xc0000u

/* The timer is measured until its rate is known to 1/PRECISION: the core looks at the clock
 * anyway. */
#define MEASURE_MIN_NS 50000u
#define MEASURE_MAX_NS 5000000u
#define PRECISION 2000u
#define SAMPLE_TRIES 5u
#define SHIFT 32

static volatile uint8_t *registers; /* xAPIC; the same address on every CPU */
static bool ready, has_x2apic, has_tsc_deadline;
static uint64_t ticks_per_ns; /* << SHIFT */

static uint32_t reg_read(uint32_t reg)
{
    if (has_x2apic) {
        return (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
    }
    return *(volatile uint32_t *)(registers + reg);
}

static void reg_write(uint32_t reg, uint32_t value)
{
    if (has_x2apic) {
        wrmsr(MSR_X2APIC + reg / 16, value);
    } else {
        *(volatile uint32_t *)(registers + reg) = value;
    }
}

static void icr_write(uint32_t id, uint32_t command)
{
    if (has_x2apic) {
        /* Unlike a store, WRMSR to the x2APIC does not wait for earlier stores to be visible. */
        __asm__ volatile("mfence; lfence" ::: "memory");
        wrmsr(MSR_X2APIC + REG_ICR / 16, (uint64_t)id << 32 | command);
        return;
    }
    while ((reg_read(REG_ICR) & ICR_PENDING) != 0) {
        cpu_pause();
    }
    reg_write(REG_ICR_HIGH, id << 24);
    reg_write(REG_ICR, command);
}

static void find_features(void)
{
    const struct cpuid_result r = cpuid(1, 0);
    has_x2apic = (r.ecx & 1u << 21) != 0;
    has_tsc_deadline = (r.ecx & 1u << 24) != 0;
    if (!has_x2apic) {
        registers = mmio_map((paddr_t){rdmsr(MSR_APIC_BASE) & APIC_BASE_ADDRESS}, PAGE_SIZE);
    }
}

struct timer_sample {
    uint64_t ns, uncertainty_ns;
    uint32_t count;
};

/* Counter and clock at the same time: the best of some tries, as the first ones run uncached. */
static struct timer_sample timer_sample(void)
{
    struct timer_sample best = {.uncertainty_ns = UINT64_MAX};
    for (uint32_t i = 0; i < SAMPLE_TRIES; i++) {
        const uint64_t before = clock_ns();
        const uint32_t count = reg_read(REG_TIMER_CURRENT);
        const uint64_t ns = clock_ns() - before;
        if (ns < best.uncertainty_ns) {
            best = (struct timer_sample){before + ns / 2, ns, count};
        }
    }
    return best;
}

static void measure_timer(void)
{
    struct timer_sample last;
    reg_write(REG_TIMER_INITIAL, UINT32_MAX);
    const struct timer_sample first = timer_sample();
    uint64_t ns;
    do {
        cpu_pause();
        last = timer_sample();
        ns = last.ns - first.ns;
    } while (
        ns < MEASURE_MIN_NS ||
        (ns < MEASURE_MAX_NS && ns < (first.uncertainty_ns + last.uncertainty_ns) * PRECISION));
    reg_write(REG_TIMER_INITIAL, 0);
    ticks_per_ns = ((uint64_t)(first.count - last.count) << SHIFT) / ns;
    if (ticks_per_ns == 0) {
        panic("apic: the timer of the local APIC does not count");
    }
}

void apic_init_cpu(void)
{
    const bool is_first = !ready;
    if (is_first) {
        find_features();
    }
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLED;
    wrmsr(MSR_APIC_BASE, base);
    if (has_x2apic) {
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    }
    reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    reg_write(REG_TASK_PRIORITY, 0);
    reg_write(REG_LVT_LINT0, LVT_MASKED);
    reg_write(REG_LVT_LINT1, LVT_MASKED);
    reg_write(REG_LVT_ERROR, LVT_MASKED);
    reg_write(REG_LVT_TIMER, LVT_MASKED);
    reg_write(REG_TIMER_DIVIDE, DIVIDE_BY_16);
    if (is_first) {
        ready = true;
        if (!has_tsc_deadline) {
            measure_timer();
        }
    }
    reg_write(REG_LVT_TIMER, VECTOR_TIMER | (has_tsc_deadline ? LVT_TSC_DEADLINE : 0));
    __asm__ volatile("mfence" ::: "memory"); /* the mode before the first deadline */
}

uint32_t apic_id(void)
{
    if (!ready) { /* a panic at an early time, and the MADT */
        const bool has_leaf_b = cpuid(0, 0).eax >= 0xb && cpuid(0xb, 0).ebx != 0;
        return has_leaf_b ? cpuid(0xb, 0).edx : cpuid(1, 0).ebx >> 24;
    }
    return has_x2apic ? reg_read(REG_ID) : reg_read(REG_ID) >> 24;
}

void apic_eoi(void)
{
    reg_write(REG_EOI, 0);
}

void apic_timer_set(uint64_t deadline_ns)
{
    if (has_tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, deadline_ns == UINT64_MAX ? 0 : clock_ns_to_tsc(deadline_ns));
        return;
    }
    if (deadline_ns == UINT64_MAX) {
        reg_write(REG_TIMER_INITIAL, 0);
        return;
    }
    /* A deadline beyond the counter's range comes early: the core looks at the clock again. */
    const uint64_t now = clock_ns();
    const uint64_t ns = deadline_ns > now ? deadline_ns - now : 0;
    const unsigned __int128 ticks = (unsigned __int128)ns * ticks_per_ns >> SHIFT;
    reg_write(REG_TIMER_INITIAL, ticks >= UINT32_MAX ? UINT32_MAX : (uint32_t)ticks + 1);
}

void apic_send_ipi(uint32_t id, uint8_t vector)
{
    icr_write(id, vector | ICR_ASSERT);
}

void apic_nmi_others(void)
{
    if (ready) {
        icr_write(0, ICR_NMI | ICR_ASSERT | ICR_ALL_OTHERS);
    }
}

void apic_send_init(uint32_t id)
{
    icr_write(id, ICR_INIT | ICR_ASSERT);
}

void apic_send_startup(uint32_t id, uint8_t page)
{
    icr_write(id, ICR_STARTUP | ICR_ASSERT | page);
}

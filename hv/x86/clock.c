/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - monotonic time from the TSC, and the time page that every domain sees. The TSC's rate
 * comes from CPUID leaf 0x15 (SDM vol. 3B, 19.7.3) or is measured against the HPET (IA-PC HPET
 * 1.0a) or the ACPI PM timer. The TSCs of all CPUs are taken to be equal, as firmware leaves them.
 */
#include "clock.h"
#include "acpi.h"
#include "arch.h"
#include "hv/lib.h"
#include "hv/printk.h"

#define SHIFT 32
#define NS_PER_S 1000000000ul
#define FS_PER_S 1000000000000000ul

#define HPET_BYTES 0x400
#define HPET_CAPABILITIES 0x00
#define HPET_CONFIG 0x10
#define HPET_COUNTER 0xf0
#define HPET_PERIOD_MAX_FS 100000000u
#define PM_TIMER_HZ 3579545u

/* Measure until what we do not know (when exactly the other clock was read, and its resolution) is
 * below 1/PRECISION of the time, but not longer than MEASURE_MAX_NS. */
#define MEASURE_MAX_NS 20000000u
#define PRECISION 20000u
#define READ_TRIES 5u

/* The clock that we measure against: counts up and wraps at `mask`. */
struct reference {
    volatile uint32_t *hpet; /* its counter, or NULL: PM timer */
    uint64_t hz;
    uint32_t mask;
};

struct reading {
    uint64_t tsc; /* in the middle of the read */
    uint64_t uncertainty;
    uint32_t count;
};

static struct hv_time_page *page;
static paddr_t page_pa;
static uint64_t tsc_per_ns; /* << SHIFT */

/* a * b / c with 128 bits between; the result must fit. */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t high;
    __asm__("mulq %[b]\n divq %[c]" : "+a"(a), "=&d"(high) : [b] "r"(b), [c] "r"(c) : "cc");
    return a;
}

static struct reference reference_find(void)
{
    if (acpi.hpet.v != 0) {
        volatile uint8_t *hpet = mmio_map(acpi.hpet, HPET_BYTES);
        const uint32_t period_fs = *(volatile uint32_t *)(hpet + HPET_CAPABILITIES + 4);
        if (period_fs != 0 && period_fs <= HPET_PERIOD_MAX_FS) {
            *(volatile uint32_t *)(hpet + HPET_CONFIG) |= 1; /* count */
            return (struct reference){.hpet = (volatile uint32_t *)(hpet + HPET_COUNTER),
                                      .hz = FS_PER_S / period_fs,
                                      .mask = UINT32_MAX};
        }
    }
    if (acpi.pm_timer.port == 0 && acpi.pm_timer.memory == NULL) {
        panic("clock: the machine has neither HPET nor PM timer, and CPUID tells no TSC rate");
    }
    return (struct reference){.hz = PM_TIMER_HZ,
                              .mask = acpi.pm_timer_is_32_bit ? UINT32_MAX : 0xffffff};
}

static struct reading reference_read(const struct reference *r)
{
    struct reading best = {.uncertainty = UINT64_MAX};
    for (uint32_t i = 0; i < READ_TRIES; i++) {
        const uint64_t before = rdtsc();
        const uint32_t count = r->hpet != NULL ? *r->hpet : acpi_register_read(&acpi.pm_timer);
        const uint64_t after = rdtsc();
        if (after - before < best.uncertainty) {
            best = (struct reading){before + (after - before) / 2, after - before, count};
        }
    }
    return best;
}

static uint64_t measure_tsc_hz(void)
{
    const struct reference r = reference_find();
    const struct reading first = reference_read(&r);
    for (;;) {
        const struct reading now = reference_read(&r);
        const uint64_t ticks = (now.count - first.count) & r.mask;
        const uint64_t ns = ticks * NS_PER_S / r.hz; /* fits: at most some 10^8 ticks */
        const uint64_t tsc = now.tsc - first.tsc;
        if (ticks == 0) {
            continue;
        }
        const uint64_t unknown = now.uncertainty + first.uncertainty + tsc / ticks;
        if (ns > MEASURE_MAX_NS || unknown * PRECISION < tsc) {
            return mul_div(tsc, r.hz, ticks);
        }
        cpu_pause();
    }
}

static uint64_t cpuid_tsc_hz(void)
{
    if (cpuid(0, 0).eax < 0x15) {
        return 0;
    }
    const struct cpuid_result r = cpuid(0x15, 0);
    return r.eax == 0 ? 0 : (uint64_t)r.ecx * r.ebx / r.eax;
}

/* ---- the CMOS clock (Motorola MC146818A) ----------------------------------------------------- */

struct cmos_time {
    uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t cmos_read(uint8_t index)
{
    outb(0x70, index);
    return inb(0x71);
}

static uint32_t cmos_number(uint8_t value, uint8_t format)
{
    const bool is_binary = (format & 0x04) != 0;
    return is_binary ? value : (value >> 4) * 10u + (value & 15u);
}

static struct cmos_time cmos_sample(void)
{
    for (uint32_t i = 0; i < 100000 && (cmos_read(0x0a) & 0x80) != 0; i++) {
        cpu_pause(); /* being updated: takes 2 ms at most */
    }
    return (struct cmos_time){
        cmos_read(0),
        cmos_read(2),
        cmos_read(4),
        cmos_read(7),
        cmos_read(8),
        cmos_read(9),
        acpi.century_register != 0 ? cmos_read(acpi.century_register) : 0,
    };
}

/* Days since 1970-01-01 in the Gregorian calendar; years that begin in March put the leap day
 * last. */
static uint64_t days_since_epoch(uint32_t year, uint32_t month, uint32_t day)
{
    const uint32_t y = month <= 2 ? year - 1 : year;
    const uint32_t m = month <= 2 ? month + 9 : month - 3;
    const uint32_t day_of_year = (153 * m + 2) / 5 + day - 1;
    return 365ul * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static uint64_t cmos_wall_ns(void)
{
    struct cmos_time t = cmos_sample(), again = cmos_sample();
    for (uint32_t i = 0; i < 5 && memcmp(&t, &again, sizeof(t)) != 0; i++) {
        t = again;
        again = cmos_sample();
    }
    const uint8_t format = cmos_read(0x0b);
    const bool is_pm = (format & 0x02) == 0 && (t.hour & 0x80) != 0;
    uint32_t hour = cmos_number(t.hour & 0x7f, format);
    if ((format & 0x02) == 0) {
        hour = hour % 12 + (is_pm ? 12 : 0);
    }
    const uint32_t century = t.century != 0 ? cmos_number(t.century, format) : 20;
    const uint32_t year = century * 100 + cmos_number(t.year, format);
    const uint32_t month = cmos_number(t.month, format), day = cmos_number(t.day, format);
    if (year < 1970 || month - 1 > 11 || day - 1 > 30) {
        return 0; /* flat battery, or no such clock */
    }
    const uint64_t minutes =
        (days_since_epoch(year, month, day) * 24 + hour) * 60 + cmos_number(t.minute, format);
    return (minutes * 60 + cmos_number(t.second, format)) * NS_PER_S;
}

/* ---- public
 * -------------------------------------------------------------------------------------- */

void clock_init(const struct boot_info *info)
{
    uint64_t hz = cpuid_tsc_hz();
    if (hz == 0) {
        hz = measure_tsc_hz();
    }
    page_pa = bootmem_alloc(PAGE_SIZE);
    page = phys_to_virt(page_pa);
    page->shift = SHIFT;
    page->mult = (NS_PER_S << SHIFT) / hz;
    page->tsc_khz = hz / 1000;
    page->wall_base_ns = info->wall_ns != 0 ? info->wall_ns : cmos_wall_ns();
    page->tsc_base = rdtsc();
    tsc_per_ns = mul_div(hz, 1ul << SHIFT, NS_PER_S);
}

uint64_t clock_ns(void)
{
    const uint64_t tsc = rdtsc() - page->tsc_base;
    return (uint64_t)((unsigned __int128)tsc * page->mult >> SHIFT);
}

uint64_t clock_ns_to_tsc(uint64_t ns)
{
    const unsigned __int128 tsc = (unsigned __int128)ns * tsc_per_ns >> SHIFT;
    return tsc > UINT64_MAX - page->tsc_base ? UINT64_MAX : page->tsc_base + (uint64_t)tsc;
}

void clock_delay_us(uint64_t us)
{
    const uint64_t end = clock_ns() + us * 1000;
    while (clock_ns() < end) {
        cpu_pause();
    }
}

uint64_t clock_tsc_khz(void)
{
    return page->tsc_khz;
}

paddr_t clock_time_page(void)
{
    return page_pa;
}

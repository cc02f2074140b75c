/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time without a hypercall: the TSC scaled as the time page says. */
#pragma once

#include <stdint.h>

#include "mayfly/abi.h"

#define MF_NEVER UINT64_MAX /* a deadline that does not come; equals HV_WAIT_FOREVER */
#define MF_NS_PER_S UINT64_C(1000000000)
#define MF_NS_PER_MS UINT64_C(1000000)

/** Monotonic time in ns since the machine's boot, as hypercall deadlines use it. */
static inline uint64_t mf_clock_ns(void)
{
    const volatile struct hv_time_page *page =
        (const volatile struct hv_time_page *)(uintptr_t)HV_TIME_PAGE;
    uint64_t ns;
    uint32_t seq;
    do {
        seq = page->seq;
        __asm__ volatile("lfence" ::: "memory");
        const uint64_t ticks = __builtin_ia32_rdtsc() - page->tsc_base;
        ns = (uint64_t)(((unsigned __int128)ticks * page->mult) >> page->shift);
        __asm__ volatile("" ::: "memory");
    } while ((seq & 1) != 0 || seq != page->seq);
    return ns;
}

/** Nanoseconds since 1970-01-01 UTC. */
static inline uint64_t mf_clock_wall_ns(void)
{
    const volatile struct hv_time_page *page =
        (const volatile struct hv_time_page *)(uintptr_t)HV_TIME_PAGE;
    return page->wall_base_ns + mf_clock_ns();
}

/** now + ns, or MF_NEVER where that does not fit. */
static inline uint64_t mf_clock_deadline(uint64_t ns)
{
    const uint64_t now = mf_clock_ns();
    return ns > MF_NEVER - now ? MF_NEVER : now + ns;
}

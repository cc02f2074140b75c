/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time without a hypercall: the TSC scaled as the time page says. */
#pragma once

#include <stdint.h>

#include "mayfly/abi.h"
#include "mayfly/info.h"

#define MF_NEVER UINT64_MAX /* a deadline that does not come; equals HV_WAIT_FOREVER */
#define MF_NS_PER_S UINT64_C(1000000000)
#define MF_NS_PER_MS UINT64_C(1000000)

/** Time in ns since the machine's boot, as hypercall deadlines use it. */
static inline uint64_t mf_clock_machine_ns(void)
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

/* A guest that was saved and restored on a machine that booted later goes on in its own time. */
static inline uint64_t mf_clock_offset_ns(void)
{
    return ((const volatile struct mf_info *)(uintptr_t)HV_INFO_PAGE)->clock_offset_ns;
}

/** Monotonic time in ns: never less than it was, also where the machine's is. */
static inline uint64_t mf_clock_ns(void)
{
    return mf_clock_machine_ns() + mf_clock_offset_ns();
}

/** A deadline of ours (MF_NEVER, 0: at once) as one for a hypercall. */
static inline uint64_t mf_clock_machine_deadline(uint64_t deadline_ns)
{
    const uint64_t machine_ns = deadline_ns - mf_clock_offset_ns();
    if (deadline_ns == MF_NEVER || deadline_ns == 0) {
        return deadline_ns;
    }
    return (int64_t)machine_ns < 0 ? 0 : machine_ns;
}

/** Nanoseconds since 1970-01-01 UTC. */
static inline uint64_t mf_clock_wall_ns(void)
{
    const volatile struct hv_time_page *page =
        (const volatile struct hv_time_page *)(uintptr_t)HV_TIME_PAGE;
    return page->wall_base_ns + mf_clock_machine_ns();
}

/** now + ns, or MF_NEVER where that does not fit. */
static inline uint64_t mf_clock_deadline(uint64_t ns)
{
    const uint64_t now = mf_clock_ns();
    return ns > MF_NEVER - now ? MF_NEVER : now + ns;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - spin locks, and the one order in which they are taken. hv runs with interrupts off, so
 * no lock needs to mask them; nothing sleeps with a lock held; no lock is held on return to a
 * guest.
 *
 * Order (a lock further down may be taken while one above it is held, never the other way round):
 *   1 domain.lock      control operations; two domains: lower address first
 *   2 routes           interrupts of devices; then domain.port_lock: ports and pending events of one
 *                      domain
 *   3 cpu.run.lock     run queue and timers of one CPU
 *   4 frame pool, serial line
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"

struct lock {
    uint32_t taken;
};

static HV_ALWAYS_INLINE bool lock_try(struct lock *l)
{
    return __atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE) == 0;
}

static HV_ALWAYS_INLINE void lock_take(struct lock *l)
{
    while (!lock_try(l)) {
        arch_pause();
    }
}

static inline void lock_drop(struct lock *l)
{
    __atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

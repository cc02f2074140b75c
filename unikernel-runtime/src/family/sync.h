/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - the objects of <pthread.h> and <semaphore.h> as processes share them (shared.h). They have
 * the sizes and fields of the ones in thread/, of which other functions are in the place of those of
 * the same name: one that is not marked as shared is left to these.
 *
 * What more than one thread changes is one word of 64 bits, so that a process can die anywhere:
 *
 *   semaphore   value | SHARED in the high half
 *   mutex       the thread that has it (mf_shared_self()), or FREE; in __owner
 *   condition   a count of signals; in __waiters.__first
 *   barrier     count | round << 32; in __waiters.__first
 *   rwlock      how many read, or that one writes; in __waiters.__first
 *   spin lock   as in thread/, but atomic: always
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "family/shared.h"
#include "mayfly/abi.h"

/* In mutex.c's __type; others have it where it says. */
#define MF_SYNC_MUTEX 0x800u

/**
 * Whether an object that is initialised so is to be a shared one: those in shared memory are always, as
 * others of them could be used by one process only, and would be corrupt if two did.
 */
static inline bool mf_sync_is_shared(const void *object, bool is_asked_for)
{
    return is_asked_for || mf_is_shared_va((uintptr_t)object);
}

static inline uint64_t mf_sync_get(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* Makes it `to` if it is *from; else *from is what it is. */
static inline bool mf_sync_change(uint64_t *word, uint64_t *from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

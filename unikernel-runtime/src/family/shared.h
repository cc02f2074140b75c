/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared.h - memory that processes of a family share, and how their threads wait there for each other.
 * Like all of this folder it is there in programs that fork only.
 *
 * Shared memory is memory of windows (mayfly/family.h): dom0 hands out areas of it, each at one address
 * for all processes. Anonymous shared mappings are such areas, and so are the contents of files that
 * are mapped shared. Where there is no dom0, or nothing may be forked, they are private memory.
 *
 * A word of 64 bits in it is waited for by its value: mf_shared_wait() ends when it is another one. Who
 * changes it says so with mf_shared_wake(). Nothing is said about who goes first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "mayfly/family.h"

/* ---- memory (areas.c) -------------------------------------------------------------------------- */

static inline bool mf_is_shared_va(uint64_t va)
{
    return va >= MF_MEMORY_VA && va < MF_MEMORY_END;
}

/**
 * Asks dom0 for an area: op is MF_MEMORY_MAKE or _FILE, bytes a multiple of the page size. Returns 0 and
 * its address, or HV_ERR_*: NOSYS where memory cannot be shared. It reads as zero.
 */
int64_t mf_shared_make(uint32_t op, uint64_t bytes, uint64_t *va);

/**
 * [va, va + bytes) is mapped here: an area of this process, or (is_file) a part of a file that is another
 * process's. Returns false: no memory.
 */
bool mf_shared_note(uint64_t va, uint64_t bytes, bool is_file);

/**
 * [va, end) is not mapped any more; what is mapped nowhere else here is given back. Where several mappings
 * of a file have the same addresses, one of them goes. Returns false: no memory for what is left.
 */
bool mf_shared_unmap(uint64_t va, uint64_t end);

/** Whether the range lies in areas of this process. */
bool mf_shared_is_mapped(uint64_t va, uint64_t bytes);

/* ---- waiting (wait.c) --------------------------------------------------------------------------- */

/**
 * Blocks while *word is `seen`, as mf_thread_block() does: 0 (maybe for no reason), -ETIMEDOUT, -EINTR.
 * kind: MF_WAIT_*.
 */
int mf_shared_wait(uint64_t *word, uint64_t seen, uint64_t deadline_ns, unsigned int kind);

/**
 * Likewise, and while no process has ended since mf_shared_ends() was `ends`: for who found somebody
 * alive, who may not be any more.
 */
int mf_shared_wait_since(uint64_t *word, uint64_t seen, uint64_t ends, uint64_t deadline_ns,
                         unsigned int kind);
uint64_t mf_shared_ends(const uint64_t *word);

/** *word was changed: who waits for that looks at it again, in all processes. */
void mf_shared_wake(uint64_t *word);

/** For a poller's prepare(): the process is woken when *word, if it is shared memory, is changed from now on. */
void mf_shared_expect(const uint64_t *word);

/** Who the calling thread is, in the family: never 0, never the same twice. */
uint64_t mf_shared_self(void);

/** Whether the process of a thread that once was mf_shared_self() has ended. Of shared memory only. */
bool mf_shared_is_dead(uint64_t thread);

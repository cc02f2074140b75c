/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - the byte rings of a console (struct mf_ring), either end. The other side may write
 * anything into the shared indices: they are read once, and a nonsensical fill level counts as full
 * for the writer, as a full ring of whatever is there for the reader. `data` and `bytes` (a power
 * of two) come from the caller, who checked them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mayfly/info.h"

/** Bytes that can be read now. */
static inline uint32_t mf_ring_used(const volatile struct mf_ring *r, uint32_t bytes)
{
    const uint32_t used =
        __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
    return used > bytes ? bytes : used;
}

/** Copies up to `count` bytes in. Returns how many: fewer when the ring is full then. */
static inline size_t mf_ring_write(volatile struct mf_ring *r, char *data, uint32_t bytes,
                                   const void *from, size_t count)
{
    const uint32_t room = bytes - mf_ring_used(r, bytes);
    const uint32_t head = r->head;
    const uint32_t n = count < room ? (uint32_t)count : room;
    const uint32_t at = head & (bytes - 1);
    const uint32_t first = n < bytes - at ? n : bytes - at;
    memcpy(data + at, from, first);
    memcpy(data, (const char *)from + first, n - first);
    __atomic_store_n(&r->head, head + n, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return n;
}

/** Copies up to `count` bytes out. Returns how many. */
static inline size_t mf_ring_read(volatile struct mf_ring *r, const char *data, uint32_t bytes,
                                  void *to, size_t count)
{
    const uint32_t used = mf_ring_used(r, bytes);
    const uint32_t tail = r->tail;
    const uint32_t n = count < used ? (uint32_t)count : used;
    const uint32_t at = tail & (bytes - 1);
    const uint32_t first = n < bytes - at ? n : bytes - at;
    memcpy(to, data + at, first);
    memcpy((char *)to + first, data, n - first);
    __atomic_store_n(&r->tail, tail + n, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return n;
}

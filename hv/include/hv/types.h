/* SPDX-License-Identifier: Apache-2.0 */
/* types.h - address kinds as types, sizes, and the attributes that hv uses everywhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mayfly/abi.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE 0x1000ul
#define HUGE_SIZE 0x200000ul
#define CPUS_MAX 64

/* A physical (machine) address. Its own type, so that nobody follows it without phys_to_virt(). */
typedef struct {
    uint64_t v;
} paddr_t;

/* A guest virtual address. Only usercopy.h reads or writes there. */
typedef struct {
    uint64_t v;
} gva_t;

#define HV_ALWAYS_INLINE inline __attribute__((always_inline))
#define HV_MUST_CHECK __attribute__((warn_unused_result))
#define HV_NORETURN __attribute__((noreturn))
#define HV_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

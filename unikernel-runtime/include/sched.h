/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h - newlib's, and what it declares for systems with priorities only. There is one policy,
 * SCHED_OTHER, with one priority, 0; setting another one fails with EINVAL or ENOTSUP.
 */
#pragma once

#include_next <sched.h>

#include <sys/cdefs.h>

#define SCHED_BATCH 3
#define SCHED_IDLE 5

#if __GNU_VISIBLE && !defined(CPU_SETSIZE)
/* A guest has one processor, number 0. */
#define CPU_SETSIZE 1024
typedef struct {
    unsigned long __bits[CPU_SETSIZE / 64];
} cpu_set_t;

#define CPU_ZERO(set) ((void)(*(set) = (cpu_set_t){{0}}))
#define CPU_SET(cpu, set) ((void)((set)->__bits[(cpu) / 64] |= 1ul << (cpu) % 64))
#define CPU_CLR(cpu, set) ((void)((set)->__bits[(cpu) / 64] &= ~(1ul << (cpu) % 64)))
#define CPU_ISSET(cpu, set) ((int)((set)->__bits[(cpu) / 64] >> (cpu) % 64 & 1))
#define CPU_COUNT(set) __sched_cpu_count(sizeof(cpu_set_t), set)
#define CPU_COUNT_S(bytes, set) __sched_cpu_count(bytes, set)
#define CPU_EQUAL(a, b) (__builtin_memcmp(a, b, sizeof(cpu_set_t)) == 0)
#endif

__BEGIN_DECLS
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_getscheduler(pid_t pid);
int sched_rr_get_interval(pid_t pid, struct timespec *interval);
int sched_setparam(pid_t pid, const struct sched_param *param);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
#if __GNU_VISIBLE
int __sched_cpu_count(size_t bytes, const cpu_set_t *set);
int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set);
/* EINVAL: processor 0 is not in the set. */
int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *set);
#endif
__END_DECLS

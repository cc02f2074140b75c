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

__BEGIN_DECLS
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_getscheduler(pid_t pid);
int sched_rr_get_interval(pid_t pid, struct timespec *interval);
int sched_setparam(pid_t pid, const struct sched_param *param);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
__END_DECLS

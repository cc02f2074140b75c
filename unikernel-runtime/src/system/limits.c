/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - what the system has and allows: sysconf(), resource limits and use. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "mayfly/hypercall.h"
#include "start/info.h"
#include "start/link.h"
#include "system/identity.h"
#include "time/clock.h"

#define CLOCK_TICKS 100 /* per second, for times() */

static long memory_pages(void)
{
    const uint64_t bytes = mf_info()->memory_bytes;
    return bytes == 0 ? -1 : (long)(bytes / HV_PAGE_BYTES);
}

static long resident_pages(void)
{
    struct hv_dom_info info;
    return hv_dom_info(HV_SELF, &info) < 0 ? 0 : (long)info.resident_pages;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE:
        return HV_PAGE_BYTES;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return 1;
    case _SC_OPEN_MAX:
        return mf_fds.limit;
    case _SC_CLK_TCK:
        return CLOCK_TICKS;
    case _SC_PHYS_PAGES:
        return memory_pages();
    case _SC_AVPHYS_PAGES:
        return memory_pages() < 0 ? -1 : memory_pages() - resident_pages();
    case _SC_IOV_MAX:
        return IOV_MAX;
    case _SC_HOST_NAME_MAX:
        return 63;
    case _SC_ARG_MAX: /* start.c */
        return 16384;
    case _SC_NGROUPS_MAX:
        return MF_GROUPS_MAX;
    case _SC_CHILD_MAX:
        return 0;
    case _SC_LINE_MAX:
        return 2048;
    case _SC_LOGIN_NAME_MAX:
    case _SC_TTY_NAME_MAX:
        return 32;
    case _SC_STREAM_MAX:
        return mf_fds.limit;
    case _SC_SYMLOOP_MAX:
        return 8;
    case _SC_TZNAME_MAX:
        return 10;
    case _SC_RE_DUP_MAX:
        return 255;
    case _SC_ATEXIT_MAX:
        return INT_MAX;
    case _SC_BARRIERS:
    case _SC_CLOCK_SELECTION:
    case _SC_CPUTIME:
    case _SC_READER_WRITER_LOCKS:
    case _SC_REALTIME_SIGNALS:
    case _SC_SEMAPHORES:
    case _SC_SPIN_LOCKS:
    case _SC_THREADS:
    case _SC_THREAD_ATTR_STACKADDR:
    case _SC_THREAD_ATTR_STACKSIZE:
    case _SC_THREAD_CPUTIME:
    case _SC_THREAD_PROCESS_SHARED:
    case _SC_THREAD_SAFE_FUNCTIONS:
    case _SC_TIMEOUTS:
    case _SC_TIMERS:
    case _SC_MONOTONIC_CLOCK:
    case _SC_MAPPED_FILES:
    case _SC_FSYNC:
    case _SC_VERSION:
        return 200809;
    case _SC_THREAD_STACK_MIN:
        return PTHREAD_STACK_MIN;
    case _SC_THREAD_KEYS_MAX:
        return PTHREAD_KEYS_MAX;
    case _SC_THREAD_DESTRUCTOR_ITERATIONS:
        return PTHREAD_DESTRUCTOR_ITERATIONS;
    case _SC_RTSIG_MAX:
        return SIGRTMAX - SIGRTMIN + 1;
    case _SC_SIGQUEUE_MAX:
        return SIGQUEUE_MAX;
    case _SC_TIMER_MAX:
        return TIMER_MAX;
    case _SC_DELAYTIMER_MAX:
        return DELAYTIMER_MAX;
    case _SC_SEM_NSEMS_MAX:
        return SEM_NSEMS_MAX;
    case _SC_SEM_VALUE_MAX:
        return SEM_VALUE_MAX;
    case _SC_THREAD_THREADS_MAX: /* no limit but memory */
    case _SC_PRIORITY_SCHEDULING:
    case _SC_THREAD_PRIORITY_SCHEDULING:
    case _SC_THREAD_PRIO_INHERIT:
    case _SC_THREAD_PRIO_PROTECT:
        return -1;
    case _SC_GETPW_R_SIZE_MAX:
    case _SC_GETGR_R_SIZE_MAX:
        return 1024;
    default:
        errno = EINVAL;
        return -1;
    }
}

int getpagesize(void)
{
    return HV_PAGE_BYTES;
}

int getrlimit(int resource, struct rlimit *limit)
{
    const uint64_t memory = mf_info()->memory_bytes;
    rlim_t most = RLIM_INFINITY;
    switch (resource) {
    case RLIMIT_NOFILE:
        *limit = (struct rlimit){(rlim_t)mf_fds.limit, MF_FD_LIMIT};
        return 0;
    case RLIMIT_DATA:
    case RLIMIT_AS:
        most = memory == 0 ? RLIM_INFINITY : memory;
        break;
    case RLIMIT_STACK:
        most = (rlim_t)(__stack_top - __stack_bottom);
        break;
    case RLIMIT_CORE:
        most = 0;
        break;
    case RLIMIT_CPU:
    case RLIMIT_FSIZE:
        break;
    default:
        return (int)mf_ret(-EINVAL);
    }
    *limit = (struct rlimit){most, most};
    return 0;
}

/* Only the number of descriptors can be set; other limits accept what does not lower them. */
int setrlimit(int resource, const struct rlimit *limit)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) {
        return -1;
    }
    if (limit->rlim_cur > limit->rlim_max) {
        return (int)mf_ret(-EINVAL);
    }
    if (limit->rlim_max > now.rlim_max) {
        return (int)mf_ret(-EPERM);
    }
    if (resource == RLIMIT_NOFILE) {
        mf_fds.limit = (int)limit->rlim_cur;
        return 0;
    }
    return (int)mf_ret(limit->rlim_cur < now.rlim_cur ? -EINVAL : 0);
}

int getrusage(int who, struct rusage *usage)
{
    struct hv_dom_info info = {0};
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN) {
        return (int)mf_ret(-EINVAL);
    }
    *usage = (struct rusage){0};
    if (who == RUSAGE_SELF && hv_dom_info(HV_SELF, &info) >= 0) {
        usage->ru_utime.tv_sec = (time_t)(info.cpu_ns / MF_NS_PER_S);
        usage->ru_utime.tv_usec = (suseconds_t)(info.cpu_ns % MF_NS_PER_S / 1000);
        usage->ru_maxrss = (long)(info.resident_pages * (HV_PAGE_BYTES / 1024));
        usage->ru_minflt = (long)info.fault_count;
    }
    return 0;
}

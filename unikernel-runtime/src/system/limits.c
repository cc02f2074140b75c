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
#include "process/process.h"
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

/* What does not change; -1: no limit, or an option that is not there. */
static const struct {
    short name;
    int value;
} constants[] = {
    {_SC_PAGESIZE, HV_PAGE_BYTES},
    {_SC_NPROCESSORS_CONF, 1},
    {_SC_NPROCESSORS_ONLN, 1},
    {_SC_CLK_TCK, CLOCK_TICKS},
    {_SC_IOV_MAX, IOV_MAX},
    {_SC_AIO_LISTIO_MAX, AIO_LISTIO_MAX},
    {_SC_AIO_MAX, -1},
    {_SC_AIO_PRIO_DELTA_MAX, AIO_PRIO_DELTA_MAX},
    {_SC_HOST_NAME_MAX, HOST_NAME_MAX},
    {_SC_ARG_MAX, 16384}, /* start.c */
    {_SC_NGROUPS_MAX, MF_GROUPS_MAX},
    {_SC_CHILD_MAX, -1}, /* as the guest was started: fork=N */
    {_SC_LINE_MAX, 2048},
    {_SC_LOGIN_NAME_MAX, 32},
    {_SC_TTY_NAME_MAX, 32},
    {_SC_SYMLOOP_MAX, 8},
    {_SC_TZNAME_MAX, 10},
    {_SC_RE_DUP_MAX, 255},
    {_SC_ATEXIT_MAX, INT_MAX},
    {_SC_THREAD_STACK_MIN, PTHREAD_STACK_MIN},
    {_SC_THREAD_KEYS_MAX, PTHREAD_KEYS_MAX},
    {_SC_THREAD_DESTRUCTOR_ITERATIONS, PTHREAD_DESTRUCTOR_ITERATIONS},
    {_SC_RTSIG_MAX, SIGRTMAX - SIGRTMIN + 1},
    {_SC_SIGQUEUE_MAX, SIGQUEUE_MAX},
    {_SC_TIMER_MAX, TIMER_MAX},
    {_SC_DELAYTIMER_MAX, DELAYTIMER_MAX},
    {_SC_MQ_OPEN_MAX, -1},
    {_SC_MQ_PRIO_MAX, MQ_PRIO_MAX},
    {_SC_SEM_NSEMS_MAX, SEM_NSEMS_MAX},
    {_SC_SEM_VALUE_MAX, SEM_VALUE_MAX},
    {_SC_THREAD_THREADS_MAX, -1}, /* no limit but memory */
    {_SC_JOB_CONTROL, 1},
    {_SC_SAVED_IDS, 1},
    {_SC_REGEXP, 1},
    {_SC_GETPW_R_SIZE_MAX, 1024},
    {_SC_GETGR_R_SIZE_MAX, 1024},
};

/* Options that are there. */
static const uint8_t options[] = {
    _SC_ASYNCHRONOUS_IO,
    _SC_BARRIERS,
    _SC_CLOCK_SELECTION,
    _SC_CPUTIME,
    _SC_MESSAGE_PASSING,
    _SC_READER_WRITER_LOCKS,
    _SC_REALTIME_SIGNALS,
    _SC_SEMAPHORES,
    _SC_SPIN_LOCKS,
    _SC_THREADS,
    _SC_THREAD_ATTR_STACKADDR,
    _SC_THREAD_ATTR_STACKSIZE,
    _SC_THREAD_CPUTIME,
    _SC_THREAD_PROCESS_SHARED,
    _SC_THREAD_SAFE_FUNCTIONS,
    _SC_TIMEOUTS,
    _SC_TIMERS,
    _SC_MONOTONIC_CLOCK,
    _SC_MAPPED_FILES,
    _SC_MEMORY_PROTECTION,
    _SC_SHARED_MEMORY_OBJECTS,
    _SC_MEMLOCK,
    _SC_MEMLOCK_RANGE,
    _SC_ADVISORY_INFO,
    _SC_IPV6,
    _SC_FSYNC,
    _SC_VERSION,
    _SC_2_VERSION,
};

/* Options that are not there. */
static const uint8_t absent[] = {
    _SC_PRIORITIZED_IO,
    _SC_PRIORITY_SCHEDULING,
    _SC_RAW_SOCKETS,
    _SC_SHELL,
    _SC_SPAWN,
    _SC_SPORADIC_SERVER,
    _SC_SYNCHRONIZED_IO,
    _SC_THREAD_PRIORITY_SCHEDULING,
    _SC_THREAD_PRIO_INHERIT,
    _SC_THREAD_PRIO_PROTECT,
    _SC_THREAD_ROBUST_PRIO_INHERIT,
    _SC_THREAD_ROBUST_PRIO_PROTECT,
    _SC_THREAD_SPORADIC_SERVER,
    _SC_TRACE,
    _SC_TRACE_EVENT_FILTER,
    _SC_TRACE_INHERIT,
    _SC_TRACE_LOG,
    _SC_TYPED_MEMORY_OBJECTS,
    _SC_XOPEN_CRYPT,
    _SC_XOPEN_LEGACY,
    _SC_XOPEN_REALTIME,
    _SC_XOPEN_REALTIME_THREADS,
    _SC_XOPEN_SHM,
    _SC_XOPEN_STREAMS,
    _SC_XOPEN_UNIX,
    _SC_XOPEN_VERSION,
};

static bool is_in(const uint8_t *names, size_t count, int name)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i] == name) {
            return true;
        }
    }
    return false;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_OPEN_MAX:
    case _SC_STREAM_MAX:
        return mf_fds.limit;
    case _SC_PHYS_PAGES:
        return memory_pages();
    case _SC_AVPHYS_PAGES:
        return memory_pages() < 0 ? -1 : memory_pages() - resident_pages();
    default:
        break;
    }
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
        if (constants[i].name == name) {
            return constants[i].value;
        }
    }
    if (is_in(options, sizeof(options), name)) {
        return _POSIX_VERSION;
    }
    if (!is_in(absent, sizeof(absent), name)) {
        errno = EINVAL;
    }
    return -1;
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
    if (who == RUSAGE_CHILDREN && mf_children_cpu_ns != NULL) {
        const uint64_t ns = mf_children_cpu_ns();
        usage->ru_utime.tv_sec = (time_t)(ns / MF_NS_PER_S);
        usage->ru_utime.tv_usec = (suseconds_t)(ns % MF_NS_PER_S / 1000);
    } else if (who == RUSAGE_SELF && hv_dom_info(HV_SELF, &info) >= 0) {
        usage->ru_utime.tv_sec = (time_t)(info.cpu_ns / MF_NS_PER_S);
        usage->ru_utime.tv_usec = (suseconds_t)(info.cpu_ns % MF_NS_PER_S / 1000);
        usage->ru_maxrss = (long)(info.resident_pages * (HV_PAGE_BYTES / 1024));
        usage->ru_minflt = (long)info.fault_count;
    }
    return 0;
}

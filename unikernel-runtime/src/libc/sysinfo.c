/* SPDX-License-Identifier: Apache-2.0 */
/* sysinfo.c - memory and processors of the guest, by sysconf(); one processor to be chosen. */
#include <sys/sysinfo.h>

#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "mayfly/abi.h"

long get_phys_pages(void)
{
    return sysconf(_SC_PHYS_PAGES);
}

long get_avphys_pages(void)
{
    return sysconf(_SC_AVPHYS_PAGES);
}

int get_nprocs_conf(void)
{
    return (int)sysconf(_SC_NPROCESSORS_CONF);
}

int get_nprocs(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* -1, no limit: all that can be counted. */
static unsigned long bytes_of(long pages)
{
    return pages < 0 ? ~0ul : (unsigned long)pages * HV_PAGE_BYTES;
}

int sysinfo(struct sysinfo *info)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return -1;
    }
    *info = (struct sysinfo){
        .uptime = (long)now.tv_sec,
        .totalram = bytes_of(get_phys_pages()),
        .freeram = bytes_of(get_avphys_pages()),
        .procs = 1,
        .mem_unit = 1,
    };
    return 0;
}

/* ---- which processor --------------------------------------------------------------------------- */

int __sched_cpu_count(size_t bytes, const cpu_set_t *set)
{
    int count = 0;
    for (size_t i = 0; i < bytes / sizeof(set->__bits[0]); i++) {
        count += __builtin_popcountl(set->__bits[i]);
    }
    return count;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set)
{
    if (pid != 0 && pid != getpid()) {
        return fail(ESRCH);
    }
    if (bytes < sizeof(set->__bits[0]) || bytes % sizeof(set->__bits[0]) != 0) {
        return fail(EINVAL);
    }
    for (size_t i = 0; i < bytes / sizeof(set->__bits[0]); i++) {
        set->__bits[i] = i == 0;
    }
    return 0;
}

int sched_setaffinity(pid_t pid, size_t bytes, const cpu_set_t *set)
{
    if (pid != 0 && pid != getpid()) {
        return fail(ESRCH);
    }
    return bytes < sizeof(set->__bits[0]) || (set->__bits[0] & 1) == 0 ? fail(EINVAL) : 0;
}

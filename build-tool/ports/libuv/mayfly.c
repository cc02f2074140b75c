/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly.c - what libuv has to ask its system for, for guests. Its functions are described in uv.h. */
#include <errno.h>
#include <sys/sysinfo.h>

#include "uv.h"

int uv_uptime(double *uptime)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0) {
        return -errno;
    }
    *uptime = (double)info.uptime;
    return 0;
}

int uv_resident_set_memory(size_t *bytes)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0) {
        return -errno;
    }
    *bytes = (size_t)(info.totalram - info.freeram) * info.mem_unit;
    return 0;
}

/* The limit of the guest is all the memory that there is: uv_get_total_memory() tells it. */
uint64_t uv_get_constrained_memory(void)
{
    return 0;
}

/* What kind of CPU it is, and how busy, a guest does not know. */
int uv_cpu_info(uv_cpu_info_t **infos, int *count)
{
    *infos = NULL;
    *count = 0;
    return UV_ENOSYS;
}

/* A guest's program is no file. */
int uv_exepath(char *buffer, size_t *bytes)
{
    return buffer == NULL || bytes == NULL || *bytes == 0 ? UV_EINVAL : UV_ENOSYS;
}

/* There are no pseudo terminals: no descriptor is one's master. */
char *ptsname(int fd);
char *ptsname(int fd)
{
    (void)fd;
    errno = ENOTTY;
    return NULL;
}

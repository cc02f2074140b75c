/* SPDX-License-Identifier: Apache-2.0 */
/* auxv.c - getauxval(). There is no vector: what programs ask for is computed. */
#include <sys/auxv.h>

#include <cpuid.h>
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "mayfly/abi.h"

/* CPUID leaf 1, EDX: what Linux says on x86. */
static unsigned long features(void)
{
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 ? d : 0;
}

/* 16 bytes, the same at each call. */
static unsigned long random_bytes(void)
{
    static unsigned long bytes[2];
    if (bytes[0] == 0 && getentropy(bytes, sizeof(bytes)) != 0) {
        return 0;
    }
    return (unsigned long)bytes;
}

unsigned long getauxval(unsigned long type)
{
    switch (type) {
    case AT_PAGESZ:
        return HV_PAGE_BYTES;
    case AT_CLKTCK:
        return (unsigned long)sysconf(_SC_CLK_TCK);
    case AT_UID:
        return getuid();
    case AT_EUID:
        return geteuid();
    case AT_GID:
        return getgid();
    case AT_EGID:
        return getegid();
    case AT_SECURE:
        return 0;
    case AT_HWCAP:
        return features();
    case AT_PLATFORM:
        return (unsigned long)"x86_64";
    case AT_RANDOM:
        return random_bytes();
    default:
        errno = ENOENT;
        return 0;
    }
}

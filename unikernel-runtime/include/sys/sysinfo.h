/* SPDX-License-Identifier: Apache-2.0 */
/* sys/sysinfo.h - memory and processors of the guest, as Linux has it. */
#pragma once

#include <sys/cdefs.h>

struct sysinfo {
    long uptime;             /* seconds */
    unsigned long loads[3];  /* 0: nobody keeps them */
    unsigned long totalram;  /* the guest's limit, in units of mem_unit, as all that follow */
    unsigned long freeram;   /* of the limit, not used yet */
    unsigned long sharedram; /* 0, as the rest */
    unsigned long bufferram;
    unsigned long totalswap;
    unsigned long freeswap;
    unsigned short procs; /* 1 */
    unsigned long totalhigh;
    unsigned long freehigh;
    unsigned int mem_unit; /* bytes */
};

__BEGIN_DECLS
long get_avphys_pages(void);
int get_nprocs(void);
int get_nprocs_conf(void);
long get_phys_pages(void);
int sysinfo(struct sysinfo *info);
__END_DECLS

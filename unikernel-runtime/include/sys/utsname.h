/* SPDX-License-Identifier: Apache-2.0 */
/* sys/utsname.h - name of the system (POSIX.1-2008). */
#pragma once

#include <sys/cdefs.h>

struct utsname {
    char sysname[65];
    char nodename[65];
    char release[65];
    char version[65];
    char machine[65];
};

__BEGIN_DECLS
int uname(struct utsname *name);
__END_DECLS

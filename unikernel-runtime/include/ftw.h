/* SPDX-License-Identifier: Apache-2.0 */
/* ftw.h - walks through a file tree (POSIX.1-2008). */
#pragma once

#include <sys/stat.h>

#define FTW_F 0
#define FTW_D 1
#define FTW_DNR 2
#define FTW_NS 3
#define FTW_SL 4
#define FTW_DP 5
#define FTW_SLN 6

#define FTW_PHYS 1
#define FTW_MOUNT 2
#define FTW_CHDIR 4
#define FTW_DEPTH 8

struct FTW {
    int base;
    int level;
};

__BEGIN_DECLS
int ftw(const char *path, int (*fn)(const char *, const struct stat *, int), int descriptors);
int nftw(const char *path, int (*fn)(const char *, const struct stat *, int, struct FTW *),
         int descriptors, int flags);
__END_DECLS

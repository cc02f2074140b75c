/* SPDX-License-Identifier: Apache-2.0 */
/* mntent.h - tables of file systems, in files as /etc/fstab and /etc/mtab. The functions are musl's. */
#pragma once

#include <stdio.h>
#include <sys/cdefs.h>

#define MNTTAB "/etc/fstab"
#define MOUNTED "/etc/mtab"

#define MNTTYPE_IGNORE "ignore"
#define MNTTYPE_NFS "nfs"
#define MNTTYPE_SWAP "swap"
#define MNTOPT_DEFAULTS "defaults"
#define MNTOPT_RO "ro"
#define MNTOPT_RW "rw"
#define MNTOPT_SUID "suid"
#define MNTOPT_NOSUID "nosuid"
#define MNTOPT_NOAUTO "noauto"

struct mntent {
    char *mnt_fsname, *mnt_dir, *mnt_type, *mnt_opts;
    int mnt_freq, mnt_passno;
};

__BEGIN_DECLS
FILE *setmntent(const char *name, const char *mode);
int endmntent(FILE *file);
struct mntent *getmntent(FILE *file);
struct mntent *getmntent_r(FILE *file, struct mntent *entry, char *buffer, int bytes);
int addmntent(FILE *file, const struct mntent *entry);
char *hasmntopt(const struct mntent *entry, const char *option);
__END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
/* grp.h - newlib's, and what is in common use. */
#pragma once

#include_next <grp.h>

#if __MISC_VISIBLE
__BEGIN_DECLS
int getgrouplist(const char *user, gid_t group, gid_t *list, int *count);
int setgroups(int count, const gid_t *groups);
__END_DECLS
#endif

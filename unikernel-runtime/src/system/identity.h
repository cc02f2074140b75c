/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - the user and groups that the guest's one process has taken. It starts as 0. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define MF_GROUPS_MAX 32

struct mf_ids {
    unsigned int real, effective, saved;
};

struct mf_identity {
    struct mf_ids uid, gid;
    int group_count;
    gid_t groups[MF_GROUPS_MAX];
};

extern struct mf_identity mf_identity;

/** Whether `group` is the effective or a supplementary one. */
bool mf_identity_has_group(gid_t group);

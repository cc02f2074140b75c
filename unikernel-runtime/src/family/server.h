/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the owner's side, for server.c and serve.c. */
#pragma once

#include "family/family.h"
#include "fd/fd_internal.h"
#include "system/identity.h"

/* What another process of the family has of the owner's files. */
struct mf_family_user {
    struct mf_fd_table fds;
    struct mf_node *directory; /* the working directory; a reference; NULL: the root */
    struct mf_identity identity;
    uint32_t parent; /* user */
};

/**
 * Does what the user asks for, with its table, directory and ids in force. `c` is a copy, except for
 * what it gives back: args[0]. `data`: its buffer, which may change at any time; NULL: none. Returns
 * what is not negative, or a negative errno number.
 */
int64_t mf_family_serve(struct mf_files_call *c, char *data);

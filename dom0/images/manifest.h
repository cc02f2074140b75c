/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - what an image says about itself: the JSON text in its note (mayfly/image.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/launch.h"

struct manifest {
    uint64_t memory_bytes; /* 0: no limit given */
    uint8_t inspect;       /* enum rights_inspect; 0: not given */
    char *share;           /* owns; a list (rights.h), NULL: not given */
    bool has_fork_limit;
    uint32_t fork_limit; /* children, and theirs, at a time */
    uint32_t port_count;
    struct launch_port ports[LAUNCH_PORTS_MAX];
    uint32_t arg_count, args_bytes; /* args: strings, each NUL-terminated, behind one another */
    uint32_t env_count, env_bytes;  /* env: likewise, NAME=value */
    char *args, *env;               /* owns; malloc */
};

/**
 * Reads the text (bytes long, not terminated; NULL: an empty manifest). The first argument becomes
 * `name`, as programs expect. Returns NULL, or what is wrong (a constant).
 */
const char *manifest_parse(struct manifest *m, const char *name, const char *text, size_t bytes);

/** Frees what *m owns. */
void manifest_free(struct manifest *m);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - which images may be started: mayfly.conf's `require-signature` and the list of keys,
 * from its `key` lines and from the file `keys` of the boot volume (a key in hexadecimal digits at
 * the start of each line; `#` starts a comment line).
 */
#pragma once

#include <stddef.h>

#include "conf.h"

/** Takes the settings; wrong lines of the file `keys` are passed to `complain`. Once, at start. */
void trust_init(const struct conf *c, conf_complain_t complain);

/**
 * Whether the image in `file` may be started. Returns NULL, or why not (a constant). Costs nothing
 * when no signature is required, else a hash of the file and an Ed25519 verification.
 */
const char *trust_check(const void *file, size_t bytes);

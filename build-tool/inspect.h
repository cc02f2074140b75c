/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h - says what is in an image. */
#pragma once

#include "image_view.h"

/** For people, on stdout. */
void inspect_print(const struct image_view *view);

/**
 * For programs: {"bytes", "id", "runtime", "manifest", "segments": [{"address", "bytes", "memory",
 * "access", "what", "sha256"}], "sections": {WHAT: {"bytes", "memory"}}, "signature": {"signed",
 * "valid", "key"}, "posix": [NAME], "symbols", "files": [{"path", "mode", "bytes"}]}. "id",
 * "sha256" and "signature" are left out for an image without hashes, "problem" says why then. The
 * caller owns it.
 */
json_t *inspect_json(const struct image_view *view);

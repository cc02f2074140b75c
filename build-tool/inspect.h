/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h - says what is in an image. */
#pragma once

#include "image_view.h"

/** For people, on stdout. */
void inspect_print(const struct image_view *view);

/**
 * For programs: {"bytes", "runtime", "manifest", "segments": [{"address", "bytes", "memory",
 * "access", "what"}], "symbols", "files": [{"path", "mode", "bytes"}]}. The caller owns it.
 */
json_t *inspect_json(const struct image_view *view);

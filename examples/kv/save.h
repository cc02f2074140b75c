/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - a snapshot of the table at one moment, while it goes on being changed. */
#pragma once

#include <stdbool.h>

/**
 * Writes `ITEM key value` lines and then `SAVED count` to the connected socket `fd`: the table as it
 * was at the call. Returns false when the client is gone or no snapshot could be made; then the
 * last line, if any, is not SAVED.
 */
bool save_to(int fd);

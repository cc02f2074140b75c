/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - hostrun -p: which pages of its own a guest has used, for keeping guests small. */
#pragma once

#include <stdint.h>

/** Remembers a writable area; its first file_bytes are those of `file` at `offset`. */
void pages_add(uint64_t va, uint64_t bytes, const char *file, uint64_t offset, uint64_t file_bytes);

/**
 * Prints to standard error the pages of the areas that were touched (those with file contents:
 * changed), and how many page tables they need.
 */
void pages_report(void);

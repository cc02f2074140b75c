/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h - CRC-32C (Castagnoli; RFC 3720, section 12.1): finds what a disk has altered. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** The CRC of what `crc` is the CRC of (0: nothing) followed by `bytes` at `data`. */
uint32_t crc32c(uint32_t crc, const void *data, size_t bytes);

/** The same for a CPU without an instruction for it. */
uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t bytes);

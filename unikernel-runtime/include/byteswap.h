/* SPDX-License-Identifier: Apache-2.0 */
/* byteswap.h - reversal of bytes, as Linux has it. */
#pragma once

#define bswap_16(x) __builtin_bswap16(x)
#define bswap_32(x) __builtin_bswap32(x)
#define bswap_64(x) __builtin_bswap64(x)

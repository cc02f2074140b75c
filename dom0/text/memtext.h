/* SPDX-License-Identifier: Apache-2.0 */
/* memtext.h - addresses and bytes as people write them, and memory as they read it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MEMTEXT_COLUMNS 16
#define MEMTEXT_LINE_BYTES 88

/** Finds a symbol. Returns false when there is none of this name. */
typedef bool (*memtext_find_t)(const void *arg, const char *name, uint64_t *address);

/**
 * An address: 0xHEX, a decimal number, or a symbol; +N or -N (likewise a number) may follow. Returns
 * false when it is none, the symbol is not known or the sum leaves 64 bits.
 */
bool memtext_address(const char *text, memtext_find_t find, const void *arg, uint64_t *address);

/**
 * Bytes to write: a word of pairs of hexadecimal digits is these bytes, any other word its
 * characters; text=WORD is the characters of WORD whatever they are. Returns how many bytes there
 * are, 0 when they are more than `room`.
 */
uint32_t memtext_bytes(char *const words[], int count, uint8_t *out, uint32_t room);

/** One line of a dump: at most MEMTEXT_COLUMNS bytes, in hexadecimal and as characters. */
void memtext_line(char line[MEMTEXT_LINE_BYTES], uint64_t address, const uint8_t *data,
                  uint32_t bytes);

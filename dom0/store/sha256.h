/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - SHA-256 (FIPS 180-4): tells whether an image is the one that it was. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

struct sha256 {
    uint32_t h[8];
    uint64_t bytes; /* hashed so far; a multiple of SHA256_BLOCK */
};

void sha256_begin(struct sha256 *s);

/** Hashes whole blocks: `bytes` is a multiple of SHA256_BLOCK. */
void sha256_blocks(struct sha256 *s, const void *data, size_t bytes);

/** The last, less than SHA256_BLOCK bytes, and the result. */
void sha256_end(struct sha256 *s, const void *data, size_t bytes, uint8_t hash[SHA256_BYTES]);

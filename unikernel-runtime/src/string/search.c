/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c - memchr(), 16 bytes at a time (newlib has 8, and one by one up to alignment). All loads
 * are aligned, so none touches a page that the buffer does not.
 */
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 16u

/* Bit i: byte i of the block is the one. */
static inline uint32_t matches(const char *block, __m128i wanted)
{
    const __m128i data = _mm_load_si128((const __m128i *)(const void *)block);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(data, wanted));
}

void *memchr(const void *s, int c, size_t bytes)
{
    const char *const start = s;
    const __m128i wanted = _mm_set1_epi8((char)c);
    const uintptr_t before = (uintptr_t)start % BLOCK;
    const char *block = start - before;

    if (bytes == 0) {
        return NULL;
    }
    uint32_t found = matches(block, wanted) >> before << before;
    size_t left = bytes + before < bytes ? SIZE_MAX : bytes + before; /* from `block` on */
    while (found == 0) {
        if (left <= BLOCK) {
            return NULL;
        }
        left -= BLOCK;
        block += BLOCK;
        found = matches(block, wanted);
    }
    const unsigned int at = (unsigned int)__builtin_ctz(found);
    return at < left ? (void *)(uintptr_t)(block + at) : NULL;
}

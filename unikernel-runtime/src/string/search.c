/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.c - memchr() and what looks for bytes in strings, 16 at a time (newlib has 8, and one by one
 * up to alignment; sets of bytes it compares one by one). All loads are aligned, so none touches a
 * page that the buffer does not.
 */
#include <emmintrin.h>
#include <stdbool.h>
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

/* The first byte of `s` that is `c` or the end. */
static const char *find_or_end(const char *s, char c)
{
    const __m128i wanted = _mm_set1_epi8(c), end = _mm_setzero_si128();
    const uintptr_t before = (uintptr_t)s % BLOCK;
    const char *block = s - before;
    uint32_t found = (matches(block, wanted) | matches(block, end)) >> before << before;

    while (found == 0) {
        block += BLOCK;
        found = matches(block, wanted) | matches(block, end);
    }
    return block + __builtin_ctz(found);
}

char *strchr(const char *s, int c)
{
    const char *const at = find_or_end(s, (char)c);
    return *at == (char)c ? (char *)(uintptr_t)at : NULL;
}

size_t strnlen(const char *s, size_t bytes)
{
    const char *const end = memchr(s, 0, bytes);
    return end == NULL ? bytes : (size_t)(end - s);
}

/* A bit for each value of a byte. */
struct byte_set {
    uint64_t words[4];
};

static void add_byte(struct byte_set *set, unsigned char c)
{
    set->words[c / 64u] |= 1ull << (c % 64u);
}

static bool has_byte(const struct byte_set *set, unsigned char c)
{
    return (set->words[c / 64u] >> (c % 64u) & 1) != 0;
}

static struct byte_set set_of(const char *bytes)
{
    struct byte_set set = {{0}};
    for (; *bytes != '\0'; bytes++) {
        add_byte(&set, (unsigned char)*bytes);
    }
    return set;
}

size_t strspn(const char *s, const char *accept)
{
    const char *at = s;

    if (accept[0] == '\0' || accept[1] == '\0') {
        while (*at != '\0' && *at == accept[0]) {
            at++;
        }
    } else {
        const struct byte_set set = set_of(accept); /* without the end */
        while (has_byte(&set, (unsigned char)*at)) {
            at++;
        }
    }
    return (size_t)(at - s);
}

size_t strcspn(const char *s, const char *reject)
{
    if (reject[0] == '\0' || reject[1] == '\0') {
        return (size_t)(find_or_end(s, reject[0]) - s);
    }
    struct byte_set set = set_of(reject);
    const char *at = s;
    add_byte(&set, '\0');
    while (!has_byte(&set, (unsigned char)*at)) {
        at++;
    }
    return (size_t)(at - s);
}

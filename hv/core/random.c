/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.c - see random.h. The ChaCha20 block function (RFC 8439, 2.3) as a permutation of a state
 * that takes in fresh entropy at each call; the first half of each block becomes the next key, so
 * that earlier output cannot be found from the state.
 */
#include "hv/random.h"

#include "arch.h"
#include "hv/lib.h"
#include "hv/lock.h"

static struct lock lock; /* taken alone */
static uint32_t key[8];
static uint64_t counter;

static uint32_t rotate(uint32_t v, int n)
{
    return v << n | v >> (32 - n);
}

static void quarter(uint32_t *x, int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void block(const uint64_t fresh[2], uint32_t out[16])
{
    const uint32_t start[16] = {0x61707865,
                                0x3320646e,
                                0x79622d32,
                                0x6b206574,
                                key[0],
                                key[1],
                                key[2],
                                key[3],
                                key[4],
                                key[5],
                                key[6],
                                key[7],
                                (uint32_t)fresh[0],
                                (uint32_t)(fresh[0] >> 32),
                                (uint32_t)fresh[1],
                                (uint32_t)(fresh[1] >> 32)};

    memcpy(out, start, sizeof(start));
    for (int round = 0; round < 10; round++) {
        quarter(out, 0, 4, 8, 12);
        quarter(out, 1, 5, 9, 13);
        quarter(out, 2, 6, 10, 14);
        quarter(out, 3, 7, 11, 15);
        quarter(out, 0, 5, 10, 15);
        quarter(out, 1, 6, 11, 12);
        quarter(out, 2, 7, 8, 13);
        quarter(out, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) {
        out[i] += start[i];
    }
}

static uint64_t rdrand(void)
{
    static int has = -1;
    uint64_t value = 0;

    if (has < 0) {
        has = (cpuid(1, 0).ecx & 1u << 30) != 0;
    }
    if (has) {
        __asm__ volatile("rdrand %0" : "+r"(value)::"cc");
    }
    return value;
}

static void step(uint32_t out[16])
{
    const uint64_t fresh[2] = {rdrand() ^ rdtsc(), ++counter};

    block(fresh, out);
    memcpy(key, out, sizeof(key));
}

void random_init(const uint8_t *seed, size_t bytes)
{
    uint32_t out[16];

    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)key)[i % sizeof(key)] ^= seed[i];
    }
    for (int i = 0; i < 8; i++) {
        step(out);
    }
}

void random_bytes(uint8_t *out, size_t bytes)
{
    uint32_t words[16];

    lock_take(&lock);
    while (bytes != 0) {
        const size_t n = min_u64(bytes, sizeof(words) / 2);
        step(words);
        memcpy(out, words + 8, n);
        out += n;
        bytes -= n;
    }
    lock_drop(&lock);
}

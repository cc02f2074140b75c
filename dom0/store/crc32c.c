/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c - see crc32c.h. Eight bytes at a time: by the instruction for it (SSE4.2), or by eight tables
 * that are made at the first use, whichever is faster here. */
#include "store/crc32c.h"

#include <cpuid.h>
#include <string.h>
#include <x86intrin.h>

#define POLYNOMIAL 0x82f63b78u /* of the bits in reverse order */
#define LANES 8
#define TRIALS 4
#define TRIAL_BYTES 1024

static uint32_t table[LANES][256] __attribute__((section(".bss..cold.crc32c")));

static void make_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        }
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int lane = 1; lane < LANES; lane++) {
            const uint32_t before = table[lane - 1][i];
            table[lane][i] = before >> 8 ^ table[0][before & 0xff];
        }
    }
}

static uint32_t step8(uint32_t crc, const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w)); /* little-endian */
    w ^= crc;
    return table[7][w & 0xff] ^ table[6][w >> 8 & 0xff] ^ table[5][w >> 16 & 0xff] ^
           table[4][w >> 24 & 0xff] ^ table[3][w >> 32 & 0xff] ^ table[2][w >> 40 & 0xff] ^
           table[1][w >> 48 & 0xff] ^ table[0][w >> 56];
}

uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    if (table[0][1] == 0) {
        make_tables();
    }
    crc = ~crc;
    for (; bytes >= LANES; bytes -= LANES, p += LANES) {
        crc = step8(crc, p);
    }
    for (; bytes > 0; bytes--, p++) {
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
    }
    return ~crc;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const void *data,
                                                                 size_t bytes)
{
    const uint8_t *p = data;
    uint64_t wide = ~crc, w[4];

    for (; bytes >= sizeof(w); bytes -= sizeof(w), p += sizeof(w)) {
        memcpy(w, p, sizeof(w));
        wide = __builtin_ia32_crc32di(wide, w[0]);
        wide = __builtin_ia32_crc32di(wide, w[1]);
        wide = __builtin_ia32_crc32di(wide, w[2]);
        wide = __builtin_ia32_crc32di(wide, w[3]);
    }
    crc = (uint32_t)wide;
    for (; bytes > 0; bytes--, p++) {
        crc = __builtin_ia32_crc32qi(crc, *p);
    }
    return ~crc;
}

typedef uint32_t (*crc_t)(uint32_t crc, const void *data, size_t bytes);

/* The best of a few, in ticks. */
static uint64_t time_of(crc_t function)
{
    static const uint8_t data[TRIAL_BYTES];
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < TRIALS; i++) {
        const uint64_t start = __rdtsc();
        (void)function((uint32_t)i, data, sizeof(data));
        const uint64_t ticks = __rdtsc() - start;
        best = ticks < best ? ticks : best;
    }
    return best;
}

/* The instruction is ten times faster on a CPU, but slower than the tables where QEMU emulates it. */
static crc_t choose(void)
{
    unsigned int a, b, c, d;

    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_2) == 0) {
        return crc32c_by_tables;
    }
    return time_of(by_instruction) <= time_of(crc32c_by_tables) ? by_instruction : crc32c_by_tables;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t bytes)
{
    static crc_t chosen;

    if (chosen == NULL) {
        chosen = choose();
    }
    return chosen(crc, data, bytes);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c - see crc32c.h. Eight bytes at a time, by eight tables that are made at the first use. */
#include "crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* of the bits in reverse order */
#define LANES 8

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

uint32_t crc32c(uint32_t crc, const void *data, size_t bytes)
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

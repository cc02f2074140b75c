/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.c - random bytes: ChaCha20 (RFC 8439) with fast key erasure: each block's first 32 bytes
 * are the next key, the rest is output, so that what was given out cannot be computed from later
 * memory. The first key is the info page's seed, mixed with RDRAND where there is one. A clone
 * (another generation in the info page) has a fresh seed, which is mixed in before anything is
 * given out.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "fd/fd.h"
#include "start/clone.h"

#define KEY_WORDS 8
#define BLOCK_WORDS 16
#define OUTPUT_BYTES ((BLOCK_WORDS - KEY_WORDS) * 4)
#define GETENTROPY_MAX 256
#define RDRAND_ECX 0x40000000u /* CPUID leaf 1 */

static uint32_t key[KEY_WORDS];
static uint32_t seeded_generation; /* + 1; 0: not seeded yet */

#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b, *d = ROTATE(*d ^ *a, 16);
    *c += *d, *b = ROTATE(*b ^ *c, 12);
    *a += *b, *d = ROTATE(*d ^ *a, 8);
    *c += *d, *b = ROTATE(*b ^ *c, 7);
}

/* The ChaCha20 block of `key`, nonce 0, counter 0. The first half becomes the next key. */
static void next_block(uint32_t out[BLOCK_WORDS])
{
    const uint32_t in[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
                                      key[0],     key[1],     key[2],     key[3],
                                      key[4],     key[5],     key[6],     key[7]};
    uint32_t x[BLOCK_WORDS];
    memcpy(x, in, sizeof(x));
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++) {
            quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
        }
        for (int i = 0; i < 4; i++) {
            quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
        }
    }
    for (int i = 0; i < BLOCK_WORDS; i++) {
        out[i] = x[i] + in[i];
    }
    memcpy(key, out, sizeof(key));
}

static bool rdrand(uint64_t *value)
{
    for (int attempt = 0; attempt < 10; attempt++) {
        unsigned char ok;
        __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(*value), "=qm"(ok)::"cc");
        if (ok) {
            return true;
        }
    }
    return false;
}

static void mix_in(void)
{
    volatile struct mf_info *const info = mf_info();
    uint64_t words[KEY_WORDS / 2];
    unsigned int a, b, c = 0, d;
    const bool has_rdrand = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & RDRAND_ECX) != 0;
    memcpy(words, (const void *)(uintptr_t)info->seed, sizeof(words));
    memset((void *)(uintptr_t)info->seed, 0, sizeof(words));
    for (int i = 0; i < KEY_WORDS / 2; i++) {
        uint64_t more = 0;
        if (has_rdrand && rdrand(&more)) {
            words[i] ^= more;
        }
        key[2 * i] ^= (uint32_t)words[i];
        key[2 * i + 1] ^= (uint32_t)(words[i] >> 32);
    }
    key[0] ^= (uint32_t)__builtin_ia32_rdtsc();
    seeded_generation = info->generation + 1;
    uint32_t block[BLOCK_WORDS];
    next_block(block); /* so that the key does not show the seed */
    explicit_bzero(block, sizeof(block));
    explicit_bzero(words, sizeof(words));
}

static void fill(void *buffer, size_t bytes)
{
    char *to = buffer;
    while (bytes != 0) {
        mf_critical_enter_unchecked(); /* a clone must not give out what its parent gives out */
        if (seeded_generation != mf_info()->generation + 1) {
            mix_in();
        }
        uint32_t block[BLOCK_WORDS];
        next_block(block);
        const size_t n = bytes < OUTPUT_BYTES ? bytes : OUTPUT_BYTES;
        memcpy(to, block + KEY_WORDS, n);
        explicit_bzero(block, sizeof(block));
        mf_critical_leave();
        to += n;
        bytes -= n;
    }
}

ssize_t getrandom(void *buffer, size_t bytes, unsigned int flags)
{
    if ((flags & ~(unsigned int)(GRND_NONBLOCK | GRND_RANDOM)) != 0) {
        return mf_ret(-EINVAL);
    }
    fill(buffer, bytes);
    return (ssize_t)bytes;
}

int getentropy(void *buffer, size_t bytes)
{
    if (bytes > GETENTROPY_MAX) {
        return (int)mf_ret(-EIO);
    }
    fill(buffer, bytes);
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// memory: 256M
// Small blocks of malloc(), some of which are kept for the next one: contents, sizes, zeros, memory given back.
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SLOTS 512u
#define STEPS 200000u

static struct {
    unsigned char *block;
    size_t bytes;
    unsigned char value;
} slots[SLOTS];

static uint32_t state = 1;

static uint32_t random_below(uint32_t limit)
{
    state = state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)state * limit >> 32);
}

static bool is_filled(const unsigned char *p, size_t bytes, unsigned char value)
{
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

/* Replaces what is in a slot. False: it had been changed, or the new one is not as it must be. */
static bool step(unsigned int at)
{
    const size_t bytes = random_below(8) == 0 ? random_below(3000) : random_below(600);
    const unsigned char value = (unsigned char)random_below(256);
    unsigned char *const old = slots[at].block;
    bool good = is_filled(old, slots[at].bytes, slots[at].value);
    unsigned char *block;

    switch (random_below(4)) {
    case 0:
        block = realloc(old, bytes + 1);
        good = good &&
               is_filled(block, bytes < slots[at].bytes ? bytes : slots[at].bytes, slots[at].value);
        break;
    case 1:
        free(old);
        block = calloc(1, bytes + 1);
        good = good && is_filled(block, bytes + 1, 0);
        break;
    case 2:
        free(old);
        block = aligned_alloc(64, bytes + 1);
        good = good && (uintptr_t)block % 64 == 0;
        break;
    default:
        free(old);
        block = malloc(bytes + 1);
        break;
    }
    good = good && block != NULL && (uintptr_t)block % 16 == 0 && malloc_usable_size(block) > bytes;
    memset(block, value, bytes + 1);
    slots[at].block = block;
    slots[at].bytes = bytes + 1;
    slots[at].value = value;
    return good;
}

static void test_contents(void)
{
    bool good = true;
    for (unsigned int i = 0; good && i < STEPS; i++) {
        good = step(random_below(SLOTS));
    }
    tap_check(good, "200,000 blocks of random sizes keep what is in them");
    for (unsigned int i = 0; i < SLOTS; i++) {
        free(slots[i].block);
    }
    void *const one = malloc(100);
    free(one);
    void *const two = malloc(90);
    tap_check(one == two, "what was freed last is used first");
    free(two);
    free(NULL);
}

static void test_given_back(size_t bytes)
{
    const size_t count = (64u << 20) / bytes;
    const size_t before = mallinfo().arena;
    void **const blocks = malloc(count * sizeof(*blocks));
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(bytes);
        memset(blocks[i], 1, bytes);
    }
    const size_t most = mallinfo().arena;
    for (size_t i = 0; i < count; i++) {
        free(blocks[i]);
    }
    free(blocks);
    const size_t kept = mallinfo().arena - before;
    tap_check(most - before > 64 << 20 && kept < 16 << 20, "64 MiB in small blocks are given back");
}

int main(void)
{
    test_contents();
    void *volatile first = malloc(4u << 20);
    free(first); /* the heap has left the image's pages: there is no gap any more */
    test_given_back(40);
    test_given_back(500);
    return tap_done();
}

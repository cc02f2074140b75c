/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - the same random numbers wherever the program runs (xorshift64). */
#pragma once

#include <stdint.h>

static uint64_t random_state = 88172645463325252u;

static inline uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/** 0 to count - 1. */
static inline int random_below(int count)
{
    return (int)(random_bits() % (uint64_t)count);
}

union double_bits {
    double value;
    uint64_t bits;
};

union long_double_bits {
    long double value;
    struct {
        uint64_t mantissa;
        uint16_t exponent; /* and sign */
    } parts;
};

/** A number, not denormal; its exponent is uniform. */
static inline long double random_long_double(void)
{
    union long_double_bits u = {.value = 0};
    u.parts.mantissa = random_bits() | 1ull << 63;
    u.parts.exponent = (uint16_t)(1 + random_below(0x7ffe));
    return u.value;
}

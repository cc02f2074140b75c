/* SPDX-License-Identifier: Apache-2.0 */
/* rand48.c - jrand48() and mrand48() (POSIX.1-2008) with their sign, which newlib's lose. */
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>

static long upper_half(const unsigned short *seed)
{
    return (int32_t)((uint32_t)seed[2] << 16 | seed[1]);
}

long jrand48(unsigned short seed[3])
{
    nrand48(seed);
    return upper_half(seed);
}

long mrand48(void)
{
    lrand48();
    return upper_half(_REENT_RAND48_SEED(_REENT));
}

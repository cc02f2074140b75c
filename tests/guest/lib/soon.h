/* SPDX-License-Identifier: Apache-2.0 */
/* soon.h - for guest tests of calls that wait until a point in time. */
#pragma once

#include <time.h>

static inline struct timespec in_ms(clockid_t clock, long ms)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

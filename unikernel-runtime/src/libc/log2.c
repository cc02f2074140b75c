/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log2.c - newlib's divides log(x) by log(2): of 441 powers of two the result is no integer. Errors as
 * ISO C 7.12.6.10.
 */
#include <errno.h>
#include <math.h>

static long double log2_of(long double x)
{
    if (x <= 0) {
        errno = x == 0 ? ERANGE : EDOM;
    }
    return log2l(x);
}

double log2(double x)
{
    return (double)log2_of(x);
}

float log2f(float x)
{
    return (float)log2_of(x);
}

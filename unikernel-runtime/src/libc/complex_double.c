/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complex_double.c - complex functions of double and float: those of long double, rounded. newlib's own lose all
 * digits for some arguments, and give NaN where annex G of ISO C has numbers.
 */
#include <complex.h>

#define ROUNDED(name)                                                                              \
    double complex name(double complex z)                                                          \
    {                                                                                              \
        return (double complex)name##l((long double complex)z);                                    \
    }                                                                                              \
    float complex name##f(float complex z)                                                         \
    {                                                                                              \
        return (float complex)name##l((long double complex)z);                                     \
    }

ROUNDED(cacos)
ROUNDED(cacosh)
ROUNDED(casin)
ROUNDED(casinh)
ROUNDED(catan)
ROUNDED(catanh)
ROUNDED(ccos)
ROUNDED(ccosh)
ROUNDED(cexp)
ROUNDED(clog)
ROUNDED(csin)
ROUNDED(csinh)
ROUNDED(csqrt)
ROUNDED(ctan)
ROUNDED(ctanh)

double complex cpow(double complex z, double complex exponent)
{
    return (double complex)cpowl((long double complex)z, (long double complex)exponent);
}

float complex cpowf(float complex z, float complex exponent)
{
    return (float complex)cpowl((long double complex)z, (long double complex)exponent);
}

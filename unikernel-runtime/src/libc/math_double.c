/* SPDX-License-Identifier: Apache-2.0 */
/*
 * math_double.c - functions of double and float that newlib has wrong: lround() of large numbers, gamma functions,
 * infinities in fdim(), NaN in modf().
 */
#include <math.h>

long lround(double x)
{
    return lroundl((long double)x);
}

long long llround(double x)
{
    return llroundl((long double)x);
}

double tgamma(double x)
{
    return (double)tgammal((long double)x);
}

float tgammaf(float x)
{
    return (float)tgammal((long double)x);
}

double lgamma(double x)
{
    return (double)lgammal((long double)x);
}

float lgammaf(float x)
{
    return (float)lgammal((long double)x);
}

double lgamma_r(double x, int *sign)
{
    return (double)lgammal_r((long double)x, sign);
}

float lgammaf_r(float x, int *sign)
{
    return (float)lgammal_r((long double)x, sign);
}

double fdim(double x, double y)
{
    return isnan(x) || isnan(y) ? x + y : x > y ? x - y : 0;
}

float fdimf(float x, float y)
{
    return isnan(x) || isnan(y) ? x + y : x > y ? x - y : 0;
}

double modf(double x, double *whole)
{
    *whole = trunc(x);
    return copysign(isinf(x) ? 0 : x - *whole, x);
}

float modff(float x, float *whole)
{
    *whole = truncf(x);
    return copysignf(isinf(x) ? 0 : x - *whole, x);
}

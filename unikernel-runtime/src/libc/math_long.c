/* SPDX-License-Identifier: Apache-2.0 */
/*
 * math_long.c - the exact ones of the long double functions of <math.h>, which newlib has only for
 * targets where long double is double: what rounds, splits and takes remainders. The others are
 * musl's (part.mk).
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define ROUND_NEAREST 0x000
#define ROUND_DOWN 0x400
#define ROUND_UP 0x800
#define ROUND_ZERO 0xc00

/* FRNDINT with the rounding mode set for it alone. */
static long double round_by(long double x, uint16_t mode)
{
    uint16_t old;
    __asm__ volatile("fnstcw %0" : "=m"(old));
    const uint16_t wanted = (uint16_t)((old & ~ROUND_ZERO) | mode);
    __asm__ volatile("fldcw %1\n\tfrndint\n\tfldcw %2" : "+t"(x) : "m"(wanted), "m"(old));
    return x;
}

long double floorl(long double x)
{
    return round_by(x, ROUND_DOWN);
}

long double ceill(long double x)
{
    return round_by(x, ROUND_UP);
}

long double truncl(long double x)
{
    return round_by(x, ROUND_ZERO);
}

long double rintl(long double x)
{
    __asm__("frndint" : "+t"(x));
    return x;
}

long double nearbyintl(long double x)
{
    return rintl(x);
}

long double sqrtl(long double x)
{
    __asm__("fsqrt" : "+t"(x));
    return x;
}

long double fabsl(long double x)
{
    __asm__("fabs" : "+t"(x));
    return x;
}

long double copysignl(long double x, long double y)
{
    return (signbit(x) != 0) == (signbit(y) != 0) ? x : -x;
}

/* Halfway cases away from zero. */
long double roundl(long double x)
{
    const long double whole = truncl(x);
    return fabsl(x - whole) >= 0.5L ? whole + copysignl(1, x) : whole;
}

long lrintl(long double x)
{
    return (long)rintl(x);
}

long long llrintl(long double x)
{
    return (long long)rintl(x);
}

long lroundl(long double x)
{
    return (long)roundl(x);
}

long long llroundl(long double x)
{
    return (long long)roundl(x);
}

/* FPREM and FPREM1 reduce by at most 63 bits at a time; C2 says that there is more to do. */
#define C2 0x400

static bool reduce_truncating(long double *x, long double y)
{
    uint16_t status;
    __asm__("fprem\n\tfnstsw %1" : "+t"(*x), "=a"(status) : "u"(y));
    return (status & C2) != 0;
}

static bool reduce_nearest(long double *x, long double y)
{
    uint16_t status;
    __asm__("fprem1\n\tfnstsw %1" : "+t"(*x), "=a"(status) : "u"(y));
    return (status & C2) != 0;
}

long double fmodl(long double x, long double y)
{
    while (reduce_truncating(&x, y)) {
    }
    return x;
}

long double remainderl(long double x, long double y)
{
    while (reduce_nearest(&x, y)) {
    }
    return x;
}

long double scalbnl(long double x, int n)
{
    const long double exponent = n;
    __asm__("fscale" : "+t"(x) : "u"(exponent));
    return x;
}

long double ldexpl(long double x, int n)
{
    return scalbnl(x, n);
}

long double frexpl(long double x, int *exponent)
{
    long double significand = x, e = 0;
    if (x == 0 || !isfinite(x)) {
        *exponent = 0;
        return x;
    }
    __asm__("fxtract" : "=t"(significand), "=u"(e) : "0"(x));
    *exponent = (int)e + 1;
    return significand / 2;
}

long double logbl(long double x)
{
    long double significand, exponent;
    if (!isfinite(x)) {
        return x * x;
    }
    __asm__("fxtract" : "=t"(significand), "=u"(exponent) : "0"(x));
    return exponent;
}

long double modfl(long double x, long double *whole)
{
    *whole = truncl(x);
    return copysignl(isinf(x) ? 0 : x - *whole, x);
}

long double fdiml(long double x, long double y)
{
    return x <= y ? 0 : x - y;
}

long double fmaxl(long double x, long double y)
{
    return isnan(x) || x < y ? y : x;
}

long double fminl(long double x, long double y)
{
    return isnan(x) || x > y ? y : x;
}

/* The double next to x in the direction of y, which a double may not be able to hold. */
double nexttoward(double x, long double y)
{
    if (isnan(x) || isnan(y)) {
        return x + (double)y;
    }
    return x == y ? (double)y : nextafter(x, y > x ? (double)INFINITY : -(double)INFINITY);
}

float nexttowardf(float x, long double y)
{
    if (isnan(x) || isnan(y)) {
        return x + (float)y;
    }
    return x == y ? (float)y : nextafterf(x, y > x ? INFINITY : -INFINITY);
}

/* ---- musl's with repairs ------------------------------------------------------------------- */

long double mf_musl_acoshl(long double x);
long double mf_musl_exp10l(long double x);
long double mf_musl_powl(long double x, long double y);
long double mf_musl_tgammal(long double x);

long double __lgammal_r(long double x, int *sign); /* musl's */
extern int mf_musl_signgam;

int mf_musl_signgam;

long double lgammal_r(long double x, int *sign)
{
    return __lgammal_r(x, sign);
}

long double lgammal(long double x)
{
    return __lgammal_r(x, &signgam);
}

/* musl's gives a number for what lies below -1. */
long double acoshl(long double x)
{
    return x < 1 ? (x - x) / (x - x) : mf_musl_acoshl(x);
}

/* musl's has the wrong sign below -13. Gamma is negative where the whole part is odd. */
long double tgammal(long double x)
{
    const long double result = mf_musl_tgammal(x);
    if (x >= 0 || isnan(result) || !isfinite(x)) {
        return result;
    }
    return copysignl(result, fmodl(floorl(x), 2) != 0 ? -1 : 1);
}

/* musl's takes the largest number for infinity, and gives no number for exponents that are nearly as large. */
long double powl(long double x, long double y)
{
    if (fabsl(y) > 0x1p100L) {
        if (fabsl(x) == 1) {
            return 1; /* y is even */
        }
        y = copysignl(0x1p100L, y); /* as good: too much or too little for any other x */
    }
    return mf_musl_powl(fabsl(x) == __LDBL_MAX__ ? nextafterl(x, 0) : x, y);
}

/* musl's is 1 where x is infinite or no number. */
long double exp10l(long double x)
{
    return fabsl(x) < 0x1p20L ? mf_musl_exp10l(x) : powl(10, x);
}

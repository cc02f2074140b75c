/* SPDX-License-Identifier: Apache-2.0 */
/* math.h - newlib's, and the long double functions, which it has only where long double is
 * double. */
#pragma once

#include_next <math.h>

#if __ISO_C_VISIBLE >= 1999 && !defined(__cplusplus)
/* newlib's convert a long double to double first. */
#undef fpclassify
#undef isfinite
#undef isinf
#undef isnan
#undef isnormal
#undef signbit
#define fpclassify(x)                                                                              \
    __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, (x))
#define isfinite(x) __builtin_isfinite(x)
#define isinf(x) __builtin_isinf_sign(x)
#define isnan(x) __builtin_isnan(x)
#define isnormal(x) __builtin_isnormal(x)
#define signbit(x) __builtin_signbit(x)
#undef log2 /* newlib's is not exact */
#endif

#if __ISO_C_VISIBLE >= 1999
__BEGIN_DECLS
long double acoshl(long double x);
long double acosl(long double x);
long double asinhl(long double x);
long double asinl(long double x);
long double atan2l(long double x, long double y);
long double atanhl(long double x);
long double atanl(long double x);
long double cbrtl(long double x);
long double ceill(long double x);
long double copysignl(long double x, long double y);
long double coshl(long double x);
long double cosl(long double x);
long double erfcl(long double x);
long double erfl(long double x);
long double exp2l(long double x);
long double expl(long double x);
long double expm1l(long double x);
long double fabsl(long double x);
long double fdiml(long double x, long double y);
long double floorl(long double x);
long double fmal(long double x, long double y, long double z);
long double fmaxl(long double x, long double y);
long double fminl(long double x, long double y);
long double fmodl(long double x, long double y);
long double frexpl(long double x, int *exponent);
int ilogbl(long double x);
long double ldexpl(long double x, int n);
long double lgammal(long double x);
long long llrintl(long double x);
long long llroundl(long double x);
long double log10l(long double x);
long double log1pl(long double x);
long double log2l(long double x);
long double logbl(long double x);
long double logl(long double x);
long lrintl(long double x);
long lroundl(long double x);
long double modfl(long double x, long double *whole);
long double nearbyintl(long double x);
long double nextafterl(long double x, long double y);
double nexttoward(double x, long double y);
float nexttowardf(float x, long double y);
long double nexttowardl(long double x, long double y);
long double powl(long double x, long double y);
long double remainderl(long double x, long double y);
long double remquol(long double x, long double y, int *quotient);
long double rintl(long double x);
long double roundl(long double x);
long double scalblnl(long double x, long n);
long double scalbnl(long double x, int n);
long double sinhl(long double x);
long double sinl(long double x);
long double tanhl(long double x);
long double tanl(long double x);
long double tgammal(long double x);
long double truncl(long double x);
__END_DECLS
#endif

#if __GNU_VISIBLE
__BEGIN_DECLS
long double exp10l(long double x);
long double lgammal_r(long double x, int *sign);
void sincosl(long double x, long double *sine, long double *cosine);
__END_DECLS
#endif

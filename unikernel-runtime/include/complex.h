/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complex.h - newlib's, with CMPLX() (ISO C 7.3.9.3) and the long double functions, of which newlib declares some
 * for Cygwin only.
 */
#pragma once

#include_next <complex.h>

#if __ISO_C_VISIBLE >= 2011
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#define CMPLXF(x, y) __builtin_complex((float)(x), (float)(y))
#define CMPLXL(x, y) __builtin_complex((long double)(x), (long double)(y))
#endif

__BEGIN_DECLS
long double complex cacoshl(long double complex z);
long double complex cacosl(long double complex z);
long double complex casinhl(long double complex z);
long double complex catanhl(long double complex z);
long double complex ccoshl(long double complex z);
long double complex ccosl(long double complex z);
long double complex cexpl(long double complex z);
long double complex conjl(long double complex z);
long double complex cpowl(long double complex z, long double complex exponent);
long double complex cprojl(long double complex z);
long double complex csinhl(long double complex z);
long double complex csinl(long double complex z);
long double complex ctanhl(long double complex z);
long double complex ctanl(long double complex z);
__END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complex_long.c - complex long double functions (ISO C 7.3 and annex G) to the full precision of long double.
 * newlib's lose digits near branch points and poles, and give NaN where a factor overflows. The inverse functions
 * are Kahan's ("Branch Cuts for Complex Elementary Functions", 1987): sums of terms of one sign only.
 *
 * What turns by a quarter is one of the others: sin(z) = -i sinh(iz), and so on, with parts exchanged.
 */
#include <complex.h>
#include <math.h>

typedef long double complex number;

#define PI_HALF 1.57079632679489661923132169163975144L
#define LN_2 0.693147180559945309417232121458176568L
#define LARGE 11000.0L /* exp() of it is finite, and the half of exp(2 * LARGE) is not */

static number exchange(number z)
{
    return CMPLXL(cimagl(z), creall(z));
}

/* exp(x) * (factor * (cos(y) + i sin(y))) for finite y; exp(x) may overflow where the product does not. */
static number exp_polar(long double x, long double y, long double factor)
{
    long double sine, cosine;
    sincosl(y, &sine, &cosine);
    const long double most = fabsl(x) > LARGE && isfinite(x) ? expl(x / 2) : 1;
    const long double rest = most != 1 ? most : expl(x);
    return CMPLXL(most * cosine * (factor * rest), y == 0 ? y : most * sine * (factor * rest));
}

number cexpl(number z)
{
    const long double x = creall(z), y = cimagl(z);
    if (isfinite(y)) {
        return exp_polar(x, y, 1);
    }
    if (isinf(x)) {
        return x < 0 ? CMPLXL(0, copysignl(0, y)) : CMPLXL(x, y - y);
    }
    return CMPLXL(y - y, y - y);
}

number csinhl(number z)
{
    const long double x = creall(z), y = cimagl(z);
    if (!isfinite(y)) {
        return CMPLXL(x == 0 || isinf(x) ? x : y - y, y - y);
    }
    if (fabsl(x) > LARGE && isfinite(x)) {
        const number w = exp_polar(fabsl(x), y, 0.5L);
        return CMPLXL(copysignl(1, x) * creall(w), cimagl(w));
    }
    if (y == 0) {
        return CMPLXL(sinhl(x), y);
    }
    return CMPLXL(sinhl(x) * cosl(y), coshl(x) * sinl(y));
}

number ccoshl(number z)
{
    const long double x = creall(z), y = cimagl(z);
    if (!isfinite(y)) {
        return CMPLXL(isinf(x) ? x * x : y - y, x == 0 ? 0 : y - y);
    }
    if (fabsl(x) > LARGE && isfinite(x)) {
        const number w = exp_polar(fabsl(x), y, 0.5L);
        return CMPLXL(creall(w), copysignl(1, x) * cimagl(w));
    }
    if (y == 0) {
        return CMPLXL(coshl(x), copysignl(1, x) * y);
    }
    return CMPLXL(coshl(x) * cosl(y), x == 0 ? x * sinl(y) : sinhl(x) * sinl(y));
}

number ctanhl(number z)
{
    const long double x = creall(z), y = cimagl(z);
    if (isinf(x)) {
        return CMPLXL(copysignl(1, x), copysignl(0, isfinite(y) ? sinl(2 * y) : y));
    }
    if (isnan(x) || !isfinite(y)) {
        return CMPLXL(x == 0 ? x : x + (y - y), y == 0 ? y : x + (y - y));
    }
    if (fabsl(x) > 25) { /* tanh(x) is 1 */
        return CMPLXL(copysignl(1, x), 4 * sinl(y) * cosl(y) * expl(-2 * fabsl(x)));
    }
    const long double t = tanl(y), beta = 1 + t * t, s = sinhl(x);
    const long double divisor = 1 + beta * s * s;
    return CMPLXL(beta * sqrtl(1 + s * s) * s / divisor, t / divisor);
}

number csinl(number z)
{
    return exchange(csinhl(exchange(z)));
}

number ccosl(number z)
{
    return ccoshl(CMPLXL(-cimagl(z), creall(z)));
}

number ctanl(number z)
{
    return exchange(ctanhl(exchange(z)));
}

number clogl(number z)
{
    const long double x = fabsl(creall(z)), y = fabsl(cimagl(z));
    const long double most = fmaxl(x, y), least = fminl(x, y);
    long double result;
    if (most > 0.5L && x + y < 4) { /* near 1 the logarithm of hypot() would lose digits */
        result = log1pl((most - 1) * (most + 1) + least * least) / 2;
        if (result < -0.3L) {
            result = logl(hypotl(x, y));
        }
    } else if (isfinite(most) && (most > 0x1p16000L || (most < 0x1p-16000L && most > 0))) {
        const int exponent = ilogbl(most);
        result = logl(hypotl(scalbnl(x, -exponent), scalbnl(y, -exponent))) + exponent * LN_2;
    } else {
        result = logl(hypotl(x, y));
    }
    return CMPLXL(result, cargl(z));
}

/* As precise as the logarithm times |exponent| is. */
number cpowl(number z, number exponent)
{
    return cexpl(exponent * clogl(z));
}

/* For finite x and y, the larger of which is far from overflow and underflow. */
static number square_root(long double x, long double y)
{
    const long double t = sqrtl((fabsl(x) + hypotl(x, y)) / 2), u = fabsl(y) / (2 * t);
    return x >= 0 ? CMPLXL(t, copysignl(u, y)) : CMPLXL(u, copysignl(t, y));
}

number csqrtl(number z)
{
    const long double x = creall(z), y = cimagl(z), most = fmaxl(fabsl(x), fabsl(y));
    if (x == 0 && y == 0) {
        return CMPLXL(0, y);
    }
    if (isinf(y)) {
        return CMPLXL(INFINITY, y);
    }
    if (isinf(x)) {
        return x > 0 ? CMPLXL(x, copysignl(y - y, y)) : CMPLXL(fabsl(y - y), copysignl(x, y));
    }
    if (isnan(x) || isnan(y)) {
        return CMPLXL(x + y, x + y);
    }
    if (most > 0x1p16000L) {
        return 0x1p64L * square_root(x * 0x1p-128L, y * 0x1p-128L);
    }
    if (most < 0x1p-16000L) {
        return 0x1p-64L * square_root(x * 0x1p128L, y * 0x1p128L);
    }
    return square_root(x, y);
}

number casinl(number z)
{
    return exchange(casinhl(exchange(z)));
}

number casinhl(number z)
{
    const long double x = creall(z), y = cimagl(z);
    if (isinf(x) || isinf(y)) {
        return CMPLXL(copysignl(INFINITY, x), atan2l(y, fabsl(x)));
    }
    if (isnan(x) || isnan(y)) {
        return CMPLXL(x + y, y == 0 ? y : x + y);
    }
    if (fmaxl(fabsl(x), fabsl(y)) > 0x1p8000L) {
        const number w = clogl(CMPLXL(fabsl(x), y));
        return CMPLXL(copysignl(creall(w) + LN_2, x), cimagl(w));
    }
    /* asin(y + ix), exchanged. */
    const number below = csqrtl(CMPLXL(1 - y, -x)), above = csqrtl(CMPLXL(1 + y, x));
    return CMPLXL(asinhl(creall(below) * cimagl(above) - cimagl(below) * creall(above)),
                  atan2l(y, creall(below) * creall(above) - cimagl(below) * cimagl(above)));
}

number cacosl(number z)
{
    const long double x = creall(z), y = cimagl(z);
    if (isinf(x) || isinf(y)) {
        return CMPLXL(atan2l(fabsl(y), x), -copysignl(INFINITY, y));
    }
    if (isnan(x) || isnan(y)) {
        return CMPLXL(x == 0 ? PI_HALF : x + y, x + y);
    }
    if (fmaxl(fabsl(x), fabsl(y)) > 0x1p8000L) {
        const number w = clogl(CMPLXL(x, fabsl(y)));
        return CMPLXL(cimagl(w), -copysignl(creall(w) + LN_2, y));
    }
    const number below = csqrtl(CMPLXL(1 - x, -y)), above = csqrtl(CMPLXL(1 + x, y));
    return CMPLXL(2 * atan2l(creall(below), creall(above)),
                  asinhl(creall(above) * cimagl(below) - cimagl(above) * creall(below)));
}

number cacoshl(number z)
{
    const number w = cacosl(z);
    return CMPLXL(fabsl(cimagl(w)), copysignl(creall(w), cimagl(z)));
}

number catanhl(number z)
{
    const long double x = creall(z), y = cimagl(z), a = fabsl(x), b = fabsl(y);
    if (isinf(x) || isinf(y)) {
        return CMPLXL(copysignl(0, x), isnan(y) ? y : copysignl(PI_HALF, y));
    }
    if (isnan(x) || isnan(y)) {
        return CMPLXL(x == 0 ? x : x + y, x + y);
    }
    if (fmaxl(a, b) > 0x1p8000L) { /* 1 / z */
        const long double most = fmaxl(a, b), r = fminl(a, b) / most;
        return CMPLXL(x / most / most / (1 + r * r), copysignl(PI_HALF, y));
    }
    const long double real = a == 1 && b < 0x1p-8000L
                                 ? (LN_2 - logl(b)) / 2
                                 : log1pl(4 * a / ((1 - a) * (1 - a) + b * b)) / 4;
    return CMPLXL(copysignl(real, x), atan2l(2 * y, (1 - a) * (1 + a) - b * b) / 2);
}

number catanl(number z)
{
    return exchange(catanhl(exchange(z)));
}

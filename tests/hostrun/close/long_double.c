// SPDX-License-Identifier: Apache-2.0
// Long double functions, real and complex: units in the last place between them and glibc's, at random points and at
// all pairs of nasty ones. Of a complex result, a unit is that of its larger part.
#include <complex.h>
#include <math.h>
#include <stdbool.h>

#include "../../guest/lib/tap.h"
#include "../same/random.h"

typedef long double complex number;

struct function {
    const char *name;
    long double (*real)(long double);
    long double (*real2)(long double, long double);
    number (*of_complex)(number);
    long double limit; /* units */
    long double worst;
    long double at[2];
    unsigned int wrong; /* one is infinite, or no number, and the other is not */
};

#define REAL(f, units)                                                                             \
    {                                                                                              \
        .name = #f, .real = (f), .limit = (units)                                                  \
    }
#define REAL2(f, units)                                                                            \
    {                                                                                              \
        .name = #f, .real2 = (f), .limit = (units)                                                 \
    }
#define COMPLEX(f, units)                                                                          \
    {                                                                                              \
        .name = #f, .of_complex = (f), .limit = (units)                                            \
    }

static number power(number z)
{
    return cpowl(z, CMPLXL(cimagl(z) / 3, 0.5L));
}

static long double multiply_add(long double x, long double y)
{
    return fmal(x, y, -x);
}

static long double remainder_of(long double x, long double y)
{
    int quotient;
    const long double rest = remquol(x, y, &quotient);
    return isnan(rest) ? rest : rest * 8 + (quotient & 7);
}

static long double toward(long double x, long double y)
{
    return (long double)nexttoward((double)x, y) + (long double)nexttowardf((float)x, y);
}

static struct function functions[] = {
    REAL(acoshl, 3),       REAL(acosl, 1),      REAL(asinhl, 3),        REAL(asinl, 1),
    REAL(atanhl, 4),       REAL(atanl, 1),      REAL(cbrtl, 1),         REAL(ceill, 0),
    REAL(coshl, 3),        REAL(cosl, 2),       REAL(erfcl, 6),         REAL(erfl, 2),
    REAL(exp10l, 20),      REAL(exp2l, 2),      REAL(expl, 2),          REAL(expm1l, 3),
    REAL(floorl, 0),       REAL(lgammal, 100),  REAL(log10l, 2),        REAL(log1pl, 2),
    REAL(log2l, 2),        REAL(logbl, 0),      REAL(logl, 2),          REAL(nearbyintl, 0),
    REAL(rintl, 0),        REAL(roundl, 0),     REAL(sinhl, 4),         REAL(sinl, 2),
    REAL(sqrtl, 0),        REAL(tanhl, 4),      REAL(tanl, 2),          REAL(tgammal, 30),
    REAL(truncl, 0),       REAL2(atan2l, 1),    REAL2(copysignl, 0),    REAL2(fdiml, 0),
    REAL2(fmodl, 0),       REAL2(hypotl, 1),    REAL2(multiply_add, 0), REAL2(nextafterl, 0),
    REAL2(nexttowardl, 0), REAL2(powl, 100),    REAL2(remainder_of, 0), REAL2(remainderl, 0),
    REAL2(toward, 0),      COMPLEX(cacoshl, 5), COMPLEX(cacosl, 5),     COMPLEX(casinhl, 5),
    COMPLEX(casinl, 5),    COMPLEX(catanhl, 6), COMPLEX(catanl, 6),     COMPLEX(ccoshl, 5),
    COMPLEX(ccosl, 5),     COMPLEX(cexpl, 5),   COMPLEX(clogl, 3),      COMPLEX(conjl, 0),
    COMPLEX(cprojl, 0),    COMPLEX(csinhl, 5),  COMPLEX(csinl, 5),      COMPLEX(csqrtl, 2),
    COMPLEX(ctanhl, 8),    COMPLEX(ctanl, 8),   COMPLEX(power, 20000),
};

static long double unit_of(long double x)
{
    return x == 0 ? 0x1p-16445L : fmaxl(scalbnl(1, ilogbl(x) - 63), 0x1p-16445L);
}

static void compare(struct function *f, const long double *at, number own, number other)
{
    const long double parts[2][2] = {{creall(own), creall(other)}, {cimagl(own), cimagl(other)}};
    const long double unit = unit_of(fmaxl(fabsl(creall(other)), fabsl(cimagl(other))));
    for (int i = 0; i < 2; i++) {
        const long double a = parts[i][0], b = parts[i][1];
        const bool is_finite = isfinite(a) && isfinite(b);
        const long double units = is_finite ? fabsl(a - b) / unit : 0;
        /* Of an infinite complex number, annex G leaves signs open, and what a product overflows to. */
        const bool is_open = f->of_complex != NULL && (isinf(creall(own)) || isinf(cimagl(own))) &&
                             (isinf(creall(other)) || isinf(cimagl(other)));
        if (!is_finite && !is_open && !(isnan(a) && isnan(b)) && a != b) {
            f->wrong++;
            printf("# %s(%La, %La): %La, glibc's is %La\n", f->name, at[0], at[1], a, b);
        }
        if (units > f->worst) {
            f->worst = units;
            f->at[0] = at[0];
            f->at[1] = at[1];
        }
    }
}

static void step(struct function *f, const long double *at, bool is_compared)
{
    const number result = f->real != NULL    ? (number)f->real(at[0])
                          : f->real2 != NULL ? (number)f->real2(at[0], at[1])
                                             : f->of_complex(CMPLXL(at[0], at[1]));
    if (!is_compared) {
        printf("%La %La\n", creall(result), cimagl(result));
        return;
    }
    long double x = 0, y = 0;
    if (scanf("%La %La", &x, &y) != 2) {
        f->wrong++;
    }
    compare(f, at, result, CMPLXL(x, y));
}

static void step_all(long double x, long double y, bool is_compared)
{
    const long double at[2] = {x, y};
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        step(&functions[i], at, is_compared);
    }
}

/* Exponents from -span to span. */
static long double random_number(int span)
{
    union long_double_bits u = {.value = 0};
    u.parts.mantissa = random_bits() | 1ull << 63;
    u.parts.exponent = (uint16_t)(16383 - span + random_below(2 * span + 1));
    return random_below(2) == 0 ? u.value : -u.value;
}

int main(int argc, char **argv)
{
    static const long double nasty[] = {
        0, -0.0L, 1,      -1,          INFINITY,   -INFINITY,  NAN,         0.5L,        -2,
        3, 12000, -12000, 0x1p-16445L, 0x1p-9000L, 0x1p10000L, -0x1p16383L, __LDBL_MAX__};
    const bool is_compared = argc > 1 && argv[1][0] == 'c';
    const int nasty_count = (int)(sizeof(nasty) / sizeof(nasty[0]));
    for (int i = 0; i < nasty_count * nasty_count; i++) {
        step_all(nasty[i / nasty_count], nasty[i % nasty_count], is_compared);
    }
    for (int i = 0; i < 2000; i++) {
        static const int spans[] = {1, 4, 12, 14};
        const int span = spans[i % 4];
        const long double x = random_number(span);
        step_all(x, random_number(span), is_compared);
    }
    for (size_t i = 0; is_compared && i < sizeof(functions) / sizeof(functions[0]); i++) {
        const struct function *const f = &functions[i];
        tap_check(f->wrong == 0 && f->worst <= f->limit, "%s: %.1Lf units at most (%.3Lg, %.3Lg)",
                  f->name, f->worst, f->at[0], f->at[1]);
    }
    return is_compared ? tap_done() : 0;
}

// SPDX-License-Identifier: Apache-2.0
// printf() and wprintf() of double and long double, all conversions and flags.
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "random.h"

/* glibc 2.36 forgets zeros of "%#.2g" where rounding gives one digit more. */
static int is_glibc_wrong(const char *flags, char conversion)
{
    return strchr(flags, '#') != NULL && (conversion | 0x20) == 'g';
}

static double random_double(void)
{
    static const double special[] = {0,         -0.0,     1,
                                     0.5,       1.5,      2.5,
                                     9.5,       99.5,     0.05,
                                     1e15,      1e16,     1e17,
                                     123456789, 0.0001,   1e-5,
                                     1e100,     1e-100,   INFINITY,
                                     -INFINITY, 999999.5, 9999995,
                                     1e22,      1e23,     8192.25,
                                     0.1,       0.3,      2.2250738585072014e-308};
    switch (random_below(4)) {
    case 0:
        return special[random_below((int)(sizeof(special) / sizeof(special[0])))];
    case 1:
        return (double)(int64_t)random_bits() / (double)(1ull << random_below(63));
    case 2:
        return random_below(20000) / 1000.0;
    default: {
        const union double_bits u = {.bits = random_bits() & ~(1ull << 62)};
        return fpclassify(u.value) == FP_SUBNORMAL ? 1 : u.value;
    }
    }
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void print_one(const char *flags, char conversion, int width, int precision)
{
    char format[40], *p = format + sprintf(format, "%%%s", flags);
    static char text[9000];
    static wchar_t wide_format[40], wide[9000];
    if (width > 0) {
        p += sprintf(p, "%d", width);
    }
    if (precision >= 0) {
        p += sprintf(p, ".%d", precision);
    }
    p[0] = conversion;
    p[1] = '\0';
    const double d = random_double();
    int n = snprintf(text, sizeof(text), format, d);
    printf("%s %d [%s]\n", format, n, text);
    p[0] = 'L';
    p[1] = conversion;
    p[2] = '\0';
    const long double l = random_below(2) == 0 ? (long double)d : random_long_double();
    n = snprintf(text, sizeof(text), format, l);
    printf("%s %d [%s]\n", format, n, text);
    swprintf(wide_format, 40, L"%s", format);
    n = swprintf(wide, 9000, wide_format, l);
    printf("%s %d [%ls]\n", format, n, wide);
}

int main(void)
{
    static const char *const flags[] = {"", "-", "+", " ", "#", "0", "+0", "-#", "#0"};
    for (int i = 0; i < 8000; i++) {
        const char *const flag = flags[random_below(9)];
        const char conversion = "aAeEfFgG"[random_below(8)];
        const int precision =
            random_below(3) == 0 ? -1 : random_below(random_below(9) == 0 ? 400 : 25);
        const int width = random_below(3) == 0 ? random_below(40) : 0;
        if (!is_glibc_wrong(flag, conversion)) {
            print_one(flag, conversion, width, precision);
        }
    }
    return 0;
}

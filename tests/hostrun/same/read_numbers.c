// SPDX-License-Identifier: Apache-2.0
// strtof(), strtod(), strtold(): to the last bit, where they end, errno.
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

/*
 * Not the payload of a NaN, nor whether the smallest numbers of a precision are ERANGE; nor hexadecimal ones among
 * them, as glibc 2.36 does not always round them to the nearest ("0x808008800p-165").
 */
static void print(const char *text, long double value, long double least, const char *end,
                  int error)
{
    const bool is_small = fabsl(value) <= least, is_hex = strpbrk(text, "pP") != NULL;
    const union long_double_bits u = {.value = is_small && is_hex ? 0 : value};
    printf(" %04x %016llx %d %d", u.parts.exponent,
           isnan(value) ? 0 : (unsigned long long)u.parts.mantissa, (int)(end - text),
           is_small && (value != 0 || is_hex) ? 0 : error);
}

static void read_number(const char *text)
{
    char *end;
    printf("%.50s", text);
    errno = 0;
    const float f = strtof(text, &end);
    print(text, (long double)f, FLT_MIN, end, errno);
    errno = 0;
    const double d = strtod(text, &end);
    print(text, (long double)d, DBL_MIN, end, errno);
    errno = 0;
    const long double l = strtold(text, &end);
    print(text, l, LDBL_MIN, end, errno);
    putchar('\n');
}

static const char *const nasty[] = {
    "0x1.8p3",
    "0x",
    "0x.p1",
    "0x1p",
    "0x1p+",
    "0x.8",
    "inf",
    "INFINITY",
    "infinit",
    "nan",
    "nan(123)",
    "nan(0x7ff)",
    "nan(",
    "nan(abc",
    "nan()",
    "-nan(1)",
    "+inf",
    "-0",
    "1e400",
    "-1e400",
    "1e-400",
    "1e5000",
    "1e-5000",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "0e99999999999999999999",
    "2.2250738585072011e-308",
    "2.2250738585072012e-308",
    "2.2250738585072014e-308",
    "4.9406564584124654e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "1.797693134862315807e308",
    "1.797693134862315808e308",
    "0x1.fffffffffffff7p1023",
    "0x1.fffffffffffff8p1023",
    "0x1.00000000000008p0",
    "0x1.00000000000018p0",
    "0x1.000000000000080001p0",
    "0x0.0000000000001p-1022",
    "0x0.00000000000008p-1022",
    "0x0.00000000000018p-1022",
    "0x1p-1075",
    "0x1.8p-1075",
    "0x1.0000001p-1075",
    "0x1p-1074",
    "0x1p-16445",
    "0x1p-16446",
    "0x1.1p-16446",
    "0x1.8p-16445",
    "0x1p16384",
    "0x1.ffffffffffffffffp16383",
    "0x1.fffffffffffffffep16383",
    "0x1p99999999999999999999",
    "0x1p-99999999999999999999",
    "0x0p99999999999",
    "0x0.00000000000000000000000000000000000000000000000001p200",
    "0x10000000000000000000000000000000000000000000000p-180",
    "1.",
    "1.e",
    "1.e+",
    ".",
    "+.",
    "-",
    "e5",
    ".e5",
    "1_000",
    "  \t\n12",
    "0x1.fffffep127",
    "0x1.ffffffp127",
    "0x1.fffffefp127",
    "3.4028235e38",
    "3.4028236e38",
    "3.40282356779733661637539395458142568447e38",
    "3.40282356779733661637539395458142568448e38",
    "1.4e-45",
    "7.006492321624085e-46",
    "7.006492321624086e-46",
    "1.1754943508222875e-38",
    "1.17549431578e-38",
    "0x1.fffffcp-127",
    "0x1.fffffep-127",
    "0x1.ffffffp-127",
    "0x1.ffffff8p-127",
    "0x1.fffffffffffffp-1023",
    "0x1.fffffffffffff8p-1023",
    "3.3621031431120935063e-4932",
    "3.64519953188247460253e-4951",
    "1.82259976594123730126e-4951",
    "1.82259976594123730127e-4951",
    "1.18973149535723176502e+4932",
    "1.18973149535723176505e+4932",
    "1.18973149535723176506e+4932",
    "1.18973149535723176508575932662800702e+4932",
    "9007199254740993",
    "9007199254740992.99999999999999999999999",
    "9007199254740993.00000000000000000000000000000000000001",
    "36893488147419103233",
    "36893488147419103231",
    "18446744073709551617.5",
    "1e23",
    "8.5e22",
    "0x.00p5z",
    "0x1P+5",
    "0XAbC.dEfP-3",
    "0x1.8p3.4",
    "1e+x",
    "1e-",
    "infinityx",
    "INFx",
    "nanx",
    "+nan",
    "0x-1",
    "- 1",
    "0x3a2771afb3.5p-1081",
    "-nan",
    "1e27",
    "1e28",
    "1e-27",
    "1e-28",
    "9999999999999999999",
    "99999999999999999999",
    "0.000",
    ".",
    "00000000000000000000000001.5",
};

static void read_decimal_numbers(void)
{
    for (int i = 0; i < 3000; i++) {
        char text[80], *p = text;
        const int digits = 1 + random_below(40), point = random_below(digits + 1);
        p += sprintf(p, "%s", random_below(4) == 0 ? "-" : "");
        for (int k = 0; k < digits; k++) {
            p += sprintf(p, "%s%d", k == point ? "." : "", random_below(10));
        }
        const int widths[] = {90, 90, 700, 10000}, width = widths[random_below(4)];
        sprintf(p, "e%d", random_below(width) - width / 2);
        read_number(text);
    }
    for (int i = 0; i < 3000; i++) {
        char text[80];
        const union double_bits u = {.bits = random_bits() & ~(1ull << 62)};
        sprintf(text, "%.*e", random_below(25), u.value);
        read_number(text);
    }
}

static void read_hexadecimal_numbers(void)
{
    static const char *const alphabets[] = {"0123456789abcdef", "08", "0f"};
    static const int edges[] = {-1074, 1023, -16445, -149, 127, 0};
    for (int i = 0; i < 4000; i++) {
        char text[80], *p = text + sprintf(text, "0x");
        const int digits = 1 + random_below(30), point = random_below(digits + 1);
        const char *const alphabet = alphabets[random_below(3)];
        for (int k = 0; k < digits; k++) {
            p += sprintf(p, "%s%c", k == point ? "." : "",
                         alphabet[random_below((int)strlen(alphabet))]);
        }
        sprintf(p, "p%d", edges[random_below(6)] + random_below(160) - 80);
        read_number(text);
    }
}

/* Just between two doubles, all digits; a little more, a little less. */
static void read_halfway_numbers(void)
{
    static char text[2000];
    for (int i = 0; i < 600; i++) {
        const union double_bits low = {.bits = random_bits() & ~(3ull << 62)},
                                high = {.bits = low.bits + 1};
        const long double half =
            (long double)low.value + ((long double)high.value - (long double)low.value) / 2;
        sprintf(text, "%.1100Le", half);
        char *const exponent = strchr(text, 'e'), saved[16];
        strcpy(saved, exponent);
        read_number(text);
        sprintf(exponent, "1%s", saved);
        read_number(text);
        char *last = exponent;
        while (*--last == '0') {
        }
        *last = (char)(*last - 1);
        sprintf(last + 1, "9999%s", saved);
        read_number(text);
    }
}

static void read_long_doubles(void)
{
    for (int i = 0; i < 500; i++) {
        char text[80];
        const union long_double_bits u = {.value = random_long_double()};
        static const char *const tails[] = {"", ".8", ".7fffffffffff", ".800000000000001"};
        sprintf(text, "%.*Le", random_below(30), u.value);
        read_number(text);
        sprintf(text, "0x%llx%sp%d", (unsigned long long)u.parts.mantissa, tails[random_below(4)],
                u.parts.exponent - 16383 - 63);
        read_number(text);
    }
}

static void read_long_texts(void)
{
    static char text[6000];
    memset(text, '9', 5000);
    strcpy(text + 5000, "e-5000");
    read_number(text);
    memset(text, '0', 5000);
    strcpy(text + 5000, "1e10");
    read_number(text);
    text[1] = '.';
    strcpy(text + 5000, "17e4999");
    read_number(text);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
        read_number(nasty[i]);
    }
    read_decimal_numbers();
    read_hexadecimal_numbers();
    read_halfway_numbers();
    read_long_doubles();
    read_long_texts();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* strtod.c - strtod() and its kin (POSIX.1-2008), for strings and wide strings. All locales have the same point. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <wchar.h>

#include "libc/number.h"

static int byte_at(void *from, size_t index)
{
    return ((const unsigned char *)from)[index];
}

static int wide_at(void *from, size_t index)
{
    const wchar_t c = ((const wchar_t *)from)[index];
    return c >= 0 && c < 0x80 ? (int)c : 0xff;
}

#define POWERS 28 /* of ten, that long double has exactly */
#define MOST_DIGITS 19

/* 10^exponent, 0 <= exponent < POWERS: products of exact powers, exact themselves. */
static long double power_of_ten(int exponent)
{
    static const float powers[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f};
    long double power = powers[exponent % 9];
    for (; exponent >= 9; exponent -= 9) {
        power *= powers[9];
    }
    return power;
}

/* Digits, from *at on, with at most one point. Returns how many are behind it; *count: of all that count. */
static int take_digits(const char **at, uint64_t *mantissa, int *count)
{
    const char *point = NULL, *p = *at;
    uint64_t m = 0;
    int digits = 0;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && point == NULL); p++) {
        if (*p == '.') {
            point = p;
        } else {
            m = m * 10 + (uint64_t)(*p - '0');
            digits += m != 0;
        }
    }
    *count = p - *at == (point != NULL) ? MOST_DIGITS + 1 : digits;
    *mantissa = m;
    *at = p;
    return point == NULL ? 0 : (int)(p - point) - 1;
}

/*
 * What most numbers look like: up to 19 digits and a small exponent. Integer and power of ten are exact then, so
 * one operation rounds once, to 64 bits. To fewer bits that is rounded again, which is right unless what
 * is cut off may be one half. False: the general way has to be taken.
 */
static bool convert_quickly(const char *text, char **end, enum mf_precision precision,
                            long double *value)
{
    const bool is_negative = *text == '-';
    const char *p = text + (is_negative ? 1 : 0);
    uint64_t mantissa;
    int digits, exponent = -take_digits(&p, &mantissa, &digits);
    if (digits > MOST_DIGITS || exponent <= -POWERS || (*p | 0x20) == 'x') {
        return false;
    }
    if ((*p | 0x20) == 'e') {
        const int is_signed = p[1] == '-' || p[1] == '+';
        const char *const first = p + 1 + is_signed;
        int power = 0;
        for (p = first; *p >= '0' && *p <= '9' && power < POWERS * 2; p++) {
            power = power * 10 + (*p - '0');
        }
        exponent += is_signed != 0 && first[-1] == '-' ? -power : power;
        if (p == first || power >= POWERS * 2) {
            return false;
        }
    }
    if (exponent <= -POWERS || exponent > 18) { /* 10^37: a float, too */
        return false;
    }
    union {
        long double value;
        uint64_t mantissa;
    } u = {.value = (long double)mantissa};
    u.value = exponent < 0 ? u.value / power_of_ten(-exponent) : u.value * power_of_ten(exponent);
    const unsigned int lost_bits[] = {40, 11, 1};
    const uint64_t half = 1ull << (lost_bits[precision] - 1), lost = u.mantissa & (2 * half - 1);
    if (precision != MF_LONG_DOUBLE && lost >= half - 1 && lost <= half + 1) {
        return false;
    }
    *value = is_negative ? -u.value : u.value;
    if (end != NULL) {
        *end = (char *)(uintptr_t)p;
    }
    return true;
}

static long double convert(const char *text, char **end, enum mf_precision precision)
{
    long double value;
    if (convert_quickly(text, end, precision, &value)) {
        return value;
    }
    struct mf_source s = {.at = byte_at, .from = (void *)(uintptr_t)text, .limit = SIZE_MAX};
    value = mf_source_number(&s, precision, true);
    if (end != NULL) {
        *end = (char *)(uintptr_t)text + (s.is_wrong ? 0 : s.count);
    }
    return value;
}

static long double convert_wide(const wchar_t *text, wchar_t **end, enum mf_precision precision)
{
    struct mf_source s = {.at = wide_at, .from = (void *)(uintptr_t)text, .limit = SIZE_MAX};
    const long double value = mf_source_number(&s, precision, true);
    if (end != NULL) {
        *end = (wchar_t *)(uintptr_t)text + (s.is_wrong ? 0 : s.count);
    }
    return value;
}

float strtof(const char *restrict text, char **restrict end)
{
    return (float)convert(text, end, MF_FLOAT);
}

double strtod(const char *restrict text, char **restrict end)
{
    return (double)convert(text, end, MF_DOUBLE);
}

long double strtold(const char *restrict text, char **restrict end)
{
    return convert(text, end, MF_LONG_DOUBLE);
}

float strtof_l(const char *restrict text, char **restrict end, locale_t locale)
{
    (void)locale;
    return strtof(text, end);
}

double strtod_l(const char *restrict text, char **restrict end, locale_t locale)
{
    (void)locale;
    return strtod(text, end);
}

long double strtold_l(const char *restrict text, char **restrict end, locale_t locale)
{
    (void)locale;
    return strtold(text, end);
}

float wcstof(const wchar_t *restrict text, wchar_t **restrict end)
{
    return (float)convert_wide(text, end, MF_FLOAT);
}

double wcstod(const wchar_t *restrict text, wchar_t **restrict end)
{
    return (double)convert_wide(text, end, MF_DOUBLE);
}

long double wcstold(const wchar_t *restrict text, wchar_t **restrict end)
{
    return convert_wide(text, end, MF_LONG_DOUBLE);
}

float wcstof_l(const wchar_t *restrict text, wchar_t **restrict end, locale_t locale)
{
    (void)locale;
    return wcstof(text, end);
}

double wcstod_l(const wchar_t *restrict text, wchar_t **restrict end, locale_t locale)
{
    (void)locale;
    return wcstod(text, end);
}

long double wcstold_l(const wchar_t *restrict text, wchar_t **restrict end, locale_t locale)
{
    (void)locale;
    return wcstold(text, end);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ldcvt.c - the digits of a long double for printf(), exact and rounded to nearest, ties to even (ISO C
 * 7.21.6.1). newlib's printf() asks for them (third-party/edit-newlib); double has newlib's own way.
 *
 * A value is m * 2^e. Its decimal expansion is finite: it is computed as a number in base 10^9 of so many
 * words before and behind the point, by multiplying or dividing m step by step.
 */
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BASE 1000000000u
#define BASE_DIGITS 9
#define SHIFT_UP 29  /* words times 2^29, and a carry, fit into 64 bits */
#define SHIFT_DOWN 9 /* 10^9 can be divided by 2^9 */

char *__mf_ldcvt(struct _reent *reent, long double value, int precision, int alternative,
                 char *sign, int *point, int conversion, int *length, char **buffer);

struct request {
    uint64_t mantissa; /* its highest bit is set */
    int exponent;      /* the value is mantissa * 2^exponent */
    int precision;
    char conversion; /* a, e, f or g */
    int alternative; /* not 0: 'g' keeps zeros at the end */
    int point;       /* out: digits before the decimal point; 'a': exponent */
    int length;      /* out */
    char **buffer;
};

static char *get_buffer(struct request *r, size_t bytes)
{
    free(*r->buffer);
    *r->buffer = (char *)malloc(bytes);
    return *r->buffer;
}

/* The 16 hexadecimal digits, one of them before the point, as glibc does. */
static char *convert_hex(struct request *r, const char *digits)
{
    const int count = r->precision < 0 || r->precision > 15 ? 15 : r->precision,
              cut = 60 - 4 * count;
    uint64_t rest = r->mantissa >> cut;
    const uint64_t lost = r->mantissa - (rest << cut), half = 1ull << cut >> 1;
    rest += cut != 0 && (lost > half || (lost == half && (rest & 1) != 0));
    r->point = r->exponent + 61;
    if (cut != 0 && rest >> (64 - cut) != 0) {
        rest >>= 4;
        r->point += 4;
    }
    r->length = 1 + (r->precision > count ? r->precision : count);
    char *const text = get_buffer(r, (size_t)r->length + 1);
    if (text == NULL) {
        return NULL;
    }
    memset(text, '0', (size_t)r->length);
    for (int i = count; i >= 0; i--, rest >>= 4) {
        text[i] = digits[rest & 15];
    }
    while (r->precision < 0 && r->length > 1 && text[r->length - 1] == '0') {
        r->length--;
    }
    return text;
}

/* words[0 .. before) is the integer part, the most significant one first. */
static void scale(uint32_t *words, int before, int all, const struct request *r)
{
    uint64_t m = r->mantissa;
    memset(words, 0, (size_t)all * sizeof(*words));
    for (int i = before - 1; m != 0; i--, m /= BASE) {
        words[i] = (uint32_t)(m % BASE);
    }
    for (int left = r->exponent; left > 0; left -= SHIFT_UP) {
        const int shift = left < SHIFT_UP ? left : SHIFT_UP;
        uint64_t carry = 0;
        for (int i = before - 1; i >= 0; i--) {
            carry += (uint64_t)words[i] << shift;
            words[i] = (uint32_t)(carry % BASE);
            carry /= BASE;
        }
    }
    for (int left = -r->exponent; left > 0; left -= SHIFT_DOWN) {
        const int shift = left < SHIFT_DOWN ? left : SHIFT_DOWN;
        uint32_t rest = 0;
        for (int i = 0; i < all; i++) {
            const uint32_t word = words[i];
            words[i] = (word >> shift) + rest * (BASE >> shift);
            rest = word & ((1u << shift) - 1);
        }
    }
}

/* Cuts off behind `keep` digits; returns where the number starts then: one digit may come in front. */
static char *round_at(char *digits, int keep, const char *end)
{
    const char *tail = digits + keep + 1;
    while (tail < end && *tail == '0') {
        tail++;
    }
    const int is_odd = keep > 0 && (digits[keep - 1] & 1) != 0;
    if (digits[keep] < '5' || (digits[keep] == '5' && tail == end && !is_odd)) {
        return digits;
    }
    int i = keep - 1;
    for (; i >= 0 && digits[i] == '9'; i--) {
        digits[i] = '0';
    }
    digits[i]++; /* the one in front is a leading zero */
    return i < 0 ? digits - 1 : digits;
}

static char *convert_decimal(struct request *r)
{
    const int before = 3 + (r->exponent > 0 ? r->exponent / SHIFT_UP + 2 : 1);
    const int all = before + (r->exponent < 0 ? (-r->exponent + SHIFT_DOWN - 1) / SHIFT_DOWN : 0);
    const size_t text_bytes = (size_t)all * BASE_DIGITS + (size_t)r->precision + 2;
    uint32_t *const words =
        (uint32_t *)(void *)get_buffer(r, (size_t)all * sizeof(uint32_t) + text_bytes);
    if (words == NULL) {
        return NULL;
    }
    scale(words, before, all, r);
    char *const text = (char *)(words + all), *const end = text + all * BASE_DIGITS;
    for (int i = 0; i < all; i++) {
        uint32_t word = words[i];
        for (int k = BASE_DIGITS - 1; k >= 0; k--, word /= 10) {
            text[i * BASE_DIGITS + k] = (char)('0' + word % 10);
        }
    }
    char *digits = text;
    while (*digits == '0') {
        digits++;
    }
    r->point = before * BASE_DIGITS - (int)(digits - text);
    int keep = r->precision + (r->conversion == 'f' ? r->point : r->conversion == 'e');
    if (keep >= 0 && keep < end - digits) {
        char *const start = round_at(digits, keep, end);
        r->point += (int)(digits - start);
        keep += r->conversion == 'f' ? (int)(digits - start) : 0;
        digits = start;
    } else if (keep > 0) {
        memset(end, '0', (size_t)(keep - (end - digits)));
    }
    if (keep <= 0) { /* nothing but zeros */
        r->point = -r->precision;
        keep = 0;
    }
    while (r->conversion == 'g' && r->alternative == 0 && keep > 1 && digits[keep - 1] == '0') {
        keep--;
    }
    r->length = keep;
    return digits;
}

/*
 * The digits of a value that is finite and not 0, in *buffer (from malloc(), freed by the caller; what
 * was there before is freed). *length: how many; *point: how many of them are before the decimal point.
 * precision: as given, -1 for 'a' without one. NULL: no memory.
 */
// NOLINTNEXTLINE(readability-function-size): the parameters of newlib's cvt(), which it stands in for
char *__mf_ldcvt(struct _reent *reent, long double value, int precision, int alternative,
                 char *sign, int *point, int conversion, int *length, char **buffer)
{
    union {
        long double value;
        struct {
            uint64_t mantissa;
            uint16_t exponent;
        } parts;
    } u = {.value = value};
    const int biased = u.parts.exponent & 0x7fff, zeros = __builtin_clzll(u.parts.mantissa);
    struct request r = {
        .mantissa = u.parts.mantissa << zeros,
        .exponent = (biased == 0 ? 1 : biased) - 16383 - 63 - zeros,
        .precision = precision,
        .conversion = (char)(conversion | ('a' - 'A')),
        .alternative = alternative,
        .buffer = buffer,
    };
    (void)reent;
    *sign = (u.parts.exponent & 0x8000) != 0 ? '-' : '\0';
    char *const digits =
        r.conversion != 'a'
            ? convert_decimal(&r)
            : convert_hex(&r, conversion == 'a' ? "0123456789abcdef" : "0123456789ABCDEF");
    *point = r.point;
    *length = r.length;
    return digits;
}

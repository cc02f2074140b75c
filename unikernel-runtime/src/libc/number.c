/* SPDX-License-Identifier: Apache-2.0 */
/* number.c - floating numbers from sources of characters; for newlib's scanf(), too. */
#include "libc/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>

long double mf_musl_floatscan(struct mf_source *s, int precision, int is_string);
int __mf_scan_float(int (*at)(void *, size_t), void *from, size_t width, int precision,
                    long double *value, size_t *count);

int mf_source_get(struct mf_source *s)
{
    const int c = s->count < s->limit ? s->at(s->from, s->count) : -1;
    if (c < 0) {
        s->is_at_end = true;
        return -1;
    }
    s->count++;
    if (s->first == '\0' && c == '-') {
        s->is_negative = true;
    } else if (s->first == '\0' && c != '+' && isspace(c) == 0) {
        s->first = (char)c;
    }
    return c;
}

/* Nothing to give back behind the end: it was not taken. */
void mf_source_unget(struct mf_source *s)
{
    s->count -= s->is_at_end ? 0 : 1;
}

static const long double least_normal[] = {__FLT_MIN__, __DBL_MIN__, __LDBL_MIN__};
static const long double most[] = {__FLT_MAX__, __DBL_MAX__, __LDBL_MAX__};

long double mf_source_number(struct mf_source *s, enum mf_precision precision, bool is_string)
{
    const int error = errno;
    const long double value = mf_musl_floatscan(s, (int)precision, is_string ? 1 : 0);
    if (s->is_wrong) {
        errno = error;
    } else if (isnan(value)) {
        return s->is_negative ? -value : value;
    } else if (fabsl(value) > most[precision] && (s->first | 0x20) != 'i') {
        errno = ERANGE; /* what a hexadecimal number has become by rounding */
    } else if (is_string && precision != MF_LONG_DOUBLE && value != 0 &&
               fabsl(value) < least_normal[precision]) {
        struct mf_source again = {.at = s->at, .from = s->from, .limit = s->limit};
        errno = mf_musl_floatscan(&again, MF_LONG_DOUBLE, 1) == value ? error : ERANGE;
    }
    return value;
}

/*
 * For scanf() and wscanf() (third-party/edit-newlib). width 0: no limit. precision: enum mf_precision.
 * Returns 0 where there is no number. *count characters were taken all the same.
 */
int __mf_scan_float(int (*at)(void *, size_t), void *from, size_t width, int precision,
                    long double *value, size_t *count)
{
    struct mf_source s = {.at = at, .from = from, .limit = width == 0 ? SIZE_MAX : width};
    *value = mf_source_number(&s, (enum mf_precision)precision, false);
    *count = s.count;
    return s.is_wrong ? 0 : 1;
}

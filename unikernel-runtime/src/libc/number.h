/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.h - floating numbers from text, wherever that comes from: a string, a wide string, a stream.
 * Correctly rounded (IEEE 754), decimal and hexadecimal, as ISO C 7.22.1.3 and 7.21.6.2 say: musl's
 * floatscan.c does it (part.mk), which reads from a struct mf_source.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mf_source {
    int (*at)(void *from, size_t index); /* character `index`, or what is negative at the end */
    void *from;
    size_t limit; /* so many characters at most */
    size_t count; /* how many have been taken */
    bool is_at_end, is_wrong;
    bool is_negative;
    char first; /* the first one behind white space and sign */
};

int mf_source_get(struct mf_source *s);
void mf_source_unget(struct mf_source *s);

enum mf_precision { MF_FLOAT, MF_DOUBLE, MF_LONG_DOUBLE };

/**
 * The number at the start of `s`, rounded once, to `precision`. s->count: characters that belong to it.
 * s->is_wrong: there is none. Where only the last character can be given back, as in streams, is_string is
 * false: what is the beginning of a number, but none ("0x", "1e+"), is wrong then. May set errno to ERANGE.
 */
long double mf_source_number(struct mf_source *s, enum mf_precision precision, bool is_string);

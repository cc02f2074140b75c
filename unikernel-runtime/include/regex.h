/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.h - POSIX.1-2008: musl's (TRE), compiled by src/libc/part.mk. Beside POSIX: back references in extended
 * expressions, \| \+ \? in basic ones, \< \> \b \B \w \W \s \S \d \D, and BSD's REG_STARTEND.
 */
#pragma once

#ifdef _COMPILING_NEWLIB
#include <sys/types.h>

#include_next <regex.h>
#else

#include <sys/cdefs.h>
#include <sys/types.h>

typedef ssize_t regoff_t;

typedef struct re_pattern_buffer {
    size_t re_nsub;
    void *__opaque, *__padding[4]; /* names that musl's functions know */
    size_t __nsub2;
    char __padding2;
} regex_t;

typedef struct {
    regoff_t rm_so;
    regoff_t rm_eo;
} regmatch_t;

#define REG_BASIC 0
#define REG_EXTENDED 1
#define REG_ICASE 2
#define REG_NEWLINE 4
#define REG_NOSUB 8

#define REG_NOTBOL 1
#define REG_NOTEOL 2
#define REG_STARTEND 4 /* the text is from rm_so to rm_eo of the first element */

#define REG_ENOSYS (-1)
#define REG_OK 0
#define REG_NOERROR 0
#define REG_NOMATCH 1
#define REG_BADPAT 2
#define REG_ECOLLATE 3
#define REG_ECTYPE 4
#define REG_EESCAPE 5
#define REG_ESUBREG 6
#define REG_EBRACK 7
#define REG_EPAREN 8
#define REG_EBRACE 9
#define REG_BADBR 10
#define REG_ERANGE 11
#define REG_ESPACE 12
#define REG_BADRPT 13

__BEGIN_DECLS
int regcomp(regex_t *__restrict expression, const char *__restrict pattern, int flags);
size_t regerror(int error, const regex_t *__restrict expression, char *__restrict buffer,
                size_t bytes);
int regexec(const regex_t *__restrict expression, const char *__restrict text, size_t count,
            regmatch_t *__restrict matches, int flags);
void regfree(regex_t *expression);
__END_DECLS

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.c - what musl's regular expressions lack: collating elements and equivalence classes, texts that end before
 * a NUL, errors in glibc's words.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "libc/texts.h"

int mf_musl_regcomp(regex_t *restrict expression, const char *restrict pattern, int flags);
int mf_musl_regexec(const regex_t *restrict expression, const char *restrict text, size_t count,
                    regmatch_t *restrict matches, int flags);

/*
 * In locales without collation [.x.] and [=x=] are x, if that is one character that means nothing special between
 * brackets. Copies such an element, "[.x.]" at p, as x. Returns what is behind it, or NULL.
 */
static const char *copy_element(char **to, const char *p)
{
    const char end[] = {p[1], ']', '\0'};
    const char *const last =
        (p[1] == '.' || p[1] == '=') && p[2] != '\0' ? strstr(p + 3, end) : NULL;
    if (last == NULL || strchr("]^-[", p[2]) != NULL ||
        mblen(p + 2, (size_t)(last - p - 2)) != last - p - 2) {
        return NULL;
    }
    *to = (char *)mempcpy(*to, p + 2, (size_t)(last - p - 2));
    return last + 2;
}

/* From "[" up to and with "]". */
static const char *copy_brackets(char **to, const char *p)
{
    const char *const start = p++;
    p += *p == '^';
    p += *p == ']';
    *to = (char *)mempcpy(*to, start, (size_t)(p - start));
    while (*p != '\0' && *p != ']') {
        const char *const behind = *p == '[' ? copy_element(to, p) : NULL;
        const char *const name_end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
        if (behind != NULL) {
            p = behind;
        } else {
            const size_t bytes = name_end != NULL ? (size_t)(name_end + 2 - p) : 1;
            *to = (char *)mempcpy(*to, p, bytes);
            p += bytes;
        }
    }
    return p;
}

int regcomp(regex_t *restrict expression, const char *restrict pattern, int flags)
{
    char *const copy = (char *)malloc(strlen(pattern) + 1), *to = copy;
    if (copy == NULL) {
        return REG_ESPACE;
    }
    for (const char *p = pattern; *p != '\0';) {
        if (*p == '[') {
            p = copy_brackets(&to, p);
        } else {
            if (*p == '\\' && p[1] != '\0') {
                *to++ = *p++;
            }
            *to++ = *p++;
        }
    }
    *to = '\0';
    const int result = mf_musl_regcomp(expression, copy, flags);
    free(copy);
    return result;
}

int regexec(const regex_t *restrict expression, const char *restrict text, size_t count,
            regmatch_t *restrict matches, int flags)
{
    if ((flags & REG_STARTEND) == 0) {
        return mf_musl_regexec(expression, text, count, matches, flags);
    }
    const regoff_t start = matches[0].rm_so;
    char *const part = strndup(text + start, (size_t)(matches[0].rm_eo - start));
    if (part == NULL) {
        return REG_ESPACE;
    }
    const int result = mf_musl_regexec(expression, part, count, matches, flags & ~REG_STARTEND);
    for (size_t i = 0; result == 0 && i < count; i++) {
        const regoff_t offset = matches[i].rm_so < 0 ? 0 : start;
        matches[i].rm_so += offset;
        matches[i].rm_eo += offset;
    }
    free(part);
    return result;
}

static const char texts[] = "Success\0"
                            "No match\0"
                            "Invalid regular expression\0"
                            "Invalid collation character\0"
                            "Invalid character class name\0"
                            "Trailing backslash\0"
                            "Invalid back reference\0"
                            "Unmatched [, [^, [:, [., or [=\0"
                            "Unmatched ( or \\(\0"
                            "Unmatched \\{\0"
                            "Invalid content of \\{\\}\0"
                            "Invalid range end\0"
                            "Memory exhausted\0"
                            "Invalid preceding regular expression\0";

size_t regerror(int error, const regex_t *restrict expression, char *restrict buffer, size_t bytes)
{
    const char *const text = mf_text(texts, sizeof(texts) - 1, error);
    (void)expression;
    return strlcpy(buffer, text != NULL ? text : "Unknown error", bytes) + 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - see words.h. */
#include "text/words.h"

#include <stddef.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copies one word from *from to `to`, without its quotes. Returns its end in `to`. */
static char *take_word(const char **from, char *to, const char **error)
{
    const char *p = *from;
    char quote = 0;

    for (; *p != 0 && (quote != 0 || !is_blank(*p)); p++) {
        if (quote == 0 && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (*p == quote) {
            quote = 0;
        } else if (*p == '\\' && quote != '\'' && p[1] != 0) {
            *to++ = *++p;
        } else {
            *to++ = *p;
        }
    }
    if (quote != 0) {
        *error = "a quote is not closed";
    }
    *from = p;
    return to;
}

int words_split(char *line, char *words[WORDS_MAX], const char **error)
{
    const char *from = line;
    char *to = line;
    int count = 0;

    *error = NULL;
    for (;;) {
        while (is_blank(*from)) {
            from++;
        }
        if (*from == 0) {
            return count;
        }
        if (count == WORDS_MAX) {
            *error = "too many words";
            return -1;
        }
        words[count++] = to;
        char *end = take_word(&from, to, error);
        if (*error != NULL) {
            return -1;
        }
        from += *from != 0; /* the blank; *end may be the same byte */
        *end = 0;
        to = end + 1;
    }
}

const char *words_value(const char *word, const char *key)
{
    const size_t n = strlen(key);
    return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

/* Reads digits; false when there is none or the number does not fit. */
static bool read_digits(const char **text, uint64_t *out)
{
    const char *p = *text;
    uint64_t value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > (UINT64_MAX - 9) / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(*p - '0');
    }
    const bool any = p != *text;
    *text = p;
    *out = value;
    return any;
}

bool words_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    uint64_t value;
    if (!read_digits(&text, &value) || *text != 0 || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

bool words_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMG";
    uint64_t value;

    if (!read_digits(&text, &value) || value == 0) {
        return false;
    }
    const char *unit = *text != 0 ? strchr(units, *text & ~0x20) : NULL;
    if (unit != NULL) {
        const unsigned int shift = 10u * (unsigned int)(unit - units + 1);
        if (value > UINT64_MAX >> shift) {
            return false;
        }
        value <<= shift;
        text++;
        text += text[0] == 'i' && text[1] == 'B' ? 1 : 0;
    }
    text += *text == 'B' ? 1 : 0;
    if (*text != 0) {
        return false;
    }
    *bytes = value;
    return true;
}

bool words_ip4(const char *text, char end, uint32_t *ip, const char **rest)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t part;
        if ((i > 0 && *text++ != '.') || !read_digits(&text, &part) || part > 255) {
            return false;
        }
        value = value << 8 | (uint32_t)part;
    }
    if (*text != 0 && *text != end) {
        return false;
    }
    *ip = value;
    *rest = text;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iconv.c - conversion between UTF-8, UTF-16, UTF-32, ISO 8859-1 and ASCII. newlib declares these
 * functions, and has them with tables for many encodings only when it is built so.
 */
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum encoding {
    ASCII,
    LATIN_1,
    UTF_8,
    UTF_16BE,
    UTF_16LE,
    UTF_32BE,
    UTF_32LE,
    UTF_16, /* with a byte order mark: big-endian when it is missing */
    UTF_32,
};

static const struct {
    const char *name;
    enum encoding encoding;
} names[] = {
    {"ASCII", ASCII},        {"US-ASCII", ASCII},    {"ANSI_X3.4-1968", ASCII},
    {"ISO-8859-1", LATIN_1}, {"ISO8859-1", LATIN_1}, {"ISO_8859-1", LATIN_1},
    {"LATIN1", LATIN_1},     {"L1", LATIN_1},        {"UTF-8", UTF_8},
    {"UTF8", UTF_8},         {"UTF-16", UTF_16},     {"UTF16", UTF_16},
    {"UTF-16BE", UTF_16BE},  {"UTF-16LE", UTF_16LE}, {"UCS-2BE", UTF_16BE},
    {"UCS-2LE", UTF_16LE},   {"UTF-32", UTF_32},     {"UTF32", UTF_32},
    {"UTF-32BE", UTF_32BE},  {"UTF-32LE", UTF_32LE}, {"UCS-4BE", UTF_32BE},
    {"UCS-4LE", UTF_32LE},   {"WCHAR_T", UTF_32LE},
};

struct converter {
    enum encoding from, to;      /* as asked for */
    enum encoding reads, writes; /* with the byte order that is in force */
    bool has_started, has_written_mark;
};

#define INCOMPLETE (-1) /* of a character */
#define WRONG (-2)

#define MARK 0xfeffu

/* ---- one character ------------------------------------------------------------------------- */

static int read_utf_8(const unsigned char *p, size_t bytes, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const int length = p[0] < 0x80   ? 1
                       : p[0] < 0xc2 ? 0
                       : p[0] < 0xe0 ? 2
                       : p[0] < 0xf0 ? 3
                       : p[0] < 0xf5 ? 4
                                     : 0;
    if (length <= 1) {
        *c = p[0];
        return length == 1 ? 1 : WRONG;
    }
    *c = p[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((size_t)i >= bytes) {
            return INCOMPLETE;
        }
        if ((p[i] & 0xc0) != 0x80) {
            return WRONG;
        }
        *c = *c << 6 | (p[i] & 0x3f);
    }
    const bool is_surrogate = *c >= 0xd800 && *c < 0xe000;
    return *c < least[length] || *c > 0x10ffff || is_surrogate ? WRONG : length;
}

static uint32_t unit_at(const unsigned char *p, int bytes, bool is_big)
{
    uint32_t unit = 0;
    for (int i = 0; i < bytes; i++) {
        unit = unit << 8 | p[is_big ? i : bytes - 1 - i];
    }
    return unit;
}

static int read_utf_16(const unsigned char *p, size_t bytes, bool is_big, uint32_t *c)
{
    if (bytes < 2) {
        return INCOMPLETE;
    }
    *c = unit_at(p, 2, is_big);
    if (*c < 0xd800 || *c >= 0xe000) {
        return 2;
    }
    if (*c >= 0xdc00) {
        return WRONG;
    }
    if (bytes < 4) {
        return INCOMPLETE;
    }
    const uint32_t low = unit_at(p + 2, 2, is_big);
    if (low < 0xdc00 || low >= 0xe000) {
        return WRONG;
    }
    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
    return 4;
}

/* Reads a character. Returns the bytes it took, INCOMPLETE or WRONG. bytes is not 0. */
static int read_character(enum encoding e, const unsigned char *p, size_t bytes, uint32_t *c)
{
    switch (e) {
    case ASCII:
    case LATIN_1:
        *c = p[0];
        return e == ASCII && *c >= 0x80 ? WRONG : 1;
    case UTF_8:
        return read_utf_8(p, bytes, c);
    case UTF_16BE:
    case UTF_16LE:
    case UTF_16:
        return read_utf_16(p, bytes, e != UTF_16LE, c);
    default:
        if (bytes < 4) {
            return INCOMPLETE;
        }
        *c = unit_at(p, 4, e != UTF_32LE);
        return *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? WRONG : 4;
    }
}

static int write_unit(unsigned char *out, uint32_t unit, int bytes, bool is_big)
{
    for (int i = 0; i < bytes; i++) {
        out[is_big ? bytes - 1 - i : i] = (unsigned char)(unit >> (8 * i));
    }
    return bytes;
}

static int write_utf_8(unsigned char *out, uint32_t c)
{
    const int length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (int i = length - 1; i > 0; i--) {
        out[i] = (unsigned char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (unsigned char)(first[length] | c);
    return length;
}

/* Writes a character to `out`, which has 4 bytes. Returns how many; WRONG: there is no such one. */
static int write_character(enum encoding e, uint32_t c, unsigned char *out)
{
    switch (e) {
    case ASCII:
    case LATIN_1:
        out[0] = (unsigned char)c;
        return c < (e == ASCII ? 0x80u : 0x100u) ? 1 : WRONG;
    case UTF_8:
        return write_utf_8(out, c);
    case UTF_16BE:
    case UTF_16LE:
    case UTF_16:
        if (c >= 0x10000) {
            write_unit(out, 0xd800 + ((c - 0x10000) >> 10), 2, e != UTF_16LE);
            return 2 + write_unit(out + 2, 0xdc00 + ((c - 0x10000) & 0x3ff), 2, e != UTF_16LE);
        }
        return write_unit(out, c, 2, e != UTF_16LE);
    default:
        return write_unit(out, c, 4, e != UTF_32LE);
    }
}

/* ---- conversion ---------------------------------------------------------------------------- */

static bool find(const char *name, enum encoding *out)
{
    const size_t bytes = strcspn(name, "/"); /* "//TRANSLIT" and "//IGNORE" are not done */
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i].name) == bytes && strncasecmp(names[i].name, name, bytes) == 0 &&
            name[bytes] == '\0') {
            *out = names[i].encoding;
            return true;
        }
    }
    return false;
}

iconv_t iconv_open(const char *to, const char *from)
{
    struct converter c = {0};
    if (!find(from, &c.from) || !find(to, &c.to)) {
        errno = EINVAL;
        return (iconv_t)-1;
    }
    struct converter *const out = malloc(sizeof(*out));
    if (out == NULL) {
        return (iconv_t)-1;
    }
    c.reads = c.from;
    c.writes = c.to;
    *out = c;
    return (iconv_t)out;
}

int iconv_close(iconv_t handle)
{
    free((void *)handle);
    return 0;
}

/* A mark at the start of UTF-16 or UTF-32 says the byte order and is no character. */
static bool is_mark(struct converter *v, uint32_t *c)
{
    const bool is_first = !v->has_started;
    v->has_started = true;
    if (!is_first || (v->from != UTF_16 && v->from != UTF_32)) {
        return false;
    }
    if (*c == 0xfffe && v->from == UTF_16) {
        v->reads = UTF_16LE;
        return true;
    }
    return *c == MARK;
}

/* Appends a character to the output. Returns 0, E2BIG or EILSEQ. */
static int put(struct converter *v, uint32_t c, char **out, size_t *out_left)
{
    unsigned char bytes[8];
    int length = 0;
    if ((v->to == UTF_16 || v->to == UTF_32) && !v->has_written_mark) {
        length = write_character(v->writes, MARK, bytes);
    }
    const int n = write_character(v->writes, c, bytes + length);
    if (n < 0) {
        return EILSEQ;
    }
    length += n;
    if ((size_t)length > *out_left) {
        return E2BIG;
    }
    memcpy(*out, bytes, (size_t)length);
    *out += length;
    *out_left -= (size_t)length;
    v->has_written_mark = true;
    return 0;
}

static int convert(struct converter *v, char **in, size_t *in_left, char **out, size_t *out_left)
{
    while (*in_left != 0) {
        uint32_t c;
        const unsigned char *const p = (const unsigned char *)*in;
        if (!v->has_started && v->from == UTF_32 && *in_left >= 4 && unit_at(p, 4, false) == MARK) {
            v->reads = UTF_32LE;
        }
        const int n = read_character(v->reads, p, *in_left, &c);
        if (n < 0) {
            return n == INCOMPLETE ? EINVAL : EILSEQ;
        }
        const struct converter before = *v;
        const int error = is_mark(v, &c) ? 0 : put(v, c, out, out_left);
        if (error != 0) {
            *v = before;
            return error;
        }
        *in += n;
        *in_left -= (size_t)n;
    }
    return 0;
}

size_t iconv(iconv_t handle, char **restrict in, size_t *restrict in_left, char **restrict out,
             size_t *restrict out_left)
{
    struct converter *const v = (struct converter *)handle;
    if (in == NULL || *in == NULL) { /* back to the start; no encoding has shift states */
        v->has_started = v->has_written_mark = false;
        v->reads = v->from;
        return 0;
    }
    const int error = convert(v, in, in_left, out, out_left);
    if (error != 0) {
        errno = error;
        return (size_t)-1;
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* memtext.c - see memtext.h. */
#include "text/memtext.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/words.h"

#define NAME_BYTES 256

static int digit(char c)
{
    if (isdigit((unsigned char)c)) {
        return c - '0';
    }
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* The number that is all of `text`. */
static bool number(const char *text, uint64_t *out)
{
    uint64_t value = 0;

    if (text[0] != '0' || tolower((unsigned char)text[1]) != 'x') {
        return words_number(text, 0, UINT64_MAX, out);
    }
    const size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 16 || text[2 + digits] != 0) {
        return false;
    }
    for (size_t i = 2; i < 2 + digits; i++) {
        value = value << 4 | (uint64_t)digit(text[i]);
    }
    *out = value;
    return true;
}

bool memtext_address(const char *text, memtext_find_t find, const void *arg, uint64_t *address)
{
    char name[NAME_BYTES];
    const size_t bytes = strcspn(text, "+-");
    uint64_t value, offset = 0, sum;

    if (bytes == 0 || bytes >= sizeof(name)) {
        return false;
    }
    memcpy(name, text, bytes);
    name[bytes] = 0;
    if (!number(name, &value) && !find(arg, name, &value)) {
        return false;
    }
    if (text[bytes] != 0 && !number(text + bytes + 1, &offset)) {
        return false;
    }
    const bool overflows = text[bytes] == '-' ? __builtin_sub_overflow(value, offset, &sum)
                                              : __builtin_add_overflow(value, offset, &sum);
    if (!overflows) {
        *address = sum;
    }
    return !overflows;
}

static bool is_hex(const char *word, size_t bytes)
{
    return bytes > 0 && bytes % 2 == 0 && strspn(word, "0123456789abcdefABCDEF") == bytes;
}

uint32_t memtext_bytes(char *const words[], int count, uint8_t *out, uint32_t room)
{
    uint32_t at = 0;

    for (int i = 0; i < count; i++) {
        const char *const text = words_value(words[i], "text");
        const char *const from = text != NULL ? text : words[i];
        const size_t length = strlen(from);
        const bool hex = text == NULL && is_hex(from, length);
        const size_t bytes = hex ? length / 2 : length;

        if (bytes > room - at) {
            return 0;
        }
        for (size_t k = 0; k < bytes; k++) {
            const int value = hex ? digit(from[2 * k]) << 4 | digit(from[2 * k + 1]) : from[k];
            out[at++] = (uint8_t)value;
        }
    }
    return at;
}

void memtext_line(char line[MEMTEXT_LINE_BYTES], uint64_t address, const uint8_t *data,
                  uint32_t bytes)
{
    int at = snprintf(line, MEMTEXT_LINE_BYTES, "%012" PRIx64 " ", address);

    for (uint32_t i = 0; i < MEMTEXT_COLUMNS; i++) {
        const char *const gap = i == MEMTEXT_COLUMNS / 2 ? "  " : " ";
        at += i < bytes
                  ? snprintf(line + at, MEMTEXT_LINE_BYTES - (size_t)at, "%s%02x", gap, data[i])
                  : snprintf(line + at, MEMTEXT_LINE_BYTES - (size_t)at, "%s  ", gap);
    }
    line[at++] = ' ';
    line[at++] = ' ';
    line[at++] = '|';
    for (uint32_t i = 0; i < bytes && i < MEMTEXT_COLUMNS; i++) {
        line[at++] = (char)(data[i] >= ' ' && data[i] < 0x7f ? data[i] : '.');
    }
    line[at++] = '|';
    line[at] = 0;
}

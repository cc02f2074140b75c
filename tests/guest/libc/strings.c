// SPDX-License-Identifier: Apache-2.0
// memory: 32M
// Memory and string functions, the fast ones at every size and alignment against plain loops.
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "tap.h"

#define AREA 8192
#define GUARD 64

static unsigned char from[AREA + 2 * GUARD], to[AREA + 2 * GUARD], expected[AREA + 2 * GUARD];
/* Through pointers, so that the compiler puts nothing of its own in place of the calls. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile fill)(void *, int, size_t) = memset;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;
static size_t (*volatile length)(const char *) = strlen;
static void *(*volatile find)(const void *, int, size_t) = memchr;
static char *(*volatile find_char)(const char *, int) = strchr;
static size_t (*volatile length_to)(const char *, size_t) = strnlen;
static size_t (*volatile span)(const char *, const char *) = strspn;
static size_t (*volatile span_not)(const char *, const char *) = strcspn;

static const size_t sizes[] = {0,   1,   2,   3,   4,    5,    7,    8,   9,   15,
                               16,  17,  31,  32,  33,   63,   64,   65,  127, 128,
                               129, 255, 256, 257, 1460, 4096, 4097, 8000};
#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

static void reset(void)
{
    for (size_t i = 0; i < sizeof(from); i++) {
        from[i] = (unsigned char)(i * 37 + (i >> 8));
        to[i] = expected[i] = 0xa5;
    }
}

static bool copies(size_t bytes, size_t a, size_t b)
{
    reset();
    for (size_t i = 0; i < bytes; i++) {
        expected[GUARD + b + i] = from[GUARD + a + i];
    }
    return copy(to + GUARD + b, from + GUARD + a, bytes) == to + GUARD + b &&
           compare(to, expected, sizeof(to)) == 0;
}

/* memmove() within one area, from offset a to offset b. */
static bool moves(size_t bytes, size_t a, size_t b)
{
    reset();
    for (size_t i = 0; i < sizeof(from); i++) {
        expected[i] = to[i] = from[i];
    }
    for (size_t i = 0; i < bytes; i++) {
        expected[b + i] = from[a + i];
    }
    return move(to + b, to + a, bytes) == to + b && compare(to, expected, sizeof(to)) == 0;
}

static bool fills(size_t bytes, size_t at)
{
    reset();
    for (size_t i = 0; i < bytes; i++) {
        expected[GUARD + at + i] = 0x5a;
    }
    return fill(to + GUARD + at, 0xff5a, bytes) == to + GUARD + at &&
           compare(to, expected, sizeof(to)) == 0;
}

/* A difference or a NUL at the last of `bytes` bytes is found, one behind it is not. */
static bool searches(size_t bytes, size_t at)
{
    for (size_t i = 0; i < sizeof(from); i++) {
        from[i] = to[i] = 'x';
    }
    unsigned char *const a = from + GUARD + at, *const b = to + GUARD;
    a[bytes] = 'y';
    bool good = compare(a, b, bytes) == 0 && find(a, 'y', bytes) == NULL;
    a[bytes] = '\0';
    good = good && length((char *)a) == bytes;
    if (bytes > 0) {
        a[bytes - 1] = 'y';
        b[bytes - 1] = 0x80;
        good = good && compare(a, b, bytes) < 0 && compare(b, a, bytes) > 0;
        good = good && find(a, 'y', bytes) == a + bytes - 1;
    }
    return good;
}

/* `bytes` times 'x' from offset `at` on, then a byte above 127 and the end, 'x' and 'y' around. */
static bool spans(size_t bytes, size_t at)
{
    char *const s = (char *)to + GUARD + at;
    fill(to, 'y', sizeof(to));
    s[-1] = 'x';
    fill(s, 'x', bytes);
    s[bytes] = '\xe9';
    s[bytes + 1] = '\0';
    s[bytes + 2] = 'x';
    char *const last = s + bytes;
    return find_char(s, 'y') == NULL && find_char(s, 0xe9) == last && find_char(s, 0) == last + 1 &&
           find_char(s, 'x') == (bytes == 0 ? NULL : s) && length_to(s, bytes) == bytes &&
           length_to(s, bytes + 1) == bytes + 1 && length_to(s, bytes + 9) == bytes + 1 &&
           length_to(s, SIZE_MAX) == bytes + 1 && span(s, "x") == bytes && span(s, "zx") == bytes &&
           span(s, "\xe9x") == bytes + 1 && span(s, "") == 0 && span_not(s, "\xe9") == bytes &&
           span_not(s, "y\xe9") == bytes && span_not(s, "yz") == bytes + 1 &&
           span_not(s, "") == bytes + 1 && span_not(s, "y") == bytes + 1;
}

static void every_size_and_alignment_works(void)
{
    bool copied = true, moved = true, filled = true, searched = true, spanned = true;
    for (size_t s = 0; s < SIZE_COUNT; s++) {
        for (size_t a = 0; a < 17; a += a < 4 ? 1 : 3) {
            copied = copied && copies(sizes[s], a, 0) && copies(sizes[s], 0, a) &&
                     copies(sizes[s], a, (a * 5) % 16);
            moved = moved && moves(sizes[s], 0, a) && moves(sizes[s], a, 0) &&
                    moves(sizes[s], 20, 20 + a) && moves(sizes[s], 20 + a, 20);
            filled = filled && fills(sizes[s], a);
            searched = searched && searches(sizes[s], a);
            spanned = spanned && spans(sizes[s], a);
        }
    }
    tap_check(copied, "memcpy copies exactly what it is told");
    tap_check(moved, "memmove copies overlapping areas both ways");
    tap_check(filled, "memset fills exactly what it is told");
    tap_check(spanned, "strchr, strnlen, strspn and strcspn end where they must");
    tap_check(searched, "memcmp, memchr and strlen see the last byte and none behind it");
}

static void strings_are_handled(void)
{
    char text[32] = "one,two,,three", *rest = NULL, *cursor = text;
    tap_check(strcmp(strtok_r(text, ",", &rest), "one") == 0 &&
                  strcmp(strtok_r(NULL, ",", &rest), "two") == 0 &&
                  strcmp(strtok_r(NULL, ",", &rest), "three") == 0 &&
                  strtok_r(NULL, ",", &rest) == NULL,
              "strtok_r splits");
    strcpy(text, "a::b");
    tap_check(strcmp(strsep(&cursor, ":"), "a") == 0 && strcmp(strsep(&cursor, ":"), "") == 0 &&
                  strcmp(strsep(&cursor, ":"), "b") == 0 && cursor == NULL,
              "strsep gives empty fields too");
    cursor = text;
    strcpy(text, "a:");
    tap_check(strcmp(strsep(&cursor, ":"), "a") == 0 && *strsep(&cursor, ":") == '\0' &&
                  strsep(&cursor, ":") == NULL,
              "strsep gives an empty field at the end");
    tap_check(strcmp(strstr("haystack", "st"), "stack") == 0 && strstr("hay", "x") == NULL,
              "strstr finds");
    tap_check(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4 &&
                  *strpbrk("aabbc", "xc") == 'c',
              "spans");
    tap_check(strncmp("abcd", "abxx", 2) == 0 && strcasecmp("HeLLo", "hEllO") == 0 &&
                  strncasecmp("ABx", "aby", 2) == 0,
              "comparisons");
    tap_check(strrchr("a/b/c", '/')[1] == 'c' && *strchrnul("abc", 'x') == '\0', "characters");
    tap_check(strlcpy(text, "longer than that", 8) == 16 && strcmp(text, "longer ") == 0,
              "strlcpy bounds");
    char *copied = strndup("duplicate", 3);
    tap_check(copied != NULL && strcmp(copied, "dup") == 0, "strndup");
    free(copied);
    tap_check(memmem("binary\0data", 11, "\0d", 2) != NULL && memrchr("abca", 'a', 4) != NULL,
              "memmem and memrchr");
    tap_check(strcmp(strerror(ENOENT), "No such file or directory") == 0, "strerror");
    tap_check(ffs(0x10) == 5 && ffsl(1l << 40) == 41, "ffs");
}

int main(void)
{
    every_size_and_alignment_works();
    strings_are_handled();
    return tap_done();
}

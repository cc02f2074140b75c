// SPDX-License-Identifier: Apache-2.0
// memory: 32M
// Formatted output and input, and streams that need no file.
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <wchar.h>

#include "tap.h"

#define PRINTS(expected, ...)                                                                      \
    do {                                                                                           \
        char got_[256];                                                                            \
        const int bytes_ = snprintf(got_, sizeof(got_), __VA_ARGS__);                              \
        if (!tap_check(strcmp(got_, expected) == 0 && bytes_ == (int)strlen(expected),             \
                       "printf(%s) gives \"%s\"", #__VA_ARGS__, expected)) {                       \
            printf("# got \"%s\", %d bytes\n", got_, bytes_);                                      \
        }                                                                                          \
    } while (0)

static void integers_are_printed(void)
{
    PRINTS("-1 4294967295", "%d %u", -1, -1);
    PRINTS("00042|42   |+42", "%05d|%-5d|%+d", 42, 42, 42);
    PRINTS("ff 0XFF 0377 377", "%x %#X %#o %o", 255, 255, 255, 255);
    PRINTS("-9223372036854775808", "%lld", LLONG_MIN);
    PRINTS("18446744073709551615", "%" PRIu64, UINT64_MAX);
    PRINTS("7 8 9 10", "%zu %td %jd %hhd", (size_t)7, (ptrdiff_t)8, (intmax_t)9, 266);
    PRINTS("  007", "%5.3d", 7);
    PRINTS("0x1234", "%p", (void *)0x1234);
    PRINTS("100%", "%d%%", 100);
}

static const char *volatile no_text;

static void text_is_printed(void)
{
    PRINTS("abc|  abc|abc  |ab", "%s|%5s|%-5s|%.2s", "abc", "abc", "abc", "abc");
    PRINTS("x", "%c", 'x');
    PRINTS("  abc", "%*s", 5, "abc");
    PRINTS("two one two", "%2$s %1$s %2$s", "one", "two");
    PRINTS("3.50 x 7", "%3$.2f %1$c %2$d", 'x', 7, 3.5);
    PRINTS("(null)", "%s", no_text);
    PRINTS("wide", "%ls", L"wide");
}

static void floating_point_is_printed(void)
{
    PRINTS("3.141593 3.14 3", "%f %.2f %.0f", 3.14159265, 3.14159265, 3.14159265);
    PRINTS("1.000000e+10 1E-05", "%e %.0E", 1e10, 1e-5);
    PRINTS("0.0001 1e-05 100000 1e+06", "%g %g %g %g", 1e-4, 1e-5, 1e5, 1e6);
    PRINTS("0.1 0.10000000000000001", "%g %.17g", 0.1, 0.1);
    PRINTS("inf -inf nan", "%f %f %f", (double)INFINITY, -(double)INFINITY, fabs((double)NAN));
    PRINTS("0x1.8p+1", "%a", 3.0);
    PRINTS("1.7976931348623157e+308", "%.17g", 1.7976931348623157e308);
    PRINTS("4.9406564584124654e-324", "%.17g", 4.9406564584124654e-324);
    PRINTS("2.5", "%Lg", 2.5L);
}

static void output_is_bounded(void)
{
    char small[4] = "zzz";
    const char *volatile longer = "longer"; /* the compiler is not to know */
    tap_equal(snprintf(small, sizeof(small), "%s", longer), 6, "snprintf returns the full length");
    tap_check(strcmp(small, "lon") == 0, "and cuts");
    tap_equal(snprintf(NULL, 0, "%d", 12345), 5, "a length can be asked for");
    char *text = NULL;
    tap_equal(asprintf(&text, "%d-%s", 1, "x"), 3, "asprintf allocates");
    tap_check(text != NULL && strcmp(text, "1-x") == 0, "what it says");
    free(text);
}

static void input_is_scanned(void)
{
    int i = 0, j = 0, used = 0;
    unsigned int x = 0;
    double d = 0;
    float f = 0;
    char word[16], set[16];
    long long ll = 0;
    tap_equal(sscanf("12 -34 ff", "%d %d %x", &i, &j, &x), 3, "three numbers");
    tap_check(i == 12 && j == -34 && x == 255, "with these values");
    tap_equal(sscanf("3.5e3 0.25 word", "%lf %f %15s", &d, &f, word), 3, "floating point, a word");
    tap_check(d == 3500 && f == 0.25f && strcmp(word, "word") == 0, "with these values");
    tap_equal(sscanf("abc123", "%15[a-z]%n%lld", set, &used, &ll), 2, "a set, a position");
    tap_check(strcmp(set, "abc") == 0 && used == 3 && ll == 123, "with these values");
    tap_equal(sscanf("b a", "%2$s %1$s", word, set), 2, "numbered conversions");
    tap_check(strcmp(word, "a") == 0 && strcmp(set, "b") == 0, "in their order");
    tap_equal(sscanf("", "%d", &i), EOF, "no input is EOF");
    tap_equal(sscanf("x", "%d", &i), 0, "wrong input is no conversion");
}

static void memory_is_a_stream(void)
{
    char *text = NULL, line[16];
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    tap_check(f != NULL && fprintf(f, "line %d\nline %d\nrest", 1, 2) == 18 && fclose(f) == 0,
              "open_memstream is written");
    tap_check(bytes == 18 && strcmp(text, "line 1\nline 2\nrest") == 0, "and keeps it");
    f = fmemopen(text, bytes, "r");
    tap_check(f != NULL && fgets(line, sizeof(line), f) != NULL && strcmp(line, "line 1\n") == 0,
              "fmemopen gives a line");
    tap_check(fseek(f, -4, SEEK_END) == 0 && ftell(f) == 14, "it seeks");
    tap_check(fgetc(f) == 'r' && ungetc('R', f) == 'R' && fgetc(f) == 'R', "ungetc puts back");
    tap_equal(fread(line, 1, sizeof(line), f), 3, "fread stops at the end");
    tap_check(feof(f) != 0 && ferror(f) == 0, "and that is the end");
    rewind(f);
    char *buffer = NULL;
    size_t capacity = 0;
    tap_equal(getline(&buffer, &capacity, f), 7, "getline gives the first line");
    tap_equal(getdelim(&buffer, &capacity, '2', f), 6, "getdelim up to its delimiter");
    tap_check(strcmp(buffer, "line 2") == 0, "with it");
    free(buffer);
    fclose(f);
    free(text);
}

/* What glibc prints. */
static void test_long_double(void)
{
    static const struct {
        const char *format;
        long double value;
        const char *expected;
    } cases[] = {
        {"%.17Lg", 1.23L, "1.23"},
        {"%.20Lf", 0.1L, "0.10000000000000000000"},
        {"%+.30Lg", 1.0L / 3, "+0.333333333333333333342368351437"},
        {"%Le", -1e4000L, "-1.000000e+4000"},
        {"%LG", 1e-4940L, "1E-4940"},
        {"%.0Lf", 2.5L, "2"},
        {"%.0Lf", 3.5L, "4"},
        {"%6.1Lf", 9.96L, "  10.0"},
        {"%.2Lf", 0.004L, "0.00"},
        {"%#Lg", 1.0L, "1.00000"},
        {"%-8.3Lf|", 0.0L, "0.000   |"},
        {"%Lf", -1.0L / 0.0L, "-inf"},
        {"%.19Lg", 18446744073709551615.0L, "1.844674407370955162e+19"},
        {"%La", 1.1L, "0x8.ccccccccccccccdp-3"},
    };
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), cases[i].format, cases[i].value);
#pragma GCC diagnostic pop
        tap_check(strcmp(text, cases[i].expected) == 0, "%s prints %s: %s", cases[i].format,
                  cases[i].expected, text);
        wchar_t format[16], wide[64];
        swprintf(format, 16, L"%s", cases[i].format);
        swprintf(wide, 64, format, cases[i].value);
        text[wcstombs(text, wide, sizeof(text) - 1)] = '\0';
        tap_check(strcmp(text, cases[i].expected) == 0, "wprintf prints %s", text);
    }
    char *const longest = malloc(5000);
    tap_equal(snprintf(longest, 5000, "%.0Lf", __LDBL_MAX__), 4933, "the largest one, in full");
    tap_check(strncmp(longest, "118973149535723176502", 21) == 0, "with its digits");
    free(longest);
}

static void test_scanned_long_double(void)
{
    static const struct {
        const char *text;
        long double value;
    } cases[] = {
        {"0.1", 0.1L},
        {"-1.23456789012345678901", -1.23456789012345678901L},
        {"18446744073709551615", 18446744073709551615.0L},
        {"1e4932", 1e4932L},
        {"3.3e-4940", 3.3e-4940L},
    };
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wchar_t wide[64];
        long double narrow_value = 0, wide_value = 0;
        swprintf(wide, 64, L"%s", cases[i].text);
        tap_check(sscanf(cases[i].text, "%Lf", &narrow_value) == 1 &&
                      narrow_value == cases[i].value,
                  "scanf reads %s: %Lg", cases[i].text, narrow_value);
        tap_check(swscanf(wide, L"%Lf", &wide_value) == 1 && wide_value == cases[i].value,
                  "wscanf, too: %Lg", wide_value);
    }
    double d = 0;
    float f = 0;
    tap_check(sscanf("0.1 0.1", "%lf %f", &d, &f) == 2 && d == 0.1 && f == 0.1f,
              "double and float as ever");
}

int main(void)
{
    integers_are_printed();
    text_is_printed();
    floating_point_is_printed();
    output_is_bounded();
    input_is_scanned();
    memory_is_a_stream();
    test_long_double();
    test_scanned_long_double();
    return tap_done();
}

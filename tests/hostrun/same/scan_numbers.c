// SPDX-License-Identifier: Apache-2.0
// scanf() and wscanf() of floating numbers. Not what ISO C calls no match although a part of it is one ("1e+"):
// glibc takes some of that.
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static const char *const inputs[] = {"0x1.8p3",
                                     "0x.8",
                                     "inf",
                                     "infinity",
                                     "INFINITY",
                                     "infinit",
                                     "in",
                                     "i",
                                     "nan",
                                     "na",
                                     "-nan",
                                     "+inf",
                                     "-0x1p-1074",
                                     "1e5",
                                     "1e+5x",
                                     ".",
                                     "+",
                                     "-",
                                     "+.",
                                     "-.5",
                                     ".5.5",
                                     "0",
                                     "00000000000000000000000000000000000001",
                                     "1e400",
                                     "-1e400",
                                     "1e-400",
                                     "0x1p-1080",
                                     "0x1p20000",
                                     "1.7976931348623159e308",
                                     "  12.5abc",
                                     "0e5",
                                     "0.0e-5z",
                                     "0x1.fffffffffffffffffp0",
                                     "infx",
                                     "nanx",
                                     "1_",
                                     "1,5",
                                     "1.e3",
                                     ".e3",
                                     "0x1.p3q",
                                     "0x1P5",
                                     "0X1",
                                     "0x.1",
                                     "+0x1",
                                     "+-1",
                                     "--1",
                                     "",
                                     "   ",
                                     "\n5",
                                     "3.40282357e38",
                                     "1e39"};

static void print(int result, long double value, int used, const char *rest)
{
    printf(" %d %La %d %s;", result, value, used, rest);
}

static void scan(const char *input)
{
    float f = -7;
    double d = -7;
    long double l = -7;
    char rest[5000] = "-";
    wchar_t wide[100];
    int used = -1;
    printf("%s:", input);
    print(sscanf(input, "%f%n%s", &f, &used, rest), (long double)f, used, rest);
    print(sscanf(input, "%lg%n%s", &d, &used, rest), (long double)d, used, rest);
    print(sscanf(input, "%La%n%s", &l, &used, rest), l, used, rest);
    print(sscanf(input, "%*e%n%s", &used, rest), 0, used, rest);
    swprintf(wide, 100, L"%s", input);
    print(swscanf(wide, L"%Lf%n%s", &l, &used, rest), l, used, rest);
    putchar('\n');
}

static void scan_widths(void)
{
    double d = -7;
    float f = -7;
    printf("%d %a %a\n", sscanf("3.14159", "%4lf%f", &d, &f), d, (double)f);
    printf("%d %a %a\n", sscanf("-0x1.8p3", "%6lf%f", &d, &f), d, (double)f);
    printf("%d %a %a\n", sscanf("inf1", "%3lf%f", &d, &f), d, (double)f);
    printf("%d %a %a\n", swscanf(L"3.14159", L"%4lf%f", &d, &f), d, (double)f);
}

static void scan_streams(void)
{
    FILE *const stream = tmpfile();
    double d = 0;
    int count = 0;
    for (int i = 0; i < 3000; i++) {
        fprintf(stream, i % 2 == 0 ? "%.20e\n" : "%a,", i * 1.1);
    }
    rewind(stream);
    for (int i = 0; i < 3000; i++) {
        count += fscanf(stream, "%lf", &d);
        count += d == i * 1.1;
        count += getc(stream) == (i % 2 == 0 ? '\n' : ',');
    }
    printf("%d %d\n", count, fscanf(stream, "%lf", &d));
    fclose(stream);
}

static void scan_long_texts(void)
{
    static char text[5000];
    double d = -7;
    int used = -1;
    memset(text, '0', 3000);
    text[0] = '1';
    strcpy(text + 3000, "e-3000 x");
    printf("%d %a %d\n", sscanf(text, "%lf%n", &d, &used), d, used);
    memset(text, '7', 3000);
    strcpy(text + 3000, ".5e-2999");
    printf("%d %a %d\n", sscanf(text, "%lf%n", &d, &used), d, used);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        scan(inputs[i]);
    }
    scan_widths();
    scan_streams();
    scan_long_texts();
    return 0;
}

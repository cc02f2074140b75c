// SPDX-License-Identifier: Apache-2.0
// Strings, wide strings, classes of characters, conversions, random numbers of the drand48() family.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static void classes(void)
{
    locale_t l = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    for (int c = -1; c < 256; c++) {
        printf("%d:", c);
        printf(" %d%d%d%d%d%d%d%d%d%d%d%d", !!isalnum(c), !!isalpha(c), !!isblank(c), !!iscntrl(c),
               !!isdigit(c), !!isgraph(c), !!islower(c), !!isprint(c), !!ispunct(c), !!isspace(c),
               !!isupper(c), !!isxdigit(c));
        printf(" %d%d%d%d%d%d%d%d%d%d%d%d", !!isalnum_l(c, l), !!isalpha_l(c, l), !!isblank_l(c, l),
               !!iscntrl_l(c, l), !!isdigit_l(c, l), !!isgraph_l(c, l), !!islower_l(c, l),
               !!isprint_l(c, l), !!ispunct_l(c, l), !!isspace_l(c, l), !!isupper_l(c, l),
               !!isxdigit_l(c, l));
        printf(" %d %d %d %d", toupper(c), tolower(c), toupper_l(c, l), tolower_l(c, l));
        printf(" %d %d\n", !!isascii(c), c < 0 ? 0 : toascii(c));
    }
    freelocale(l);
}

static void wide_classes(void)
{
    static const char *const names[] = {"alnum", "alpha",  "blank",  "cntrl", "digit",
                                        "graph", "lower",  "print",  "punct", "space",
                                        "upper", "xdigit", "nothing"};
    setlocale(LC_ALL, "C.UTF-8");
    static const wint_t wide[] = {0xb5,   0xc4,   0xd7,    0xdf,   0xe4,   0xff,   0x100,
                                  0x101,  0x130,  0x131,   0x17f,  0x391,  0x3b1,  0x3c2,
                                  0x410,  0x430,  0x5d0,   0x627,  0x20ac, 0x3042, 0x4e00,
                                  0xac00, 0xff21, 0x1f600, 0x10400};
    for (int i = 0; i < 128 + (int)(sizeof(wide) / sizeof(*wide)); i++) {
        wint_t c = i < 128 ? (wint_t)i : wide[i - 128];
        printf("%x:", c);
        printf(" %d%d%d%d%d%d%d%d%d%d%d%d", !!iswalnum(c), !!iswalpha(c), !!iswblank(c),
               !!iswcntrl(c), !!iswdigit(c), !!iswgraph(c), !!iswlower(c), !!iswprint(c),
               !!iswpunct(c), !!iswspace(c), !!iswupper(c), !!iswxdigit(c));
        for (unsigned k = 0; k < sizeof(names) / sizeof(*names); k++) {
            printf("%d", wctype(names[k]) && iswctype(c, wctype(names[k])));
        }
        printf(" %x %x %x %d", towupper(c), towlower(c), towctrans(c, wctrans("toupper")),
               wcwidth((wchar_t)c));
        printf(" %d %d\n", wctob(c), i < 256 ? (int)btowc(i) : 0);
    }
    printf("%d %d\n", wctrans("none") == 0, wctype("none") == 0);
    setlocale(LC_ALL, "C");
}

static void narrow(void)
{
    char b[40] = "abc";
    printf("%s", strncat(b, "defgh", 3));
    memset(b, 'x', 40);
    printf(" %.10s %d", strncpy(b, "abc", 6), b[6]);
    memset(b, 'x', 40);
    printf(" %d %d", (int)(stpcpy(b, "hello") - b), (int)(stpncpy(b, "hi", 5) - b));
    memset(b, 'x', 40);
    printf(" %d", (int)((char *)memccpy(b, "hello", 'l', 5) - b));
    printf(" %d", memccpy(b, "hello", 'z', 5) == NULL);
    printf(" %d %d %d\n", (int)strxfrm(b, "abc", 40), strcoll("a", "b") < 0, strcoll("b", "a") > 0);
    char *d = strdup("dup"), *n = strndup("nduplicate", 4);
    printf("%s %s\n", d, n);
    free(d);
    free(n);
    printf("%ld %ld\n", a64l("zz/"), a64l(""));
    printf("%s\n", l64a(123456));
    char sw[8];
    swab("badcfe", sw, 6);
    sw[6] = 0;
    printf("%s\n", sw);
    printf("%d %d %d %d\n", strcasecmp("ABC", "abd") < 0, strncasecmp("ABCx", "abcy", 3), ffs(40),
           ffs(0));
    printf("%s %s %zu %zu %s\n", strpbrk("hello", "ol"), strchrnul("abc", 'x')[0] ? "?" : "end",
           strspn("aabc", "ab"), strcspn("xyza", "a"), strcasestr("Hello", "ELL"));
    char tok[] = ",a,,b c,", *save;
    for (char *p = strtok_r(tok, ", ", &save); p; p = strtok_r(NULL, ", ", &save)) {
        printf("<%s>", p);
    }
    puts("");
    char opt[] = "ro,size=10,bad,rw=,siz=4", *o = opt, *v;
    char *const keys[] = {(char *)"ro", (char *)"rw", (char *)"size", NULL};
    while (*o) {
        int k = getsubopt(&o, keys, &v);
        printf("%d %s;", k, v ? v : "-");
    }
    puts("");
}

static void numbers(void)
{
    errno = 0;
    printf("%jd %d", strtoimax("99999999999999999999", NULL, 10), errno);
    errno = 0;
    printf(" %ju %d", strtoumax("-1", NULL, 0), errno);
    char *e;
    long n1 = strtol("  -077z", &e, 0);
    printf(" %ld %s", n1, e);
    printf(" %ld", strtol("zZ", NULL, 36));
    errno = 0;
    printf(" %lu %d", strtoul("18446744073709551616", NULL, 10), errno == ERANGE);
    errno = 0;
    long bad = strtol("12", &e, 1);
    printf(" %ld %d\n", bad, errno == EINVAL);
    imaxdiv_t q = imaxdiv(-7, 2);
    lldiv_t ll = lldiv(7, -2);
    ldiv_t lq = ldiv(-7, -2);
    printf("%jd %jd %lld %lld %ld %ld %d %ld %jd\n", q.quot, q.rem, ll.quot, ll.rem, lq.quot,
           lq.rem, abs(-3), labs(-4L), imaxabs(-5));
    srand48(42);
    printf("%.17g %ld %ld", drand48(), lrand48(), mrand48());
    unsigned short x[3] = {1, 2, 3};
    printf(" %.17g %ld %ld", erand48(x), nrand48(x), jrand48(x));
    seed48(x);
    printf(" %ld", lrand48());
    unsigned short p7[7] = {1, 2, 3, 4, 5, 6, 7};
    lcong48(p7);
    printf(" %ld\n", lrand48());
    printf("%lld %d %g\n", atoll("123456789012"), atoi(" 7x"), atof("1e3"));
    printf("%s\n", strrchr("a.b.c", 46));
    printf("%d %d %d\n", strverscmp("a9", "a10") < 0, strverscmp("a1", "a01") > 0,
           strverscmp("x", "x"));
}

static void wide(void)
{
    wchar_t b[40], c[40];
    printf("%ls %ls", wcscpy(b, L"abc"), wcscat(b, L"de"));
    printf(" %ls", wcsncat(b, L"fgh", 2));
    wmemset(c, L'x', 40);
    printf(" %ls %d", wcsncpy(c, L"ab", 5), (int)c[5]);
    printf(" %d %d", (int)(wcpcpy(c, L"hello") - c), (int)(wcpncpy(c, L"hi", 5) - c));
    printf(" %d %d %d", wcscmp(L"a", L"b") < 0, wcsncmp(L"abc", L"abd", 2),
           wcscoll(L"b", L"a") > 0);
    printf(" %ls %ls %zu %zu %ls", wcschr(L"hello", L'l'), wcsrchr(L"hello", L'l'),
           wcsspn(L"aab", L"a"), wcscspn(L"xya", L"a"), wcspbrk(L"hello", L"ol"));
    printf(" %ls %zu %zu %d %d\n", wcsstr(L"hello", L"ll"), wcslen(L"abc"), wcsnlen(L"abc", 2),
           wcscasecmp(L"ABC", L"abc"), wcsncasecmp(L"ABx", L"aby", 2));
    printf("%d %ls %d", wmemcmp(L"ab", L"ac", 2) < 0, wmemchr(L"abc", L'b', 3),
           (int)wmemcpy(c, L"xyz", 3)[1]);
    printf(" %d\n", (int)wmemmove(c + 1, c, 3)[0]);
    wchar_t tok[] = L" a b  c", *save;
    for (wchar_t *p = wcstok(tok, L" ", &save); p; p = wcstok(NULL, L" ", &save)) {
        printf("<%ls>", p);
    }
    puts("");
    wchar_t *e;
    long n1 = wcstol(L"-12z", &e, 10);
    printf("%ld %ls %lu %lld %llu %jd %ju\n", n1, e, wcstoul(L"077", NULL, 0),
           wcstoll(L"0x7f", NULL, 0), wcstoull(L"zz", NULL, 36), wcstoimax(L"5", NULL, 10),
           wcstoumax(L"6", NULL, 10));
}

static void multibyte(void)
{
    wchar_t b[40];
    mbstate_t st;
    char nb[40];
    setlocale(LC_ALL, "C.UTF-8");
    const char *src = "a\xc3\xa4\xe2\x82\xacz";
    memset(&st, 0, sizeof st);
    printf("%zu", mbsrtowcs(b, &src, 40, &st));
    printf(" %d %x", src == NULL, b[2]);
    src = "\xc3\xa4\xc3\xb6";
    memset(&st, 0, sizeof st);
    printf(" %zu", mbsnrtowcs(b, &src, 3, 40, &st));
    printf(" %d", mbsinit(&st));
    const wchar_t *ws = L"x\xe4\x20ac";
    memset(&st, 0, sizeof st);
    printf(" %zu", wcsrtombs(nb, &ws, 40, &st));
    ws = L"x\xe4\x20ac";
    printf(" %zu", wcsrtombs(nb, &ws, 3, &st));
    ws = L"abc";
    printf(" %zu\n", wcsnrtombs(nb, &ws, 2, 40, &st));
    memset(&st, 0, sizeof st);
    printf("%zd %zd %zd", mbrlen("\xe2", 1, &st), mbrlen("\x82", 1, &st), mbrlen("\xac", 1, &st));
    printf(" %d %d %d", mblen("\xc3\xa4", 5), mblen("\xff", 1), mblen("", 1));
    wchar_t one;
    printf(" %d", mbtowc(&one, "\xf0\x9f\x98\x80", 4));
    printf(" %x", one);
    printf(" %d %zu", wctomb(nb, 0x20ac), wcrtomb(nb, 0xe4, NULL));
    printf(" %d %d %d\n", wcswidth(L"ab\x4e00", 9), wcwidth(0), wcwidth(7));
    errno = 0;
    memset(&st, 0, sizeof st);
    printf("%zd %d %zd %zd\n", mbrtowc(&one, "\xc0\x80", 2, &st), errno == EILSEQ,
           mbstowcs(NULL, "\xc3\xa4x", 0), wcstombs(NULL, L"\xe4x", 0));
    setlocale(LC_ALL, "C");
}

static int cmp(const void *a, const void *b)
{
    return strcmp(a, b);
}
static void searching(void)
{
    void *root = NULL;
    static const char *const k[] = {"m", "c", "x", "a", "d", "m"};
    for (int i = 0; i < 6; i++) {
        char **f = tsearch(k[i], &root, cmp);
        printf("%s ", *f);
    }
    printf("%d %d", tfind("d", &root, cmp) != NULL, tfind("q", &root, cmp) == NULL);
    tdelete("c", &root, cmp);
    printf(" %d\n", tfind("c", &root, cmp) == NULL);
    hcreate(10);
    ENTRY e = {(char *)"key", (void *)5};
    hsearch(e, ENTER);
    ENTRY *f = hsearch((ENTRY){(char *)"key", 0}, FIND);
    printf("%d %d\n", f ? (int)(long)f->data : -1, hsearch((ENTRY){(char *)"no", 0}, FIND) == NULL);
    hdestroy();
    char *argv[] = {(char *)"p",  (char *)"-ab", (char *)"val",  (char *)"-c", (char *)"x",
                    (char *)"-z", (char *)"--",  (char *)"rest", NULL};
    int c;
    opterr = 0;
    while ((c = getopt(8, argv, "+ab:c")) != -1) {
        printf("%c %s %c;", c, c == 'b' ? optarg : "-", c == '?' ? optopt : '-');
    }
    printf(" %d\n", optind);
}
int main(void)
{
    classes();
    wide_classes();
    narrow();
    numbers();
    wide();
    multibyte();
    searching();
    return 0;
}

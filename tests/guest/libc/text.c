// SPDX-License-Identifier: Apache-2.0
// Characters, wide characters, locales, patterns.
#include <ctype.h>
#include <fnmatch.h>
#include <langinfo.h>
#include <libgen.h>
#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

#include "tap.h"

static void characters_have_classes(void)
{
    tap_check(isalpha('a') && !isalpha('1') && isdigit('9') && isspace('\t') && isxdigit('F') &&
                  ispunct('!') && !isprint('\n'),
              "ctype");
    tap_check(toupper('a') == 'A' && tolower('Z') == 'z' && toupper('1') == '1', "case");
    tap_check(!isalpha(0xe4) && !isalpha(EOF), "outside of ASCII nothing is a letter in C");
}

static void wide_text_is_utf8(void)
{
    wchar_t wide[16];
    char narrow[32];
    tap_check(setlocale(LC_ALL, "C.UTF-8") != NULL, "there is a UTF-8 locale");
    tap_check(strcmp(nl_langinfo(CODESET), "UTF-8") == 0, "and it says so");
    tap_equal(mbstowcs(wide, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 16), 4, "four characters");
    tap_check(wide[1] == 0xe4 && wide[2] == 0x20ac && wide[3] == 0x1f600, "with these codes");
    tap_equal(wcstombs(narrow, wide, sizeof(narrow)), 10, "and back");
    tap_equal(mbstowcs(wide, "\xff", 16), -1, "what is no UTF-8 is refused");
    tap_check(wcslen(L"abc") == 3 && wcscmp(L"abc", L"abd") < 0 && wcstol(L"42", NULL, 10) == 42,
              "wide strings");
    tap_check(iswalpha(0xe4) && towupper(0xe4) == 0xc4, "an umlaut is a letter");
    tap_check(swprintf(wide, 16, L"%d %ls", 7, L"x") == 3 && wcscmp(wide, L"7 x") == 0, "swprintf");
    setlocale(LC_ALL, "C");
}

static void expressions_match(void)
{
    regex_t r;
    regmatch_t m[3];
    tap_equal(regcomp(&r, "^([a-z]+)=([0-9]*)$", REG_EXTENDED), 0, "an expression is compiled");
    tap_equal(regexec(&r, "size=42", 3, m, 0), 0, "it matches");
    tap_check(m[1].rm_so == 0 && m[1].rm_eo == 4 && m[2].rm_so == 5 && m[2].rm_eo == 7,
              "and says where");
    tap_equal(regexec(&r, "Size=42", 0, NULL, 0), REG_NOMATCH, "only what fits");
    regfree(&r);
    tap_check(regcomp(&r, "(", REG_EXTENDED) != 0, "a broken one is refused");
    tap_check(fnmatch("*.[ch]", "main.c", 0) == 0 && fnmatch("*.c", "main.h", 0) == FNM_NOMATCH,
              "fnmatch");
}

static void paths_are_split(void)
{
    char path[] = "/usr/lib/file", other[] = "/usr/lib/file";
    tap_check(strcmp(dirname(path), "/usr/lib") == 0, "dirname");
    tap_check(strcmp(strrchr(other, '/') + 1, "file") == 0, "and the last part");
}

int main(void)
{
    characters_have_classes();
    wide_text_is_utf8();
    expressions_match();
    paths_are_split();
    return tap_done();
}

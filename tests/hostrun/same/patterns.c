// SPDX-License-Identifier: Apache-2.0
// Regular expressions and patterns for file names. Not what POSIX leaves undefined, nor repeats beyond 255 and
// parentheses that match in turn, where glibc keeps a part of an earlier round.
#include <fnmatch.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *pattern;
    int flags;
    const char *text;
    int match_flags;
} expressions[] = {

    {"\\(a*\\)b\\1", 0, "aabaa", 0},
    {"\\(.\\)\\1", 0, "hello", 0},
    {"(.)\\1", REG_EXTENDED, "hello", 0},
    {"[[:alpha:]]+[[:digit:]]*", REG_EXTENDED, "12abc34", 0},
    {"[[:space:][:punct:]]", 0, "ab,c", 0},
    {"[[.a.]]b", 0, "xab", 0},
    {"[[=a=]]", 0, "bab", 0},
    {"[[.hyphen.]]", 0, "a-b", 0},
    {"^a", REG_NEWLINE, "b\na", 0},
    {"a$", REG_NEWLINE, "a\nb", 0},
    {"a.b", REG_NEWLINE, "a\nb", 0},
    {"[^x]b", REG_NEWLINE, "a\nb", 0},
    {"^a", 0, "a", REG_NOTBOL},
    {"a$", 0, "a", REG_NOTEOL},
    {"ABC", REG_ICASE, "xabc", 0},
    {"[A-C]+", REG_EXTENDED | REG_ICASE, "abc", 0},
    {"b", 0, "abab", REG_STARTEND},
    {"a{2,3}", REG_EXTENDED, "aaaa", 0},
    {"a\\{2\\}", 0, "aaaa", 0},
    {"a{2", REG_EXTENDED, "a{2", 0},
    {"*a", 0, "*a", 0},
    {"*a", REG_EXTENDED, "*a", 0},
    {"a||b", REG_EXTENDED, "b", 0},
    {"()", REG_EXTENDED, "x", 0},
    {"(", REG_EXTENDED, "", 0},
    {")", REG_EXTENDED, ")", 0},
    {"[", 0, "", 0},
    {"[a", 0, "", 0},
    {"[]a]", 0, "]", 0},
    {"[^]a]", 0, "]b", 0},
    {"[a-]", 0, "-", 0},
    {"[z-a]", 0, "-", 0},
    {"[[:foo:]]", 0, "-", 0},
    {"\\", 0, "-", 0},
    {"(a*)*", REG_EXTENDED, "b", 0},
    {"(a*)+", REG_EXTENDED, "aa", 0},
    {"(a|b)*c|(a|ab)*c", REG_EXTENDED, "abc", 0},
    {"(^|x)a", REG_EXTENDED, "xa", 0},
    {"a+?", REG_EXTENDED, "aa", 0},
    {"\\<ab\\>", REG_EXTENDED, "x ab y", 0},
    {"\\bab\\b", REG_EXTENDED, "x ab y", 0},
    {"\\w+", REG_EXTENDED, "x_1 ab y", 0},
    {"\\s", REG_EXTENDED, "x ab", 0},
    {"\\W", REG_EXTENDED, "xa-b", 0},
    {"a\\|b", 0, "b", 0},
    {"a\\+", 0, "aaa", 0},
    {"a\\?b", 0, "ab", 0},
    {"x*", 0, "aaa", 0},
    {"(a)(b)?(c)", REG_EXTENDED, "ac", 0},
    {"(([a-z]+),?)*", REG_EXTENDED, "foo,bar", 0},
    {"^(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)", REG_EXTENDED, "http://x.y/z", 0},
    {"\\(^a\\)", 0, "a", 0},
    {"a^b", 0, "a^b", 0},
    {"a$b", 0, "a$b", 0},
    {"a^b", REG_EXTENDED, "a^b", 0},
    {"\\(ab\\)*\\1", 0, "ababab", 0},
    {"(wee|week)(knights|night)", REG_EXTENDED, "weeknights", 0},
    {"a.*b.*c", REG_EXTENDED, "xxaybzc", 0},
    {"\xc3\xa4+", REG_EXTENDED, "\xc3\xa4\xc3\xa4", 0},
    {"a[^b]c", 0,
     "a\xc3\xa4"
     "c",
     0},
    {"\\.", 0, "a.b", 0},
    {"[\\n]", 0, "\\", 0},
    {"[a-c-e]", 0, "-", 0},
    {"\\{1\\}", 0, "{1}", 0},
    {"a**", REG_EXTENDED, "aa", 0},
    {"a{0}b", REG_EXTENDED, "b", 0},
    {"(ab){2}", REG_EXTENDED, "abab", 0},
    {"", REG_EXTENDED, "x", 0},
    {"a|", REG_EXTENDED, "x", 0},
    {"^.$", REG_EXTENDED, "\xc3\xa4", 0},
    {"[\xc3\xa4\xc3\xb6]$", REG_EXTENDED, "x\xc3\xb6", 0},
    {"\xc3\x84", REG_ICASE, "\xc3\xa4", 0},
    {"[[:alpha:]]\xe2\x82\xac", 0, "\xc3\xa4\xe2\x82\xac", 0},

    {"[^a]{2}", REG_EXTENDED, "\xc3\xa4\xc3\xb6", 0},
};

static void match(size_t i)
{
    regex_t compiled;
    regmatch_t m[6] = {{.rm_so = 1, .rm_eo = (regoff_t)strlen(expressions[i].text) - 1}};
    printf("%s on %s:", expressions[i].pattern, expressions[i].text);
    if (regcomp(&compiled, expressions[i].pattern, expressions[i].flags) != 0) {
        puts(" wrong");
        return;
    }
    const int result = regexec(&compiled, expressions[i].text, 6, m, expressions[i].match_flags);
    printf(" %d", result);
    for (size_t k = 0; result == 0 && k < 6 && k <= compiled.re_nsub; k++) {
        printf(" %d-%d", (int)m[k].rm_so, (int)m[k].rm_eo);
    }
    putchar('\n');
    regfree(&compiled);
}

static const struct {
    const char *pattern, *text;
    int flags;
} names[] = {
    {"*", "a", 0},
    {"*", ".a", 0},
    {"*", ".a", FNM_PERIOD},
    {"a*", "a/b", 0},
    {"a*", "a/b", FNM_PATHNAME},
    {"a*", "a/b", FNM_LEADING_DIR},
    {"?", "", 0},
    {"?", "/", FNM_PATHNAME},
    {"[a-c]", "b", 0},
    {"[!a-c]", "b", 0},
    {"[^a-c]", "d", 0},
    {"[]a]", "]", 0},
    {"[a-]", "-", 0},
    {"[[:alpha:]][[:digit:]]", "a1", 0},
    {"[[:upper:]]", "a", 0},
    {"A*C", "abc", FNM_CASEFOLD},
    {"\\*", "*", 0},
    {"\\*", "\\a", FNM_NOESCAPE},
    {"\\*", "a", 0},
    {"[", "[", 0},
    {"[a", "[a", 0},
    {"a[/]b", "a/b", FNM_PATHNAME},
    {"*/b", "a/b", FNM_PATHNAME},
    {"*/b", ".a/b", FNM_PATHNAME | FNM_PERIOD},
    {"a/*", "a/.b", FNM_PATHNAME | FNM_PERIOD},
    {"a/.*", "a/.b", FNM_PATHNAME | FNM_PERIOD},
    {"[.]a", ".a", FNM_PERIOD},
    {"?a", ".a", FNM_PERIOD},
    {"a**b", "axxb", 0},
    {"a*b*c*d", "aXbXcXd", 0},
    {"a*b*c*d", "aXbXcX", 0},
    {"", "", 0},
    {"", "a", 0},
    {"*", "", 0},
    {"?", "\xc3\xa4", 0},
    {"[\xc3\xa4]", "\xc3\xa4", 0},
    {"[!a]", "\xc3\xa4", 0},
    {"\xc3\x84", "\xc3\xa4", FNM_CASEFOLD},
    {"[z-a]", "b", 0},
    {"[a-a]", "a", 0},
    {"*.[ch]", "x.c", 0},
    {"a*/c", "ab/x/c", 0},
    {"**/c", "a/b/c", FNM_PATHNAME},
    {"a?b", "a.b", FNM_PERIOD},
    {"[!]]", "]", 0},
    {"[!]]", "a", 0},
    {"[--0]", ".", 0},
    {"[+--]", ",", 0},
};

int main(void)
{
    char text[100];
    setlocale(LC_ALL, "C.UTF-8");
    for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        match(i);
    }
    for (int i = 0; i < 14; i++) {
        regerror(i, NULL, text, sizeof(text));
        puts(text);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        printf("%s on %s, %zu: %d\n", names[i].pattern, names[i].text, i,
               fnmatch(names[i].pattern, names[i].text, names[i].flags) != 0);
    }
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Trees of files and words of a shell: fts(3), nftw(), wordexp(), in a folder of the test's own. Not where glibc
// differs from POSIX: a pattern in a variable's value, quotes in the word of ${x:-word}.
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wordexp.h>

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

static void make_tree(void)
{
    static const char *const files[] = {"t/a", "t/b/c", "t/b/d/e", "t/z.txt", "t/.hidden", "u/x"};
    mkdir("t", 0755);
    mkdir("t/b", 0755);
    mkdir("t/b/d", 0755);
    mkdir("t/empty", 0755);
    mkdir("u", 0755);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        close(open(files[i], O_CREAT | O_WRONLY, 0644));
    }
    if (symlink("../b", "t/b/loop") != 0 || symlink("nowhere", "t/dangling") != 0 ||
        symlink("../u", "t/other") != 0) {
        perror("symlink");
    }
}

/* With `skip`, what is called b is not entered; with `follow`, symbolic links are. */
static void walk(int options, int skip, int follow, int children)
{
    char *const roots[] = {(char *)"u", (char *)"t", (char *)"t/other", (char *)"missing", NULL};
    FTS *const fts = fts_open(roots, options, by_name);
    printf("options %d:\n", options);
    for (FTSENT *e = fts_read(fts); e != NULL; e = fts_read(fts)) {
        printf("%d %d %.*s %s %d", e->fts_info, e->fts_level, e->fts_pathlen, e->fts_path,
               e->fts_name, e->fts_pathlen);
        printf(" %d%s%s\n", e->fts_info == FTS_NS ? e->fts_errno : 0,
               e->fts_info == FTS_DC ? " is " : "",
               e->fts_info == FTS_DC ? e->fts_cycle->fts_name : "");
        if (e->fts_info == FTS_D && children) {
            for (const FTSENT *c = fts_children(fts, 0); c != NULL; c = c->fts_link) {
                printf("  child %s %d\n", c->fts_name, c->fts_info);
            }
        }
        if (skip && e->fts_info == FTS_D && strcmp(e->fts_name, "b") == 0) {
            fts_set(fts, e, FTS_SKIP);
        }
        if (follow && e->fts_info == FTS_SL) {
            fts_set(fts, e, FTS_FOLLOW);
        }
    }
    printf("closed: %d\n", fts_close(fts));
}

static int visited;

static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    visited += type * 7 + where->level + (int)strlen(path + where->base);
    return 0;
}

static void expand(const char *words, int flags)
{
    wordexp_t w = {.we_offs = 2};
    const int result = wordexp(words, &w, flags);
    printf("%s: %d", words, result);
    for (size_t i = 0; result == 0 && i < w.we_wordc; i++) {
        printf(" [%s]", w.we_wordv[i + ((flags & WRDE_DOOFFS) != 0 ? 2 : 0)]);
    }
    putchar('\n');
    if (result == 0) {
        wordfree(&w);
    }
}

static void expand_all(void)
{
    static const char *const words[] = {
        "a b  c",
        "'a b' c",
        "\"a b\"c",
        "a\\ b",
        "$X",
        "\"$X\"",
        "${X}y",
        "$UNSET",
        "\"$UNSET\"",
        "${UNSET:-d e}",
        "${X:-d}",
        "${X:+set}",
        "${UNSET+set}",
        "${EMPTY:-d}",
        "${EMPTY-d}",
        "${#X}",
        "~",
        "~/x",
        "a~",
        "'~'",
        "t/*",
        "t/*.txt",
        "'t/*'",
        "t/\\*",
        "none*",
        "t/[ab]",

        "\"$STARS\"",
        "\\$X",
        "'$X'",
        "a'b'\"c\"d",
        "",
        "   ",
        "''",
        "\"\"",
        "$",
        "a$",
        "\"a",
        "'a",
        "a|b",
        "a;b",
        "a\nb",
        "(a)",
        "{a}",
        "a>b",
        "'|'",
        "\"|\"",
        "${X",
        "${}",
        "x=$X",
        "\"\\a\\$\\\"\"",
        "\"${UNSET:-a b}\"",
        "\xc3\xa4 b",
        "$COLONS",
        "a#b",
    };
    setenv("X", "one two", 1);
    setenv("EMPTY", "", 1);
    setenv("HOME", "/home/me", 1);
    setenv("STARS", "t/*.txt", 1);
    setenv("COLONS", "a:b", 1);
    unsetenv("UNSET");
    unsetenv("IFS");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        expand(words[i], 0);
    }
    expand("$UNSET", WRDE_UNDEF);
    expand("$(ls)", WRDE_NOCMD);
    expand("a `ls`", WRDE_NOCMD);
    expand("a b", WRDE_DOOFFS);
}

static void expand_again(void)
{
    wordexp_t w = {0};
    wordexp("a b", &w, 0);
    wordexp("c", &w, WRDE_APPEND);
    printf("%zu %s %s\n", w.we_wordc, w.we_wordv[2], w.we_wordv[3] == NULL ? "end" : "more");
    printf("%d", wordexp("d |", &w, WRDE_APPEND));
    printf(" %zu\n", w.we_wordc);
    wordexp("e", &w, WRDE_REUSE);
    printf("%zu %s\n", w.we_wordc, w.we_wordv[0]);
    wordfree(&w);
}

static int delete (const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

int main(void)
{
    char folder[] = "/tmp/words-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    make_tree();
    walk(FTS_PHYSICAL | FTS_NOCHDIR, 0, 0, 0);
    walk(FTS_PHYSICAL | FTS_NOCHDIR, 1, 0, 1);
    walk(FTS_PHYSICAL | FTS_NOCHDIR, 0, 1, 0);
    walk(FTS_LOGICAL | FTS_NOCHDIR, 0, 0, 0);
    walk(FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, 0, 0, 0);
    walk(FTS_PHYSICAL | FTS_SEEDOT | FTS_NOCHDIR, 0, 0, 0);
    printf("nftw %d %d", nftw("t", visit, 5, FTW_PHYS), visited);
    printf(" %d %d\n", nftw("t", visit, 5, FTW_PHYS | FTW_DEPTH), visited);
    expand_all();
    expand_again();
    if (chdir("/") != 0 || nftw(folder, delete, 5, FTW_PHYS | FTW_DEPTH) != 0) {
        perror(folder);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* wordexp.c - <wordexp.h>: quotes, ~, variables, fields, patterns for files (POSIX.1-2008, XCU 2.6). */
#include <ctype.h>
#include <glob.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wordexp.h>

/* A field grows as a pattern: what was quoted has a backslash where it would mean something. */
struct state {
    wordexp_t *result;
    const char *at; /* in the words */
    char *pattern;
    size_t length, capacity;
    bool is_field; /* one has begun, which may be empty */
    bool has_meta;
    int flags, error;
};

static void fail(struct state *s, int error)
{
    if (s->error == 0) {
        s->error = error;
    }
}

static void put(struct state *s, char c)
{
    if (s->length + 1 >= s->capacity) {
        const size_t capacity = s->capacity * 2 + 64;
        char *const larger = (char *)realloc(s->pattern, capacity);
        if (larger == NULL) {
            fail(s, WRDE_NOSPACE);
            return;
        }
        s->pattern = larger;
        s->capacity = capacity;
    }
    s->pattern[s->length++] = c;
    s->pattern[s->length] = '\0';
}

static void put_char(struct state *s, char c, bool is_quoted)
{
    const bool is_meta = strchr("*?[", c) != NULL;
    if (c == '\\' || (is_quoted && is_meta)) {
        put(s, '\\');
    }
    s->has_meta = s->has_meta || (is_meta && !is_quoted);
    put(s, c);
    s->is_field = true;
}

static size_t offset_of(const struct state *s)
{
    return (s->flags & WRDE_DOOFFS) != 0 ? s->result->we_offs : 0;
}

/* Takes `word`, which is from malloc(), or NULL. */
static void add_word(struct state *s, char *word)
{
    wordexp_t *const r = s->result;
    const size_t at = offset_of(s) + r->we_wordc;
    char **const words =
        word == NULL ? NULL : (char **)reallocarray(r->we_wordv, at + 2, sizeof(char *));
    if (words == NULL) {
        free(word);
        fail(s, WRDE_NOSPACE);
        return;
    }
    words[at] = word;
    words[at + 1] = NULL;
    r->we_wordv = words;
    r->we_wordc++;
}

/* The field is complete. */
static void end_field(struct state *s)
{
    if (!s->is_field) {
        return;
    }
    glob_t found = {0};
    if (s->has_meta && glob(s->pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < (size_t)found.gl_pathc; i++) {
            add_word(s, strdup(found.gl_pathv[i]));
        }
    } else {
        size_t length = 0;
        for (size_t i = 0; i < s->length; i++) {
            i += s->pattern[i] == '\\';
            s->pattern[length++] = s->pattern[i];
        }
        add_word(s, strndup(s->length > 0 ? s->pattern : "", length));
    }
    globfree(&found);
    s->length = 0;
    s->is_field = s->has_meta = false;
}

/* A variable's value: fields, where it was not quoted. */
static void put_value(struct state *s, const char *value, bool is_quoted)
{
    const char *const separators = getenv("IFS") != NULL ? getenv("IFS") : " \t\n";
    for (; *value != '\0'; value++) {
        if (is_quoted || strchr(separators, *value) == NULL) {
            put_char(s, *value, is_quoted);
        } else {
            s->is_field = s->is_field || isspace((unsigned char)*value) == 0;
            end_field(s);
        }
    }
}

static void expand(struct state *s, bool is_quoted, char end);

static size_t name_length(const char *p)
{
    size_t n = 0;
    while (isalpha((unsigned char)p[n]) != 0 || p[n] == '_' ||
           (n > 0 && isdigit((unsigned char)p[n]) != 0)) {
        n++;
    }
    return n;
}

static const char *find_value(struct state *s, const char *name, size_t bytes)
{
    char *const copy = strndup(name, bytes);
    const char *const value = copy != NULL ? getenv(copy) : NULL;
    if (copy == NULL) {
        fail(s, WRDE_NOSPACE);
    }
    free(copy);
    return value;
}

/* ${...}, from behind the brace. */
static void put_braced(struct state *s, bool is_quoted)
{
    const bool is_length = s->at[0] == '#' && s->at[1] != '}';
    const char *const name = s->at + (is_length ? 1 : 0);
    const size_t bytes = name_length(name);
    const char *const value = find_value(s, name, bytes);
    s->at = name + bytes;
    if (bytes == 0 || (is_length && *s->at != '}')) {
        fail(s, WRDE_SYNTAX);
        return;
    }
    const bool is_colon = *s->at == ':';
    const bool is_there = value != NULL && (!is_colon || *value != '\0');
    const char operation = s->at[is_colon ? 1 : 0];
    if (*s->at == '}') {
        s->at++;
        if (value == NULL && (s->flags & WRDE_UNDEF) != 0) {
            fail(s, WRDE_BADVAL);
        } else if (is_length) {
            char digits[24], *p = digits + sizeof(digits) - 1;
            *p = '\0';
            for (size_t n = value != NULL ? strlen(value) : 0; n > 0 || *p == '\0'; n /= 10) {
                *--p = (char)('0' + n % 10);
            }
            put_value(s, p, is_quoted);
        } else if (value != NULL) {
            put_value(s, value, is_quoted);
        }
        return;
    }
    if (operation != '-' && operation != '+') {
        fail(s, WRDE_SYNTAX);
        return;
    }
    s->at += is_colon ? 2 : 1;
    struct state ignored = *s;
    struct state *const word = is_there == (operation == '+') ? s : &ignored;
    if (word == &ignored) { /* its words go nowhere */
        wordexp_t nothing = {0};
        ignored.result = &nothing;
        ignored.pattern = NULL;
        ignored.length = ignored.capacity = 0;
        ignored.flags &= ~WRDE_DOOFFS;
        expand(&ignored, is_quoted, '}');
        wordfree(&nothing);
        free(ignored.pattern);
        s->at = ignored.at;
        fail(s, ignored.error);
        if (operation == '-') {
            put_value(s, value, is_quoted);
        }
        return;
    }
    expand(s, is_quoted, '}');
}

/* At "$". */
static void put_variable(struct state *s, bool is_quoted)
{
    const size_t bytes = name_length(++s->at);
    if (*s->at == '(') {
        fail(s, s->at[1] == '(' ? WRDE_SYNTAX : WRDE_CMDSUB);
    } else if (*s->at == '{') {
        s->at++;
        put_braced(s, is_quoted);
    } else if (bytes == 0) {
        put_char(s, '$', true);
    } else {
        const char *const value = find_value(s, s->at, bytes);
        s->at += bytes;
        if (value != NULL) {
            put_value(s, value, is_quoted);
        } else if ((s->flags & WRDE_UNDEF) != 0) {
            fail(s, WRDE_BADVAL);
        }
    }
}

/* At "~" at the start of a word: somebody's home, if there is such a user. */
static void put_home(struct state *s)
{
    const size_t bytes = strcspn(s->at + 1, "/ \t\n\"'\\$`");
    char *const name = strndup(s->at + 1, bytes);
    const char *home = bytes == 0 ? getenv("HOME") : NULL;
    if (home == NULL && name != NULL) {
        const struct passwd *const user = bytes == 0 ? getpwuid(getuid()) : getpwnam(name);
        home = user != NULL ? user->pw_dir : NULL;
    }
    if (home != NULL) {
        put_value(s, home, true);
        s->at += 1 + bytes;
    } else {
        put_char(s, *s->at++, true);
    }
    free(name);
}

/* At a backslash. */
static void put_escaped(struct state *s, bool is_quoted)
{
    const char c = s->at[1];
    if (c == '\0') {
        fail(s, WRDE_SYNTAX);
    } else if (is_quoted && strchr("$`\"\\\n", c) == NULL) {
        put_char(s, '\\', true);
        s->at++;
    } else {
        if (c != '\n') {
            put_char(s, c, true);
        }
        s->at += 2;
    }
}

/* At '. */
static void put_quoted(struct state *s)
{
    s->is_field = true;
    for (s->at++; *s->at != '\'' && *s->at != '\0'; s->at++) {
        put_char(s, *s->at, true);
    }
    if (*s->at == '\0') {
        fail(s, WRDE_SYNTAX);
    } else {
        s->at++;
    }
}

/* Up to and with `end`, which may be NUL. */
static void expand(struct state *s, bool is_quoted, char end)
{
    while (s->error == 0 && *s->at != end) {
        const char c = *s->at;
        if (c == '\0') {
            fail(s, WRDE_SYNTAX);
        } else if (c == '\\') {
            put_escaped(s, is_quoted);
        } else if (c == '$') {
            put_variable(s, is_quoted);
        } else if (c == '`') {
            fail(s, WRDE_CMDSUB);
        } else if (c == '"' && !is_quoted) {
            s->is_field = true;
            s->at++;
            expand(s, true, '"');
        } else if (is_quoted) {
            put_char(s, c, true);
            s->at++;
        } else if (c == '\'') {
            put_quoted(s);
        } else if (c == '~' && !s->is_field) {
            put_home(s);
        } else if (c == ' ' || c == '\t') {
            end_field(s);
            s->at++;
        } else if (strchr("\n|&;<>(){}", c) != NULL) {
            fail(s, WRDE_BADCHAR);
        } else {
            put_char(s, c, false);
            s->at++;
        }
    }
    s->at += s->error == 0 && end != '\0' ? 1 : 0;
}

int wordexp(const char *restrict words, wordexp_t *restrict result, int flags)
{
    wordexp_t fresh = {.we_offs = result->we_offs};
    struct state s = {.result = &fresh, .at = words, .flags = flags};
    if ((flags & WRDE_REUSE) != 0) {
        wordfree(result);
    }
    if ((flags & WRDE_APPEND) != 0) {
        fresh = *result;
    }
    const size_t before = fresh.we_wordc, offset = offset_of(&s);
    if (fresh.we_wordv == NULL) {
        fresh.we_wordv = (char **)calloc(offset + 1, sizeof(char *));
        if (fresh.we_wordv == NULL) {
            return WRDE_NOSPACE;
        }
    }
    expand(&s, false, '\0');
    end_field(&s);
    free(s.pattern);
    /* Of words that were appended in vain none is left; without memory those that there are. */
    while (s.error != 0 && s.error != WRDE_NOSPACE && fresh.we_wordc > before) {
        free(fresh.we_wordv[offset + --fresh.we_wordc]);
        fresh.we_wordv[offset + fresh.we_wordc] = NULL;
    }
    if (s.error == 0 || s.error == WRDE_NOSPACE || (flags & WRDE_APPEND) != 0) {
        *result = fresh;
    } else {
        free(fresh.we_wordv);
    }
    return s.error;
}

void wordfree(wordexp_t *result)
{
    char **word = result->we_wordv;
    if (word == NULL) {
        return;
    }
    /* The first we_offs elements, if any, are NULL. */
    for (size_t left = result->we_wordc; left > 0; word++) {
        left -= *word != NULL ? 1 : 0;
        free(*word);
    }
    free(result->we_wordv);
    result->we_wordv = NULL;
    result->we_wordc = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - see files.h. Whatever a guest says about its files is shown without control characters. */
#include "shell/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "boot.h"
#include "guests/service.h"
#include "guests/slot.h"
#include "shell/inspect.h"
#include "text/term.h"

#define ENTRIES_MAX 10000
#define CAT_MAX (1u << 20)
#define COPY_MAX (1ull << 30)
#define TEXT_BYTES 1024

/* One end of what is under way. */
struct end {
    const char *path; /* borrows the words */
    struct guest_ref guest;
    const uint8_t *data; /* a file of the boot volume instead of a guest's */
    uint64_t bytes;
};

static struct {
    void (*done)(void);
    struct end from, to;
    uint64_t offset; /* of the next piece */
    uint64_t entries;
    uint64_t next; /* what the answer said: a position in a directory, or a file's size */
    bool is_first, is_cancelled, is_in_ask, is_over;
    bool ends_with_newline;
    char text[TEXT_BYTES]; /* write */
} op;

static void end(void)
{
    op.is_over = true;
    if (!op.is_in_ask) {
        op.done();
    }
}

static void fail(const char *path, const char *problem)
{
    term_printf("%s: %s.\n", path, problem);
    end();
}

static void ask(const struct end *e, const struct service_question *q, service_told_t told)
{
    struct guest *const g = guest_of_ref(e->guest);

    if (op.is_cancelled) {
        fail(e->path, "cancelled");
    } else if (g == NULL) {
        fail(e->path, "the guest has ended");
    } else {
        service_ask(g, q, told);
    }
}

/* A guest is where the files are. */
static bool open_end(struct end *e, const char *name, const char *path, enum rights_inspect needs)
{
    const struct guest *const g = inspect_find(name, needs);

    if (g == NULL) {
        return false;
    }
    if (g->state == GUEST_CREATED) {
        term_printf("%s has not been started yet: it has no files.\n", name);
        return false;
    }
    *e = (struct end){.path = path, .guest = guest_ref(g)};
    return true;
}

/* ---- files -------------------------------------------------------------------------------- */

static void print_name(const char *name, size_t bytes)
{
    char text[256];
    for (size_t at = 0; at < bytes;) {
        size_t n = 0;
        for (; n < sizeof(text) && at < bytes; n++, at++) {
            text[n] = term_is_control(name, at) ? '?' : name[at];
        }
        term_write(text, (uint32_t)n);
    }
}

static char type_letter(uint32_t mode)
{
    return S_ISDIR(mode)    ? 'd'
           : S_ISLNK(mode)  ? 'l'
           : S_ISCHR(mode)  ? 'c'
           : S_ISFIFO(mode) ? 'p'
           : S_ISSOCK(mode) ? 's'
                            : '-';
}

static void print_entry(const struct mf_service_entry *e, const char *name)
{
    static const char bits[] = "rwxrwxrwx";
    char mode[11] = {type_letter(e->mode)};
    const time_t seconds = (time_t)e->mtime;
    struct tm t = {0};

    for (int i = 0; i < 9; i++) {
        mode[1 + i] = (char)((e->mode >> (8 - i) & 1) != 0 ? bits[i] : '-');
    }
    gmtime_r(&seconds, &t);
    term_printf("%s %12" PRIu64 " %04d-%02d-%02d %02d:%02d ", mode, e->bytes,
                (t.tm_year + 1900) % 10000, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min);
    print_name(name, e->name_bytes);
    term_write("\n", 1);
}

/* Prints the entries in [data, data + bytes); false: they are none. */
static bool print_entries(const uint8_t *data, uint32_t bytes)
{
    while (bytes > 0) {
        struct mf_service_entry e;
        if (bytes < sizeof(e)) {
            return false;
        }
        memcpy(&e, data, sizeof(e));
        if (e.entry_bytes > bytes || e.entry_bytes < sizeof(e) ||
            e.name_bytes > e.entry_bytes - sizeof(e)) {
            return false;
        }
        print_entry(&e, (const char *)data + sizeof(e));
        data += e.entry_bytes;
        bytes -= e.entry_bytes;
        op.entries++;
    }
    return true;
}

static void list_on(void);

static void listed(const struct service_answer *a)
{
    if (a->problem != NULL) {
        fail(op.from.path, a->problem);
    } else if (!print_entries(a->data, a->done)) {
        fail(op.from.path, "the guest's answer makes no sense");
    } else if (a->next == 0 || a->done == 0) {
        end();
    } else if (op.entries > ENTRIES_MAX) {
        fail(op.from.path, "there are more files");
    } else {
        op.offset = a->next;
        list_on();
    }
}

static void list_on(void)
{
    const struct service_question q = {
        .op = MF_SERVICE_LIST, .path = op.from.path, .offset = op.offset};
    ask(&op.from, &q, listed);
}

/* ---- cat ---------------------------------------------------------------------------------- */

static void print_text(const uint8_t *data, uint32_t bytes)
{
    char text[256];
    for (uint32_t at = 0; at < bytes;) {
        uint32_t n = 0;
        for (; n < sizeof(text) && at < bytes; n++, at++) {
            const char c = (char)data[at];
            const bool is_plain = (c & 0x60) != 0 && c != 0x7f;
            text[n] = is_plain || c == '\n' || c == '\t' || (c & 0x80) != 0 ? c : '.';
        }
        term_write(text, n);
    }
    op.ends_with_newline = bytes == 0 ? op.ends_with_newline : data[bytes - 1] == '\n';
}

static void cat_on(void);

static void shown(const struct service_answer *a)
{
    if (a->problem != NULL) {
        fail(op.from.path, a->problem);
        return;
    }
    print_text(a->data, a->done);
    op.offset += a->done;
    if (a->done > 0 && op.offset < a->next && op.offset < CAT_MAX) {
        cat_on();
        return;
    }
    if (!op.ends_with_newline) {
        term_write("\n", 1);
    }
    if (op.offset < a->next && op.offset >= CAT_MAX) {
        fail(op.from.path, "there is more");
    } else {
        end();
    }
}

static void cat_on(void)
{
    const struct service_question q = {.op = MF_SERVICE_READ,
                                       .path = op.from.path,
                                       .offset = op.offset,
                                       .bytes = MF_AREA_DATA_BYTES};
    ask(&op.from, &q, shown);
}

/* ---- write and cp -------------------------------------------------------------------------- */

static void copy_on(void);

static void written(const struct service_answer *a)
{
    if (a->problem != NULL) {
        fail(op.to.path, a->problem);
        return;
    }
    op.is_first = false;
    op.offset += a->done;
    if (op.offset >= op.next) {
        end();
    } else if (a->done == 0) {
        fail(op.to.path, "the guest has no room for more");
    } else if (op.offset >= COPY_MAX) {
        fail(op.to.path, "a file is too large to be copied");
    } else {
        copy_on();
    }
}

static void put(const uint8_t *data, uint32_t bytes)
{
    const struct service_question q = {.op = op.is_first ? MF_SERVICE_CREATE : MF_SERVICE_WRITE,
                                       .path = op.to.path,
                                       .offset = op.offset,
                                       .data = data,
                                       .bytes = bytes};
    ask(&op.to, &q, written);
}

static void got(const struct service_answer *a)
{
    if (a->problem != NULL) {
        fail(op.from.path, a->problem);
    } else {
        op.next = a->done == 0 ? 0 : a->next; /* it may have become shorter meanwhile */
        put(a->data, a->done);
    }
}

static void copy_on(void)
{
    if (op.from.data != NULL) {
        const uint64_t left = op.from.bytes - op.offset;
        op.next = op.from.bytes;
        put(op.from.data + op.offset,
            left < MF_AREA_DATA_BYTES ? (uint32_t)left : MF_AREA_DATA_BYTES);
        return;
    }
    const struct service_question q = {.op = MF_SERVICE_READ,
                                       .path = op.from.path,
                                       .offset = op.offset,
                                       .bytes = MF_AREA_DATA_BYTES};
    ask(&op.from, &q, got);
}

static bool open_write(int count, char *const words[])
{
    size_t at = 0;

    if (count < 4) {
        term_printf("Write: write NAME PATH TEXT...\n");
        return false;
    }
    for (int i = 3; i < count; i++) {
        const int more = snprintf(op.text + at, sizeof(op.text) - at, "%s%s", words[i],
                                  i + 1 < count ? " " : "\n");
        at += (size_t)more;
        if (at >= sizeof(op.text)) {
            term_printf("The text is too long: at most %d bytes.\n", TEXT_BYTES - 1);
            return false;
        }
    }
    op.from = (struct end){.path = "", .data = (const uint8_t *)op.text, .bytes = at};
    return open_end(&op.to, words[1], words[2], RIGHTS_WRITE);
}

/* GUEST:PATH, or :FILE of the boot volume. Cuts the word at the colon. */
static bool open_copy_end(struct end *e, char *word, enum rights_inspect needs)
{
    char *const colon = strchr(word, ':');

    if (colon == NULL || colon[1] == 0 || (colon == word && needs == RIGHTS_WRITE)) {
        term_printf("'%s': write GUEST:PATH%s.\n", word,
                    needs == RIGHTS_READ ? ", or :FILE for one of the boot volume" : "");
        return false;
    }
    if (colon != word) {
        *colon = 0;
        return open_end(e, word, colon + 1, needs);
    }
    const struct boot_file file = boot_find(colon + 1);
    if (file.data == NULL) {
        term_printf("There is no file '%s' on the boot volume.\n", colon + 1);
        return false;
    }
    *e = (struct end){.path = colon + 1, .data = file.data, .bytes = file.bytes};
    return true;
}

/* ---- commands ------------------------------------------------------------------------------ */

/* Opens what the command needs. Returns what begins it; NULL: it has complained. */
static void (*prepare(int count, char *const words[]))(void)
{
    if (strcmp(words[0], "files") == 0) {
        return open_end(&op.from, words[1], count > 2 ? words[2] : "/", RIGHTS_READ) ? list_on
                                                                                     : NULL;
    }
    if (strcmp(words[0], "write") == 0) {
        return open_write(count, words) ? copy_on : NULL;
    }
    if (count < 3) {
        term_printf("Write: %s\n",
                    strcmp(words[0], "cat") == 0 ? "cat NAME PATH" : "cp GUEST:PATH GUEST:PATH");
        return NULL;
    }
    if (strcmp(words[0], "cat") == 0) {
        return open_end(&op.from, words[1], words[2], RIGHTS_READ) ? cat_on : NULL;
    }
    return open_copy_end(&op.from, words[1], RIGHTS_READ) &&
                   open_copy_end(&op.to, words[2], RIGHTS_WRITE)
               ? copy_on
               : NULL;
}

bool files_run(int count, char *const words[], void (*done)(void))
{
    void (*const begin)(void) = prepare(count, words);

    if (begin == NULL) {
        return false;
    }
    op.done = done;
    op.offset = 0;
    op.entries = 0;
    op.is_first = true;
    op.is_cancelled = false;
    op.ends_with_newline = true;
    op.is_over = false;
    op.is_in_ask = true;
    begin();
    op.is_in_ask = false;
    return !op.is_over;
}

void files_cancel(void)
{
    op.is_cancelled = true;
}

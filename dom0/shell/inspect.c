/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.c - see inspect.h. Memory is read and written through hv, whatever its protection, while the
 * guest stands still.
 */
#include "shell/inspect.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "families/jobs.h"
#include "guests/hold.h"
#include "guests/names.h"
#include "guests/slot.h"
#include "images/image.h"
#include "mayfly/hypercall.h"
#include "store/lazy.h"
#include "text/errors.h"
#include "text/memtext.h"
#include "text/report.h"
#include "text/term.h"
#include "text/words.h"

#define PEEK_BYTES 64
#define PEEK_MAX 4096
#define POKE_MAX 512
#define TRIES_MAX 10
#define TRY_NS (2 * MF_NS_PER_MS)

struct guest *inspect_find(const char *name, enum rights_inspect needs)
{
    const uint32_t slot = names_find(name);
    struct guest *const g = slot == PLAN_NO_GUEST ? NULL : guest_at(slot);

    if (g == NULL) {
        term_printf("There is no guest '%s'; `list` shows them.\n", name);
        return NULL;
    }
    if (g->state != GUEST_RUNNING && g->state != GUEST_CREATED) {
        term_printf("%s has ended (%s).\n", name, report_reason(g->reason));
        return NULL;
    }
    if (!rights_allow(g, needs)) {
        term_printf("%s does not allow that (its inspect= says so).\n", name);
        return NULL;
    }
    return g;
}

/* ---- pause and resume --------------------------------------------------------------------- */

/* The `pause` that waits for a moment at which its guest is at rest. */
static void (*tell_paused)(void);

/* Returns false when it is done. A guest that is never at rest is paused all the same. */
static bool try_to_pause(struct hold_retry *r, struct guest *g)
{
    if (g == NULL) {
        term_printf("The guest has ended.\n");
        return false;
    }
    const bool is_last = r->count == TRIES_MAX;
    const int64_t err = hold_begin(g, is_last ? HOLD_NOW : HOLD_REST);
    if (err == HV_ERR_BUSY && !is_last) {
        return true;
    }
    if (err < 0) {
        term_printf("%s cannot be paused: %s.\n", g->name, error_text(err));
    }
    return false;
}

static void paused(struct hold_retry *r)
{
    (void)r;
    tell_paused();
}

static bool run_pause(struct guest *g, void (*done)(void))
{
    static struct hold_retry retry = {.attempt = try_to_pause, .done = paused, .every_ns = TRY_NS};

    if (g->state == GUEST_CREATED) {
        term_printf("%s has not been started yet.\n", g->name);
        return false;
    }
    if (g->is_paused) {
        term_printf("%s is paused already; `resume %s` lets it go on.\n", g->name, g->name);
        return false;
    }
    tell_paused = done;
    return hold_retry_begin(&retry, g);
}

static void run_resume(struct guest *g)
{
    if (!g->is_paused && jobs_is_stopped(g)) {
        jobs_signal(g, SIGCONT);
        return;
    }
    if (!g->is_paused) {
        term_printf("%s is not paused.\n", g->name);
        return;
    }
    const int64_t err = hold_end(g);
    if (err < 0) {
        term_printf("%s cannot go on: %s.\n", g->name, error_text(err));
    }
}

/* ---- memory ------------------------------------------------------------------------------- */

static bool find_symbol(const void *image, const char *name, uint64_t *address)
{
    return image_address(image, name, address);
}

/* Whether it stands still; complains if not. */
static bool is_still(const struct guest *g)
{
    if (g->state == GUEST_RUNNING && !g->is_paused) {
        term_printf("%s is running; `pause %s` first.\n", g->name, g->name);
        return false;
    }
    return true;
}

static bool take_address(const struct guest *g, const char *word, uint64_t *va)
{
    if (!memtext_address(word, find_symbol, g->image, va) || *va >= HV_GUEST_END) {
        term_printf(
            "'%s' is no address: write 0xHEX, a number, a function or a variable of %s, and "
            "maybe +N.\n",
            word, g->image->name);
        return false;
    }
    return true;
}

static const char *memory_error(int64_t err)
{
    return err == HV_ERR_NOENT  ? "nothing is there"
           : err == HV_ERR_PERM ? "that is the hypervisor's"
                                : error_text(err);
}

/* The function or variable that has `va`, if one does. */
static void print_symbol(const struct guest *g, uint64_t va)
{
    uint64_t offset;
    const char *const name = image_symbol(g->image, va, &offset);

    if (name != NULL && image_in_one_segment(g->image, va, va - offset)) {
        term_printf("%s+0x%" PRIx64 ":\n", name, offset);
    }
}

/* A page is still on the disk: begins to bring it, for the command to be tried again; or says why not. */
static bool is_to_come(uint64_t va)
{
    const char *const problem = lazy_want(va);

    if (problem != NULL) {
        term_printf("0x%" PRIx64 ": %s.\n", va, problem);
    }
    return problem == NULL;
}

/* Reads one byte of each page. Returns false, and in *again whether to try again: one is not there. */
static bool is_brought(const struct guest *g, uint64_t va, uint64_t bytes, bool *again)
{
    uint8_t byte;

    for (uint64_t at = va; at < va + bytes; at = (at | (HV_PAGE_BYTES - 1)) + 1) {
        if (hv_dom_read(g->handle, at, &byte, 1) == HV_ERR_ABSENT) {
            *again = is_to_come(at);
            return false;
        }
    }
    return true;
}

/* Returns whether to try again. */
static bool run_peek(int count, char *const words[])
{
    struct guest *const g = inspect_find(words[1], RIGHTS_READ);
    uint64_t va, bytes = PEEK_BYTES;
    uint8_t data[MEMTEXT_COLUMNS];
    char line[MEMTEXT_LINE_BYTES];
    bool again;

    if (g == NULL || !is_still(g) || !take_address(g, words[2], &va)) {
        return false;
    }
    if (count > 3 && !words_number(words[3], 1, PEEK_MAX, &bytes)) {
        term_printf("Write: peek NAME ADDRESS|SYMBOL[+N] [BYTES] (at most %d)\n", PEEK_MAX);
        return false;
    }
    if (!is_brought(g, va, bytes, &again)) {
        return again;
    }
    print_symbol(g, va);
    for (uint64_t at = 0; at < bytes; at += sizeof(data)) {
        const uint64_t left = bytes - at;
        const uint32_t part = left < sizeof(data) ? (uint32_t)left : (uint32_t)sizeof(data);
        const int64_t err = hv_dom_read(g->handle, va + at, data, part);
        if (err < 0) {
            term_printf("0x%" PRIx64 ": %s.\n", va + at, memory_error(err));
            return false;
        }
        memtext_line(line, va + at, data, part);
        term_printf("%s\n", line);
    }
    return false;
}

/* Returns whether to try again: the table of a page that is still to come cannot be changed, either. */
static bool run_poke(int count, char *const words[])
{
    struct guest *const g = inspect_find(words[1], RIGHTS_WRITE);
    uint8_t data[POKE_MAX];
    uint64_t va;

    if (g == NULL || !is_still(g) || !take_address(g, words[2], &va)) {
        return false;
    }
    const uint32_t bytes = memtext_bytes(words + 3, count - 3, data, sizeof(data));
    if (bytes == 0) {
        term_printf("Write: poke NAME ADDRESS|SYMBOL[+N] BYTES... (41ff is two bytes, other words "
                    "and text=41ff are text; at most %d)\n",
                    POKE_MAX);
        return false;
    }
    const int64_t err = hv_dom_write(g->handle, va, data, bytes);
    if (err == HV_ERR_ABSENT) {
        const uint64_t end_va = va + bytes - 1;
        return is_to_come(lazy_is_pending((uint32_t)(va / INDEX_REGION_BYTES)) ? va : end_va);
    }
    if (err < 0) {
        term_printf("0x%" PRIx64 ": %s.\n", va, memory_error(err));
    } else {
        term_printf("%" PRIu32 " bytes written at 0x%" PRIx64 "\n", bytes, va);
    }
    return false;
}

/* `peek` or `poke`, which may have to wait for the disk. */
static struct {
    int count;
    char *const *words; /* the command's, which waits */
    void (*done)(void);
} memory;

static bool try_memory(struct hold_retry *r, struct guest *g)
{
    (void)r;
    (void)g; /* it is looked up again: it may have ended */
    return memory.words[0][1] == 'e' ? run_peek(memory.count, memory.words)
                                     : run_poke(memory.count, memory.words);
}

static void memory_done(struct hold_retry *r)
{
    (void)r;
    memory.done();
}

static bool run_memory(int count, char *const words[], void (*done)(void))
{
    static struct hold_retry retry = {
        .attempt = try_memory, .done = memory_done, .every_ns = TRY_NS};
    const uint32_t slot = names_find(words[1]);

    memory.count = count;
    memory.words = words;
    memory.done = done;
    return hold_retry_begin(&retry, guest_at(slot == PLAN_NO_GUEST ? 0 : slot));
}

static void run_regs(const char *name)
{
    struct guest *const g = inspect_find(name, RIGHTS_READ);
    struct hv_regs regs;

    if (g == NULL || !is_still(g)) {
        return;
    }
    const int64_t err = hv_dom_get_regs(g->handle, 0, &regs);
    if (err < 0) {
        term_printf("Its registers cannot be read: %s.\n", error_text(err));
        return;
    }
    report_print_registers(&regs);
    print_symbol(g, regs.rip);
}

bool inspect_run(int count, char *const words[], void (*done)(void))
{
    if (count < 3 && words[0][0] == 'p' && words[0][1] != 'a') {
        term_printf("Write: %s NAME ADDRESS|SYMBOL[+N] ...; `help` tells more\n", words[0]);
    } else if (words[0][0] == 'p' && words[0][1] != 'a') {
        return run_memory(count, words, done);
    } else if (strcmp(words[0], "regs") == 0) {
        run_regs(words[1]);
    } else {
        struct guest *const g = inspect_find(words[1], RIGHTS_UNSET);
        if (g != NULL && strcmp(words[0], "pause") == 0) {
            return run_pause(g, done);
        }
        if (g != NULL) {
            run_resume(g);
        }
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - see store.h. */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guests/guest.h"
#include "guests/names.h"
#include "mayfly/hypercall.h"
#include "store/lazy.h"
#include "store/medium.h"
#include "store/pause.h"
#include "store/restore.h"
#include "store/transfer.h"
#include "templates/lifecycle.h"
#include "templates/template.h"
#include "text/term.h"
#include "thread/thread.h"

#define STACK_BYTES 65536
#define WORDS 5 /* of a command, at most */
#define KIB_PER_BLOCK (STORE_BLOCK_BYTES / 1024)

/* The command under way. */
static struct {
    int count;
    char *words[WORDS]; /* the shell keeps the text, not its array */
    void (*done)(void);
    char point[LAUNCH_NAME_BYTES]; /* the template that it made for us; empty: none */
} op;

static struct body_writer writer __attribute__((section(".bss..cold.writer")));

/* ---- names --------------------------------------------------------------------------------- */

/* Whether something may be saved under this name; says why not. */
static bool name_is_free(struct catalogue *c, const char *name)
{
    if (!launch_name_is_valid(name)) {
        term_printf("'%s' cannot be a name: letters, digits, - _ . only.\n", name);
        return false;
    }
    if (catalogue_find(c, name) != NULL) {
        term_printf("Something is saved as '%s' already; choose another name, or `forget %s`.\n",
                    name, name);
        return false;
    }
    return true;
}

static struct store_entry *find_saved(struct catalogue *c, const char *name)
{
    struct store_entry *const e = catalogue_find(c, name);
    if (e == NULL) {
        term_printf("Nothing is saved as '%s'; `saved` shows what is.\n", name);
    }
    return e;
}

/* The template that is to be saved; says why there is none. */
static struct template *find_template(const char *name)
{
    struct template *const t = template_find(lifecycle_template(name));

    if (t != NULL && !template_is_root(t)) {
        return t;
    }
    if (t != NULL || image_find(name) != NULL) {
        term_printf("%s is an image: it is on the boot volume, and need not be saved.\n", name);
    } else {
        term_printf("There is no template or guest '%s'; `tree` and `list` show them.\n", name);
    }
    return NULL;
}

/* ---- save ---------------------------------------------------------------------------------- */

/* A new entry, a copy of `from` under another name. */
static struct store_entry *add_entry(struct catalogue *c, const struct store_entry *from,
                                     const char *name)
{
    const struct store_entry copy = *from; /* it may lie in the catalogue */
    struct store_entry *const e = catalogue_add(c);

    if (e == NULL) {
        term_printf("The store has %u entries, which is all it can have; `forget` some.\n",
                    STORE_ENTRIES_MAX);
        return NULL;
    }
    const uint64_t id = e->id;
    *e = copy;
    e->id = id;
    memset(e->name, 0, sizeof(e->name));
    memcpy(e->name, name, strlen(name));
    return e;
}

/* All of an entry that is known before its pages are written. */
static void describe(const struct catalogue *c, const struct launch_source *source,
                     struct store_entry *e)
{
    memset(e, 0, sizeof(*e));
    memcpy(e->image, source->image->name, strlen(source->image->name));
    memcpy(e->image_sha256, medium_image_hash(source->image), sizeof(e->image_sha256));
    e->id = e->body_id = c->super.next_id; /* what catalogue_add() gives next */
    e->saved_ns = mf_clock_wall_ns();
    e->clock_ns = mf_clock_machine_ns() + source->clock_offset_ns;
    e->memory_pages = source->memory_pages;
    e->generation = source->generation;
    e->flags = (source->has_network ? STORE_HAS_NETWORK : 0) |
               (source->is_ready ? STORE_IS_READY : 0) |
               (source->has_shadow ? STORE_HAS_SHADOW : 0);
    e->abi_version = HV_ABI_VERSION;
}

/* The next template above that is saved, or the image's: what the difference is taken from. */
static struct template *find_base(struct catalogue *c, struct template *t, uint64_t *id)
{
    struct template *base = template_parent(t);

    while (!template_is_root(base) &&
           (template_saved(base) == 0 || catalogue_find_id(c, template_saved(base)) == NULL)) {
        base = template_parent(base);
    }
    *id = template_is_root(base) ? 0 : template_saved(base);
    return base;
}

static const char *write_template(struct catalogue *c, struct template *t,
                                  const struct template *base, const struct store_entry *e)
{
    static struct store_guest guest;
    struct launch_source source, base_source;

    template_source(t, &source);
    template_source(base, &base_source);
    memset(&guest, 0, sizeof(guest));
    const int64_t err = hv_dom_get_state(source.handle, 0, &guest.vcpu);
    if (err < 0) {
        return "its registers cannot be read";
    }
    guest.pid = source.pid;
    guest.inspect = source.inspect;
    if (source.share != NULL) {
        const size_t bytes = strlen(source.share);
        if (bytes >= sizeof(guest.share)) {
            return "its list of guests that may share memory with it is too long";
        }
        memcpy(guest.share, source.share, bytes);
    }
    const char *problem = body_write_begin(&writer, c, e, &guest, sizeof(guest));
    if (problem == NULL) {
        problem = transfer_save(&writer, source.handle, base_source.handle);
    }
    if (problem == NULL) {
        return body_write_end(&writer);
    }
    body_write_abandon(&writer);
    return problem;
}

static void say_saved(struct catalogue *c, const struct store_entry *e)
{
    const struct store_entry *const parent = catalogue_find_id(c, e->parent);
    term_printf("%s is saved: %" PRIu64 " KiB, the difference from %s.\n", e->name,
                catalogue_body_blocks(e) * KIB_PER_BLOCK,
                parent == NULL ? e->image : (parent->name[0] == 0 ? "its parent" : parent->name));
}

static const char *save_new(struct catalogue *c, struct template *t, const char *name)
{
    struct launch_source source;
    struct store_entry e;
    uint64_t parent;

    template_source(t, &source);
    describe(c, &source, &e);
    struct template *const base = find_base(c, t, &parent);
    e.parent = parent;
    const char *problem = write_template(c, t, base, &e);
    if (problem != NULL) {
        return problem;
    }
    const struct store_entry *const added = add_entry(c, &writer.entry, name);
    if (added == NULL) {
        return NULL;
    }
    const uint64_t id = added->id;
    problem = catalogue_commit(c);
    if (problem == NULL) {
        template_set_saved(t, id);
        say_saved(c, catalogue_find_id(c, id));
    }
    return problem;
}

/* Another name for what is on the disk already. */
static const char *save_again(struct catalogue *c, const struct store_entry *from, const char *name)
{
    const struct store_entry *const e = add_entry(c, from, name);
    if (e == NULL) {
        return NULL;
    }
    const uint64_t id = e->id;
    const char *const problem = catalogue_commit(c);
    if (problem == NULL) {
        term_printf("%s shares its data with what was saved before.\n",
                    catalogue_find_id(c, id)->name);
    }
    return problem;
}

static const char *run_save(struct catalogue *c)
{
    const char *const from = op.point[0] != 0 ? op.point : op.words[1];
    const char *const name = op.count > 2 ? op.words[2] : lifecycle_template(from);
    struct template *const t = find_template(from);

    if (t == NULL || !name_is_free(c, name)) {
        return NULL;
    }
    const struct store_entry *const before =
        template_saved(t) == 0 ? NULL : catalogue_find_id(c, template_saved(t));
    return before != NULL ? save_again(c, before, name) : save_new(c, t, name);
}

/* ---- saved, copy, forget ------------------------------------------------------------------- */

static void print_entry(struct catalogue *c, const struct store_entry *e)
{
    const time_t seconds = (time_t)(e->saved_ns / MF_NS_PER_S);
    const struct store_entry *const parent = catalogue_find_id(c, e->parent);
    const char *const above =
        parent == NULL ? e->image : (parent->name[0] == 0 ? "(forgotten)" : parent->name);
    char date[32];
    struct tm tm;

    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &tm));
    term_printf("%-20s %10" PRIu64 " KiB  %s  %-16s %s\n",
                e->name[0] == 0 ? "(forgotten)" : e->name, catalogue_body_blocks(e) * KIB_PER_BLOCK,
                date, above, e->image);
}

static const char *run_saved(struct catalogue *c)
{
    uint32_t kept = 0;

    if (c->count > 0) {
        term_printf("%-20s %14s  %-19s  %-16s %s\n", "SAVED", "SIZE", "DATE (UTC)", "PARENT",
                    "IMAGE");
    }
    for (uint32_t i = 0; i < c->count; i++) {
        print_entry(c, &c->entries[i]);
        kept += c->entries[i].name[0] == 0;
        pause_here(0);
    }
    term_printf("%" PRIu32 " saved, %" PRIu64 " of %" PRIu64 " KiB free", c->count - kept,
                catalogue_free_blocks(c) * KIB_PER_BLOCK, c->super.block_count * KIB_PER_BLOCK);
    if (kept != 0) {
        term_printf("; %" PRIu32 " forgotten, kept for what is a difference from them", kept);
    }
    term_printf("\n");
    return NULL;
}

static const char *run_copy(struct catalogue *c)
{
    if (op.count < 3) {
        term_printf("Write: copy SAVED NEW\n");
        return NULL;
    }
    const struct store_entry *const e = find_saved(c, op.words[1]);
    if (e == NULL || !name_is_free(c, op.words[2])) {
        return NULL;
    }
    return save_again(c, e, op.words[2]);
}

static const char *run_forget(struct catalogue *c)
{
    struct store_entry *const e = find_saved(c, op.words[1]);
    if (e == NULL) {
        return NULL;
    }
    const bool has_children = catalogue_has_children(c, e);
    const char *problem = lazy_finish(e->body_id);
    if (problem != NULL) {
        return problem;
    }
    memset(e->name, 0, sizeof(e->name));
    problem = catalogue_commit(c);
    if (problem == NULL && has_children) {
        term_printf("Its data stays as long as what was saved as a difference from it.\n");
    }
    return problem;
}

/* ---- restore ------------------------------------------------------------------------------- */

static const char *run_restore(struct catalogue *c)
{
    const bool has_name = op.count > 3 && strcmp(op.words[2], "as") == 0;
    const int at = has_name ? 4 : 2;
    const char *const how_text = op.count > at ? op.words[at] : "";
    const enum restore_how how = strcmp(how_text, "whole") == 0  ? RESTORE_WHOLE
                                 : strcmp(how_text, "lazy") == 0 ? RESTORE_NEEDED
                                                                 : RESTORE_AUTO;

    if (op.count > at + 1 || (how == RESTORE_AUTO && op.count > at)) {
        term_printf("Write: restore SAVED [as TEMPLATE] [whole|lazy]\n");
        return NULL;
    }
    const struct store_entry *const e = find_saved(c, op.words[1]);
    return e == NULL ? NULL : restore_template(c, e, op.words[has_name ? 3 : 1], how);
}

/* ---- commands ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *(*run)(struct catalogue *c);
} commands[] = {
    {"save", run_save}, {"saved", run_saved},   {"restore", run_restore},
    {"copy", run_copy}, {"forget", run_forget},
};

/* A snapshot that was made to be saved, and was not, goes. Nobody was told its name. */
static void drop_point(void)
{
    struct template *const t = op.point[0] == 0 ? NULL : template_find(op.point);
    if (t != NULL && template_saved(t) == 0) {
        template_remove(t);
        term_printf("%s is not saved.\n", op.words[1]);
    } else if (t != NULL && op.count > 2) {
        term_printf("It is the template %s, a snapshot of %s.\n", op.point, op.words[1]);
    }
    op.point[0] = 0;
}

static void run(void *arg)
{
    struct catalogue *c;

    (void)arg;
    pause_begin();
    const char *problem = medium_open(&c);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && problem == NULL; i++) {
        if (strcmp(commands[i].name, op.words[0]) == 0) {
            problem = commands[i].run(c);
            break;
        }
    }
    if (problem != NULL) {
        term_printf("%s failed: %s.\n", op.words[0], problem);
    }
    drop_point();
    op.done();
}

static bool start(void)
{
    if (mf_thread_start(run, NULL, STACK_BYTES) < 0) {
        term_printf("dom0 has no memory left for this.\n");
        drop_point();
        return false;
    }
    return true;
}

/* ---- guests -------------------------------------------------------------------------------- */

static bool is_guest(const char *name)
{
    const uint32_t slot = names_find(name);
    return slot != PLAN_NO_GUEST &&
           (guest_at(slot)->state == GUEST_RUNNING || guest_at(slot)->state == GUEST_CREATED);
}

/* Saves the snapshot, if there is one; if not, it was said why. */
static bool start_with_point(void)
{
    const char *const name = lifecycle_name();
    if (*name == 0 || template_find(name) == NULL) {
        return false;
    }
    memcpy(op.point, name, strlen(name) + 1);
    term_printf("Saving a snapshot of %s.\n", op.words[1]);
    return start();
}

static void snapshot_done(void)
{
    if (!start_with_point()) {
        op.done();
    }
}

bool store_run(int count, char *const words[], void (*done)(void))
{
    op.count = count;
    memcpy(op.words, words, (size_t)(count < WORDS ? count : WORDS) * sizeof(op.words[0]));
    op.done = done;
    op.point[0] = 0;
    if (strcmp(words[0], "save") != 0 || !is_guest(words[1])) {
        return start();
    }
    return lifecycle_snapshot(op.words[1], snapshot_done) || start_with_point();
}

void store_cancel(void)
{
    pause_cancel();
}

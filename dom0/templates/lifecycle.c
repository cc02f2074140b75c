/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle.c - see lifecycle.h. A guest is copied while it is paused, and only when it says that it
 * does not use its window (mf_info.critical), which no copy gets. If it does, it runs on and is
 * asked again a little later. A guest that always says so is never copied: its loss.
 */
#include "templates/lifecycle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families/family_shadow.h"
#include "families/process.h"
#include "families/request.h"
#include "guests/create.h"
#include "guests/given.h"
#include "guests/guest.h"
#include "guests/hold.h"
#include "guests/names.h"
#include "guests/room.h"
#include "guests/share.h"
#include "guests/slot.h"
#include "guests/window.h"
#include "mayfly/hypercall.h"
#include "shell/bulk.h"
#include "templates/template.h"
#include "text/errors.h"
#include "text/term.h"

#define TRIES_MAX 200
#define TRY_NS (2 * MF_NS_PER_MS)
#define READY_NS (60 * MF_NS_PER_S) /* `warm` waits so long for an image to be ready */
#define NO_HANDLE UINT32_MAX
#define NO_LIMIT_PAGES (HV_GUEST_END / HV_PAGE_BYTES)

/* The command under way. */
static struct {
    void (*act)(struct guest *g); /* with the guest stopped; lets it go on */
    void (*done)(void);
    uint32_t tries; /* to stop it */
    bool was_running, waits_for_ready, is_cancelled;
    uint64_t until_ns;
    struct template *target; /* rollback */
    char name[LAUNCH_NAME_BYTES];
    bool is_quiet;               /* snapshot */
    struct launch launch;        /* clone */
    struct launch_source source; /* of many clones; its references are ours */
    uint32_t handle;             /* of a frozen domain that only they need; or NO_HANDLE */
    bool is_starting;            /* clones: bulk.c calls clones_done() */
} op;

static void go_on(const struct guest *g)
{
    hold_resume(g, op.was_running);
}

/* Returns whether to ask again. */
static bool wait_for_ready(const struct guest *g)
{
    if (!op.is_cancelled && mf_clock_ns() <= op.until_ns) {
        return true;
    }
    term_printf("%s: nothing is warm. A program is ready when it calls mf_ready(), accept() or "
                "epoll_wait().\n",
                op.is_cancelled ? "Interrupted" : "It was not ready within 60 s");
    guest_kill(slot_of(g));
    return false;
}

/* Returns false when the command is done, one way or the other. */
static bool attempt(struct hold_retry *r, struct guest *g)
{
    (void)r;
    if (g == NULL) {
        term_printf(op.waits_for_ready ? "It has ended before it was ready: nothing is warm.\n"
                                       : "The guest has ended.\n");
        return false;
    }
    if (op.waits_for_ready && !g->is_ready) {
        return wait_for_ready(g);
    }
    const int64_t err = hold_stop(g, HOLD_QUIET, &op.was_running);
    if (err == HV_ERR_BUSY && g->is_paused) {
        term_printf("%s was paused in the middle of its work with the network or the console: "
                    "`resume` it, and try again.\n",
                    g->name);
        return false;
    }
    if (err == HV_ERR_BUSY && ++op.tries < TRIES_MAX) {
        return true;
    }
    if (err < 0) {
        term_printf("%s cannot be paused: %s.\n", g->name, error_text(err));
        return false;
    }
    op.act(g);
    return false;
}

static void last_attempt(struct hold_retry *r)
{
    (void)r;
    if (!op.is_starting) {
        op.done();
    }
}

static bool begin(uint32_t slot, bool waits_for_ready, void (*act)(struct guest *))
{
    static struct hold_retry retry = {.attempt = attempt, .done = last_attempt, .every_ns = TRY_NS};

    op.act = act;
    op.tries = 0;
    op.waits_for_ready = waits_for_ready;
    op.is_cancelled = false;
    op.until_ns = mf_clock_deadline(READY_NS);
    return hold_retry_begin(&retry, guest_at(slot)) || op.is_starting;
}

void lifecycle_describe(const struct guest *g, uint32_t handle, struct launch_source *s)
{
    *s = (struct launch_source){
        .handle = handle,
        .generation = g->generation + 1,
        .clock_offset_ns = g->clock_offset_ns,
        .memory_pages = g->memory_pages,
        .image = g->image,
        .template = g->from,
        .given = g->given,
        .is_new = g->state == GUEST_CREATED,
        .has_network = g->has_network,
        .is_ready = g->is_ready,
        .has_fork_limit = true,
        .fork_limit = g->fork_limit,
        .pid = g->pid,
        .inspect = g->inspect,
        .share = g->share,
    };
}

static bool find_alive(const char *name, uint32_t *slot)
{
    *slot = names_find(name);
    return *slot != PLAN_NO_GUEST &&
           (guest_at(*slot)->state == GUEST_RUNNING || guest_at(*slot)->state == GUEST_CREATED);
}

static bool find_guest(const char *name, uint32_t *slot)
{
    if (!find_alive(name, slot)) {
        term_printf("There is no running guest '%s'; `list` shows them.\n", name);
        return false;
    }
    return true;
}

/* ---- snapshot ----------------------------------------------------------------------------- */

/* What it shares with others becomes a part of the copy. */
static int64_t copy_with_shadow(const struct guest *g)
{
    const struct hv_dom_params paused = {.memory_pages = NO_LIMIT_PAGES};
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    const int64_t copy = hv_dom_clone(g->handle, &paused);

    if (copy < 0) {
        return copy;
    }
    int64_t err = process_freeze_memory(g->process, (uint32_t)copy);
    if (err >= 0) {
        err = hv_dom_clone((uint32_t)copy, &frozen);
    }
    hv_dom_destroy((uint32_t)copy);
    return err;
}

/* A frozen copy of a paused guest. Returns its handle; negative: says why there is none. */
static int64_t copy_frozen(const struct guest *g)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};

    if (!room_is_there(0)) {
        term_printf("The machine has no memory left for this; `kill` a guest or `remove` a "
                    "template first.\n");
        return HV_ERR_NOMEM;
    }
    const int64_t handle =
        process_has_memory(g->process) ? copy_with_shadow(g) : hv_dom_clone(g->handle, &frozen);
    if (handle < 0) {
        term_printf("%s cannot be copied: %s.\n", g->name, error_text(handle));
    }
    return handle;
}

/* A template of a paused guest, under op.name; NULL: says why not. */
static struct template *freeze(const struct guest *g)
{
    struct launch_source source;
    const int64_t handle = copy_frozen(g);

    if (handle < 0) {
        return NULL;
    }
    lifecycle_describe(g, (uint32_t)handle, &source);
    source.has_shadow = process_has_memory(g->process);
    struct template *const t = template_add(op.name, &source);
    if (t == NULL) {
        hv_dom_destroy((uint32_t)handle);
        term_printf("dom0 has no memory left for a template.\n");
    }
    return t;
}

static void act_snapshot(struct guest *g)
{
    struct template *const t = freeze(g);
    if (t != NULL) { /* later snapshots of the guest come below this one */
        template_put(&g->from);
        g->from = template_get(t);
    }
    go_on(g);
    if (t != NULL && !op.is_quiet) {
        term_printf("%s\n", op.name);
    }
}

const char *lifecycle_template(const char *name)
{
    static const char prefix[] = "template:";
    return strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
}

/* GUEST.1, GUEST.2, ...; false: too long. */
static bool choose_name(struct guest *g)
{
    do {
        const int bytes =
            snprintf(op.name, sizeof(op.name), "%s.%" PRIu32, g->name, ++g->snapshots);
        if (bytes >= (int)sizeof(op.name)) {
            return false;
        }
    } while (template_find(op.name) != NULL || !slot_claim_name(op.name));
    return true;
}

static bool run_snapshot(int count, char *const words[])
{
    uint32_t slot;

    if (!find_guest(words[1], &slot)) {
        return false;
    }
    if (count < 3) {
        if (!choose_name(guest_at(slot))) {
            term_printf("The guest's name is too long; write snapshot %s TEMPLATE.\n", words[1]);
            return false;
        }
    } else if (!launch_name_is_valid(words[2])) {
        term_printf("'%s' cannot be a name: letters, digits, - _ . only.\n", words[2]);
        return false;
    } else if (template_find(words[2]) != NULL || image_find(words[2]) != NULL) {
        term_printf("There is a template or an image '%s' already; choose another name.\n",
                    words[2]);
        return false;
    } else if (!slot_claim_name(words[2])) {
        term_printf("There is a guest '%s' already; choose another name.\n", words[2]);
        return false;
    } else {
        snprintf(op.name, sizeof(op.name), "%s", words[2]);
    }
    return begin(slot, false, act_snapshot);
}

/* ---- clone -------------------------------------------------------------------------------- */

static void clones_end(void)
{
    if (op.handle != NO_HANDLE) {
        hv_dom_destroy(op.handle);
    }
    template_put(&op.source.template);
    given_put(&op.source.given);
    op.is_starting = false;
}

static void clones_done(void)
{
    clones_end();
    op.done();
}

/*
 * Starts them some at a time, so that everything else goes on. `handle`: a copy of the origin that
 * only they need; NO_HANDLE: the origin is a template.
 */
static void start_clones(const struct launch_source *source, uint32_t handle)
{
    op.source = *source;
    op.source.template = template_get(source->template);
    op.source.given = given_get(source->given);
    op.source.origin = op.name;
    op.handle = handle;
    op.launch.source = &op.source;
    op.launch.is_private = true;
    op.is_starting = true;
    if (!bulk_start(&op.launch, clones_done)) {
        clones_end();
    }
}

/* One, while the origin stands still. */
static void start_one(struct launch_source *source)
{
    char error[128];
    uint32_t slot, done = 0;

    source->origin = op.name;
    op.launch.source = source;
    op.launch.is_private = true;
    if (guest_launch(&op.launch, 1, &slot, &done, error)) {
        term_printf("%s\n", guest_at(slot)->name);
    } else {
        term_printf("%s.\n", error);
    }
}

/*
 * All clones are of this moment: many, and those that have shared memory, are made from a copy, while
 * the origin goes on.
 */
static void act_clone(struct guest *g)
{
    struct launch_source source;

    memcpy(op.name, g->name, sizeof(op.name));
    lifecycle_describe(g, g->handle, &source);
    source.has_shadow = process_has_memory(g->process);
    if (op.launch.count == 1 && !source.has_shadow) {
        start_one(&source);
        go_on(g);
        return;
    }
    const int64_t handle = copy_frozen(g);
    go_on(g);
    if (handle >= 0) {
        source.handle = (uint32_t)handle;
        start_clones(&source, source.handle);
    }
}

static bool run_clone(int count, char *const words[])
{
    char error[128];
    uint32_t slot;
    struct launch_source source;
    struct launch *const l = &op.launch;

    if (launch_parse(l, words + 1, count - 1, error) != NULL) {
        term_printf("%s.\n", error);
        return false;
    }
    if (l->arg_count + l->env_count > 0 || l->net != LAUNCH_NET_AUTO) {
        term_printf("A clone has the arguments, environment and network of its origin; all other "
                    "options of `help` can be given.\n");
        return false;
    }
    if (find_alive(words[1], &slot)) {
        return begin(slot, false, act_clone);
    }
    const struct template *const t = template_find(lifecycle_template(words[1]));
    if (t == NULL) {
        term_printf("There is no guest or template '%s'; `list` and `tree` show them.\n", words[1]);
        return false;
    }
    template_source(t, &source);
    snprintf(op.name, sizeof(op.name), "%s", template_name(t));
    start_clones(&source, NO_HANDLE);
    return op.is_starting;
}

/* ---- rollback ----------------------------------------------------------------------------- */

/*
 * The guest has no use for what is in its window: a new one, with the same ports. `page`: what it is
 * filled from.
 */
static int64_t renew_window(struct guest *g, const struct launch_source *to,
                            const struct infopage *page)
{
    /* What a guest may have made of its port numbers harms itself only. */
    struct info_guest guest = {
        .guest = slot_of(g),
        .console_port = info_of(g)->console.port,
        .net_port = g->has_network ? info_of(g)->net.port : MF_NO_PORT,
        .name = g->name,
        .memory_bytes = info_of(g)->memory_bytes,
        .generation = to->generation,
        .clock_offset_ns = to->clock_offset_ns,
        .pid = g->pid,
        .is_ready = to->is_ready,
        .has_network = g->has_network,
    };

    console_event(&g->console);
    if (g->has_network) {
        netback_close(slot_of(g));
    }
    hv_window_close(g->handle, HV_WINDOW0_VA);
    window_close(g);
    const int64_t err = window_make(g, page);
    if (err < 0) {
        return err;
    }
    window_fill(g, page, &guest);
    request_reset(g);
    share_roll_back(g);
    process_rolled_back(g);
    return 0;
}

/* Its memory is the template's. Returns false when it cannot go on. */
static bool renew(struct guest *g, const struct launch_source *to, const struct infopage *page)
{
    int64_t err = to->has_shadow ? shadow_clear(g->handle) : 0;

    if (err >= 0) {
        err = renew_window(g, to, page);
    }
    if (err < 0) {
        g->console.window = NULL; /* or it has pages without memory */
        term_printf("%s has lost its window: %s.\n", g->name, error_text(err));
        return false;
    }
    err = to->has_shadow ? process_thaw_memory(to->handle, g) : 0;
    if (err < 0) {
        term_printf("%s has lost its shared memory: %s.\n", g->name, error_text(err));
    }
    return err >= 0;
}

static void roll_back(struct guest *g, const struct infopage *page)
{
    struct launch_source to;

    template_source(op.target, &to);
    if (to.has_shadow && !process_may_thaw(g->process)) {
        term_printf("%s cannot be rolled back to it: other processes of its family have shared "
                    "memory; end them first.\n",
                    g->name);
        go_on(g);
        return;
    }
    const int64_t err = create_has_memory() ? hv_dom_rollback(g->handle, to.handle) : HV_ERR_NOMEM;
    if (err < 0) {
        term_printf("%s cannot be rolled back: %s.\n", g->name, error_text(err));
        go_on(g);
        return;
    }
    if (!renew(g, &to, page)) {
        guest_kill(slot_of(g));
        return;
    }
    template_put(&g->from);
    g->from = template_get(op.target);
    g->generation = to.generation;
    g->clock_offset_ns = to.clock_offset_ns;
    g->is_ready = to.is_ready;
    g->is_serving = false;
    mf_timer_cancel(&g->stop_timer);
    hv_event_send(g->console.port);
    go_on(g);
    if (template_is_root(op.target)) {
        term_printf("%s begins anew.\n", g->name);
    } else {
        term_printf("%s is what it was at %s.\n", g->name, op.name);
    }
}

/* At its image's start, and at that of a template that has not run, it reads its arguments again. */
static void act_rollback(struct guest *g)
{
    struct infopage *const page =
        given_make_page(g->given, g->image, &netback_switch.plan, g->has_network);

    if (page == NULL) {
        term_printf("dom0 has no memory left for this.\n");
        go_on(g);
        return;
    }
    roll_back(g, page);
    infopage_free(page);
    free(page);
}

/* By an image's name: where `start` would begin a guest that was given the same. */
static struct template *find_target(const struct guest *g, const char *name)
{
    if (image_find(name) != g->image) {
        return template_find(name);
    }
    struct template *const warm = template_find_warm(g->image, g->given, g->has_network);
    return warm != NULL ? warm : template_root(g->image);
}

static bool run_rollback(int count, char *const words[])
{
    uint32_t slot;
    struct launch_source to;

    if (count < 3) {
        term_printf("Write: rollback NAME TEMPLATE|IMAGE\n");
        return false;
    }
    if (!find_guest(words[1], &slot)) {
        return false;
    }
    const struct guest *const g = guest_at(slot);
    op.target = find_target(g, words[2]);
    if (op.target == NULL) {
        term_printf("There is no template '%s'; `tree` shows them.\n", words[2]);
        return false;
    }
    template_source(op.target, &to);
    if (to.image != g->image ||
        (!template_is_root(op.target) && to.has_network != g->has_network)) {
        term_printf("%s is neither the image of %s nor a snapshot of a guest like it.\n", words[2],
                    words[1]);
        return false;
    }
    snprintf(op.name, sizeof(op.name), "%s", words[2]);
    return begin(slot, false, act_rollback);
}

/* ---- warm --------------------------------------------------------------------------------- */

/*
 * The name of the template: the image's, if it is for those who are given nothing. *before: the one
 * in whose place it will be; NULL: none.
 */
static bool choose_warm_name(const struct guest *g, struct template **before)
{
    const char *const image = g->image->name;

    *before = template_find_warm(g->image, g->given, g->has_network);
    if (*before != NULL) {
        snprintf(op.name, sizeof(op.name), "%s", template_name(*before));
        return true;
    }
    if (g->given == NULL && g->has_network == g->image->has_network) {
        struct template *const other =
            template_find(image); /* one that was restored by this name */
        *before = template_is_root(other) ? NULL : other;
        snprintf(op.name, sizeof(op.name), "%s", image);
        return true;
    }
    if (!template_has_warm_room(g->image)) {
        term_printf("The image has %u warm templates, which is all it can have; `remove` one.\n",
                    TEMPLATE_WARM_MAX);
        return false;
    }
    for (uint32_t i = 1;; i++) {
        const int bytes = snprintf(op.name, sizeof(op.name), "%s.warm.%" PRIu32, image, i);
        if (bytes >= (int)sizeof(op.name)) {
            term_printf("The image's name is too long for this.\n");
            return false;
        }
        if (template_find(op.name) == NULL) {
            return true;
        }
    }
}

static void act_warm(struct guest *g)
{
    const char *const image = g->image->name;
    struct template *before;
    struct template *const t = choose_warm_name(g, &before) ? freeze(g) : NULL;

    if (t != NULL) {
        if (before != NULL) {
            template_remove(before);
        }
        template_make_warm(t);
        if (strcmp(op.name, image) == 0) {
            term_printf("%s is warm: `start %s` begins where it is ready.\n", image, image);
        } else {
            term_printf("%s is warm: `start %s` with the same words begins where it is ready.\n",
                        op.name, image);
        }
    }
    guest_kill(slot_of(g));
}

/* Whether nothing is wished but what the template will be found by. */
static bool is_for_warm(const struct launch *l)
{
    return l->name == NULL && l->memory_bytes == 0 && l->weight == 0 && l->cap_percent == 0 &&
           l->count == 1 && l->port_count == 0 && !l->is_quiet && !l->has_fork_limit &&
           l->inspect == 0 && l->share == NULL;
}

static bool run_warm(int count, char *const words[])
{
    struct launch l;
    char error[128];
    uint32_t slot, done = 0;

    if (launch_parse(&l, words + 1, count - 1, error) != NULL) {
        term_printf("%s.\n", error);
        return false;
    }
    if (!is_for_warm(&l)) {
        term_printf("Only arguments, env= and net= can be given: `start` takes the other options, "
                    "warm or not.\n");
        return false;
    }
    l.is_private = true;
    l.is_cold = true;
    if (!guest_launch(&l, 1, &slot, &done, error)) {
        term_printf("%s.\n", error);
        return false;
    }
    return begin(slot, true, act_warm);
}

/* ---- commands ----------------------------------------------------------------------------- */

static void run_remove(char *const words[])
{
    struct template *const t = template_find(words[1]);
    const char *const problem = t == NULL ? "there is none; `tree` shows them" : template_remove(t);
    if (problem != NULL) {
        term_printf("%s: %s.\n", words[1], problem);
    }
}

void lifecycle_cancel(void)
{
    op.is_cancelled = true;
}

const char *lifecycle_name(void)
{
    return op.name;
}

bool lifecycle_snapshot(char *guest, void (*done)(void))
{
    static char command[] = "snapshot";
    char *const words[] = {command, guest};

    op.done = done;
    op.name[0] = 0;
    op.is_quiet = true;
    return run_snapshot(2, words);
}

bool lifecycle_run(int count, char *const words[], void (*done)(void))
{
    op.done = done;
    op.name[0] = 0;
    op.is_quiet = false;
    if (strcmp(words[0], "snapshot") == 0) {
        return run_snapshot(count, words);
    }
    if (strcmp(words[0], "clone") == 0) {
        return run_clone(count, words);
    }
    if (strcmp(words[0], "rollback") == 0) {
        return run_rollback(count, words);
    }
    if (strcmp(words[0], "warm") == 0) {
        return run_warm(count, words);
    }
    if (strcmp(words[0], "remove") == 0) {
        run_remove(words);
    } else {
        template_print();
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* fork.c - see fork.h. */
#include "families/fork.h"

#include <stdlib.h>
#include <string.h>

#include "families/process.h"
#include "families/request.h"
#include "guests/create.h"
#include "guests/hold.h"
#include "guests/slot.h"
#include "mayfly/family.h"
#include "mayfly/hypercall.h"
#include "shell/bulk.h"
#include "templates/lifecycle.h"

#define TRIES_MAX 2000
#define TRIES_AT_ONCE 4
#define TRY_NS (MF_NS_PER_MS / 2)
#define PAUSED_NS (20 * MF_NS_PER_MS)

/* A fork that waits for a moment in which the guest does not use its window. */
struct attempt {
    struct hold_retry retry;
    uint32_t serial; /* of the request */
    uint32_t tries;
};

/* FAMILY.PID, the family being what the parent's name says before its own number. */
static bool choose_name(const struct guest *parent, const struct process *p,
                        char name[LAUNCH_NAME_BYTES])
{
    size_t bytes = strlen(parent->name);
    if (p->parent->member != 0) {
        const char *const dot = strrchr(parent->name, '.');
        bytes = dot != NULL ? (size_t)(dot - parent->name) : bytes;
    }
    return slot_number_name(name, parent->name, bytes, '.', p->pid);
}

/* The copy of paused `g`. Returns its slot in *slot. */
static int64_t make_child(struct guest *g, const struct process *child, uint32_t *slot)
{
    struct launch_source source;
    struct launch l = {.image = g->image->name, .count = 1, .is_private = true};
    char name[LAUNCH_NAME_BYTES], error[128];

    if (choose_name(g, child, name)) {
        l.name = name;
        l.is_name_wished = true; /* fork() does not fail for a name */
    }
    l.weight = g->weight;
    l.cap_percent = g->cap_percent;
    l.is_quiet = !g->console.may_show;
    l.fork_limit = g->fork_limit;
    l.has_fork_limit = true;
    lifecycle_describe(g, g->handle, &source);
    l.source = &source;
    return guest_create(&l, slot, error) ? 0 : HV_ERR_NOMEM;
}

/* With the guest paused where it can be copied. Returns the child's number, or HV_ERR_*. */
static int64_t copy(struct guest *g)
{
    struct process *const parent = process_of(g);
    struct process *const child = parent != NULL ? process_add_child(parent) : NULL;
    uint32_t slot;

    if (child == NULL) {
        return parent != NULL ? HV_ERR_LIMIT : HV_ERR_NOMEM;
    }
    const int64_t err = bulk_is_killing() ? HV_ERR_LIMIT : make_child(g, child, &slot);
    if (err < 0) {
        process_drop(child);
        return err;
    }
    struct guest *const copy = guest_at(slot);
    volatile struct mf_request *const page = &info_of(copy)->request;
    process_attach(child, copy);
    console_inherit(&copy->console, &g->console);
    page->asked = g->request_number;
    page->answered = g->request_number;
    copy->request_number = g->request_number;
    int64_t started = process_inherit(child);
    started = started < 0 ? started : guest_start(slot);
    if (started < 0) {
        process_abandon(child);
        guest_kill(slot);
        return started;
    }
    return child->pid;
}

/* Returns false: not now. */
static bool try(struct guest *g)
{
    bool was_running;
    const int64_t err = hold_stop(g, HOLD_QUIET, &was_running);
    if (err == HV_ERR_BUSY || (err >= 0 && !was_running)) {
        return false; /* or paused, by the user or for want of memory */
    }
    if (err < 0) {
        request_answer(g, err, 0);
        return true;
    }
    const int64_t pid = copy(g);
    request_answer(g, pid < 0 ? pid : 0, pid < 0 ? 0 : (uint64_t)pid);
    hold_resume(g, was_running);
    return true;
}

static bool try_again(struct hold_retry *r, struct guest *g)
{
    struct attempt *const a = (struct attempt *)(void *)r;

    if (g == NULL || !request_is_open(g, a->serial) || try(g)) {
        return false;
    }
    a->tries += !g->is_paused; /* it waits for as long as the user wants */
    r->every_ns = g->is_paused ? PAUSED_NS : TRY_NS;
    if (a->tries == TRIES_MAX) {
        request_answer(g, HV_ERR_BUSY, 0);
    }
    return a->tries < TRIES_MAX;
}

static void done(struct hold_retry *r)
{
    free(r);
}

static int64_t fork_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct process *const p = g->fork_limit != 0 ? process_of(g) : NULL;

    (void)value;
    if (p == NULL) {
        return g->fork_limit != 0 ? HV_ERR_NOMEM : HV_ERR_LIMIT;
    }
    p->next_user = r->args[0] < MF_FILES_USERS ? (uint32_t)r->args[0] : 0;
    for (uint32_t i = 0; i < TRIES_AT_ONCE; i++) {
        if (try(g)) {
            return REQUEST_LATER; /* it is answered */
        }
        hv_yield();
    }
    struct attempt *const a = malloc(sizeof(*a));
    if (a == NULL) {
        return HV_ERR_NOMEM;
    }
    *a = (struct attempt){.retry = {.attempt = try_again, .done = done},
                          .serial = g->request_serial};
    if (!hold_retry_begin(&a->retry, g)) {
        free(a);
    }
    return REQUEST_LATER;
}

static int64_t pipe_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct process *const p = g->fork_limit != 0 ? process_of(g) : NULL;
    if (p == NULL) {
        return g->fork_limit != 0 ? HV_ERR_NOMEM : HV_ERR_LIMIT;
    }
    return process_add_pipe(p, r->args[0], r->args[1], value);
}

static int64_t linger_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    (void)value;
    process_lingers(g, (int32_t)(r->args[0] & 0xff));
    return 0;
}

static int64_t files_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct process *const p = g->fork_limit != 0 ? process_of(g) : NULL;
    (void)r;
    (void)value;
    if (p == NULL) {
        return g->fork_limit != 0 ? HV_ERR_NOMEM : HV_ERR_LIMIT;
    }
    return process_own_files(p);
}

/* Where nothing can be forked, memory is not shared: then it need not come from here. */
static int64_t memory_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct process *const p = g->fork_limit != 0 ? process_of(g) : NULL;
    if (p == NULL) {
        return g->fork_limit != 0 ? HV_ERR_NOMEM : HV_ERR_NOSYS;
    }
    return process_use_memory(p, r->args[0], r->args[1], value);
}

void fork_init(void)
{
    request_register(MF_REQUEST_FORK, fork_asked, true);
    request_register(MF_REQUEST_PIPE, pipe_asked, true);
    request_register(MF_REQUEST_FILES, files_asked, true);
    request_register(MF_REQUEST_MEMORY, memory_asked, true);
    request_register(MF_REQUEST_LINGER, linger_asked, false);
}

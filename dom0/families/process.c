/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see process.h. */
#include "families/process.h"

#include <signal.h>
#include <stdlib.h>

#include "families/family_memory.h"
#include "families/jobs.h"
#include "families/pipes.h"
#include "families/request.h"
#include "families/shared_files.h"
#include "fault/touch.h"
#include "guests/console.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"
#include "text/term.h"

#define FIRST_PID 1u
#define SIGNAL_MAX 63u
#define WAKES_AT_ONCE 32u /* then others have their turn */

struct family {
    uint32_t count;    /* of members */
    uint32_t limit;    /* of them */
    uint32_t last_pid; /* that was given */
    bool has_wrapped;  /* numbers are given again */
    bool is_waking;    /* in the list of those with members to be woken: `next`... */
    bool is_gone;      /* ...which has its last reference */
    struct family *next;
    struct guest_ref killer; /* nobody gets a child while its request... */
    uint32_t kill_serial;    /* ...with this serial is open */
    uint32_t last_slot;      /* of members[] that was given */
    uint32_t front;          /* process group */
    struct pipes pipes;
    struct shared_files files;
    struct family_memory *memory; /* owns; NULL: nothing is shared */
    struct process *members[PROCESS_MEMBERS_MAX];
};

static struct mf_process *page_of(const struct process *p)
{
    return &info_of(guest_at(p->slot))->process;
}

/* ---- records ------------------------------------------------------------------------------ */

static struct process *add(struct family *f, uint32_t pid)
{
    struct process *const p = malloc(sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    do {
        f->last_slot = (f->last_slot + 1) % PROCESS_MEMBERS_MAX;
    } while (f->members[f->last_slot] != NULL);
    *p = (struct process){.family = f, .slot = PLAN_NO_GUEST, .pid = pid, .member = f->last_slot};
    f->members[f->last_slot] = p;
    f->count++;
    return p;
}

struct process *process_of(struct guest *g)
{
    if (g->process != NULL) {
        return g->process;
    }
    struct family *const f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return NULL;
    }
    const uint32_t known = g->pid; /* a clone of a child keeps its number */
    f->limit = g->fork_limit + 1u < PROCESS_MEMBERS_MAX ? g->fork_limit + 1u : PROCESS_MEMBERS_MAX;
    f->last_pid = known != 0 ? known : FIRST_PID;
    f->last_slot = PROCESS_MEMBERS_MAX - 1;
    struct process *const p = add(f, f->last_pid);
    if (p == NULL) {
        free(f);
        return NULL;
    }
    p->group = p->session = f->front = p->pid;
    process_attach(p, g);
    return p;
}

static bool pid_is_used(const struct family *f, uint32_t pid)
{
    for (uint32_t i = 0; i < PROCESS_MEMBERS_MAX; i++) {
        const struct process *const p = f->members[i];
        if (p != NULL && (p->pid == pid || p->group == pid || p->session == pid)) {
            return true;
        }
    }
    return false;
}

static uint32_t choose_pid(struct family *f)
{
    do {
        f->has_wrapped |= f->last_pid >= PROCESS_PID_MAX;
        f->last_pid = f->last_pid >= PROCESS_PID_MAX ? FIRST_PID + 1 : f->last_pid + 1;
    } while (f->has_wrapped && pid_is_used(f, f->last_pid));
    return f->last_pid;
}

void process_forbid_children(struct process *p)
{
    p->family->killer = guest_ref(guest_at(p->slot));
    p->family->kill_serial = guest_at(p->slot)->request_serial;
}

static bool may_have_children(const struct family *f)
{
    const struct guest *const g = guest_of_ref(f->killer);
    return g == NULL || !request_is_open(g, f->kill_serial);
}

struct process *process_add_child(struct process *parent)
{
    struct family *const f = parent->family;
    if (f->count >= f->limit || !may_have_children(f)) {
        return NULL;
    }
    struct process *const p = add(f, choose_pid(f));
    if (p == NULL) {
        return NULL;
    }
    p->takes_ring = parent->takes_ring = true;
    p->parent = parent;
    p->group = parent->group;
    p->session = parent->session;
    p->user = parent->next_user;
    p->next = parent->children;
    if (p->next != NULL) {
        p->next->previous = p;
    }
    parent->children = p;
    return p;
}

void process_attach(struct process *p, struct guest *g)
{
    g->process = p;
    g->pid = p->pid;
    g->is_child = p->parent != NULL;
    p->slot = slot_of(g);
    struct mf_process *const page = page_of(p);
    page->pid = p->pid;
    page->ppid = p->parent != NULL ? p->parent->pid : 0;
    page->member = p->member;
}

static void unlink_child(struct process *p)
{
    if (p->parent == NULL) {
        return;
    }
    *(p->previous != NULL ? &p->previous->next : &p->parent->children) = p->next;
    if (p->next != NULL) {
        p->next->previous = p->previous;
    }
    p->parent = NULL;
    p->next = NULL;
    p->previous = NULL;
}

void process_drop(struct process *p)
{
    struct family *const f = p->family;

    unlink_child(p);
    f->members[p->member] = NULL;
    free(p);
    if (--f->count == 0) {
        pipes_close(&f->pipes);
        members_close_window(&f->files.slot);
        family_memory_free(f->memory);
        f->is_gone = true;
        if (!f->is_waking) {
            free(f);
        }
    }
}

struct process *process_find(const struct process *p, uint32_t pid)
{
    for (uint32_t i = 0; i < PROCESS_MEMBERS_MAX; i++) {
        struct process *const member = p->family->members[i];
        if (member != NULL && member->pid == pid) {
            return member;
        }
    }
    return NULL;
}

struct process *process_member(const struct process *p, uint32_t member)
{
    return member < PROCESS_MEMBERS_MAX ? p->family->members[member] : NULL;
}

uint32_t *process_front(const struct process *p)
{
    return &p->family->front;
}

/* ---- pipes --------------------------------------------------------------------------------- */

static void wake(void *arg, uint32_t member)
{
    const struct family *const f = arg;
    const struct process *const p = f->members[member];

    if (p != NULL && p->slot != PLAN_NO_GUEST) {
        hv_event_send(guest_at(p->slot)->console.port);
    }
}

static struct family *waking_first, *waking_last;
static void wake_more(struct mf_timer *t);
static struct mf_timer wake_timer = {.expire = wake_more};

/* Wakes some members; the others in a later turn, after those of other families. */
static void wake_some(struct family *f)
{
    if (f->is_waking || !pipes_wake(&f->pipes, WAKES_AT_ONCE, wake, f)) {
        return;
    }
    f->is_waking = true;
    f->next = NULL;
    *(waking_first != NULL ? &waking_last->next : &waking_first) = f;
    waking_last = f;
    mf_timer_set(&wake_timer, mf_clock_ns());
}

static void wake_more(struct mf_timer *t)
{
    struct family *const f = waking_first;

    waking_first = f->next;
    f->is_waking = false;
    if (f->is_gone) {
        free(f);
    } else {
        wake_some(f);
    }
    if (waking_first != NULL) {
        mf_timer_set(t, mf_clock_ns());
    }
}

int64_t process_add_pipe(struct process *p, uint64_t bytes, uint64_t ends, uint64_t *index)
{
    return pipes_add(&p->family->pipes, guest_at(p->slot), p->member, bytes, ends, index);
}

int64_t process_own_files(struct process *p)
{
    return shared_files_make(&p->family->files, guest_at(p->slot), p->member);
}

static struct memory_user memory_user(const struct process *p)
{
    return (struct memory_user){guest_at(p->slot), p->member, p->pid};
}

/* Who owns the files of p's family; itself when nobody asks for any yet. */
static const struct process *files_owner(const struct process *p)
{
    const struct family *const f = p->family;
    const struct process *const owner = f->files.slot != 0 ? f->members[f->files.owner] : p;
    return owner != NULL && owner->slot != PLAN_NO_GUEST ? owner : NULL;
}

int64_t process_use_memory(struct process *p, uint64_t op, uint64_t number, uint64_t *value)
{
    struct family *const f = p->family;
    const struct memory_user self = memory_user(p);
    const struct process *const owner = op == MF_MEMORY_FILE ? files_owner(p) : p;

    if (owner == NULL) {
        return HV_ERR_IO;
    }
    const struct memory_user files = memory_user(owner);
    switch (op) {
    case MF_MEMORY_MAKE:
        return family_memory_make(&f->memory, &self, NULL, number, value);
    case MF_MEMORY_FILE:
        return family_memory_make(&f->memory, &self, &files, number, value);
    case MF_MEMORY_DROP:
        return family_memory_drop(f->memory, &self, number);
    case MF_MEMORY_MAP:
        return family_memory_map(f->memory, &self, number);
    default:
        return HV_ERR_INVAL;
    }
}

bool process_has_memory(const struct process *p)
{
    return p != NULL && family_memory_is_used(p->family->memory, p->member);
}

int64_t process_freeze_memory(const struct process *p, uint32_t dom)
{
    const struct memory_user self = memory_user(p);

    return family_memory_freeze(p->family->memory, &self, dom);
}

bool process_may_thaw(const struct process *p)
{
    return p == NULL || !family_memory_is_others(p->family->memory, p->member);
}

int64_t process_thaw_memory(uint32_t dom, struct guest *g)
{
    const bool is_new = g->process == NULL;
    struct process *const own = process_of(g);
    if (own == NULL) {
        return HV_ERR_NOMEM;
    }
    const struct memory_user self = memory_user(own);
    family_memory_free(own->family->memory);
    own->family->memory = NULL;
    const int64_t err = family_memory_thaw(dom, &own->family->memory, &self);
    if (err < 0 && is_new) {
        g->process = NULL;
        process_drop(own);
    }
    return err;
}

int64_t process_inherit(struct process *child)
{
    struct family *const f = child->family;
    const struct guest *const g = guest_at(child->slot);
    const uint32_t parent = child->parent->member;
    const struct memory_user self = memory_user(child);
    const int64_t err = pipes_inherit(&f->pipes, g, child->member, parent)
                            ?: family_memory_inherit(f->memory, &self, parent);
    return err < 0 ? err : shared_files_inherit(&f->files, g, child->user);
}

void process_abandon(struct process *child)
{
    guest_at(child->slot)->process = NULL;
    pipes_leave(&child->family->pipes, child->member);
    family_memory_leave(child->family->memory, child->member, NULL, child->family->pipes.wakes);
    wake_some(child->family);
    process_drop(child);
}

void process_event(struct guest *g)
{
    if (g->process != NULL) {
        struct family *const f = g->process->family;
        bool any = pipes_event(&f->pipes);
        any = shared_files_event(&f->files, f->pipes.wakes) || any;
        if (family_memory_event(f->memory, f->pipes.wakes) || any) {
            wake_some(f);
        }
    }
}

/* The member holds nothing of the family's any more. */
static void leave_windows(struct process *p)
{
    struct family *const f = p->family;
    struct guest *const g = p->slot != PLAN_NO_GUEST ? guest_at(p->slot) : NULL;
    pipes_leave(&f->pipes, p->member);
    family_memory_leave(f->memory, p->member, g, f->pipes.wakes);
    if (shared_files_leave(&f->files, p->member, p->user, f->pipes.wakes)) {
        for (uint32_t i = 0; i < PROCESS_MEMBERS_MAX; i++) {
            if (f->members[i] != NULL) {
                f->members[i]->user = f->members[i]->next_user = 0;
            }
        }
    }
    p->user = 0;
    wake_some(f);
}

void process_rolled_back(struct guest *g)
{
    if (g->process != NULL) {
        leave_windows(g->process);
        hv_window_close(g->handle, MF_FILES_VA); /* hv keeps windows; it may get another one */
        g->process->stopped_by = 0;
        g->has_exited = false;
        process_attach(g->process, g);
    }
}

/* ---- the end ------------------------------------------------------------------------------ */

/* The status for wait(): a signal in the low byte, or an exit status above it. */
static uint32_t wait_status(const struct process *p, uint32_t reason, int32_t code)
{
    /* The guest may say what it likes. One that is killed may have lost its window. */
    const bool is_there = reason != HV_END_DESTROYED && mf_touch(page_of(p), sizeof(*page_of(p)));
    const uint32_t said = is_there ? ((volatile struct mf_process *)page_of(p))->end_signal : 0;

    if (reason == HV_END_EXIT) {
        return said >= 1 && said <= SIGNAL_MAX ? said : ((uint32_t)code & 0xffu) << 8;
    }
    if (reason == HV_END_FAULT && said >= 1 && said <= SIGNAL_MAX) {
        return said;
    }
    return code > 128 && code <= 128 + (int32_t)SIGNAL_MAX ? (uint32_t)code - 128u
                                                           : (uint32_t)SIGKILL;
}

/* Its children go on without it; nobody waits for those that have ended. */
static void leave_children(struct process *p)
{
    while (p->children != NULL) {
        struct process *const child = p->children;
        unlink_child(child);
        if (child->slot == PLAN_NO_GUEST) {
            process_drop(child);
        } else {
            page_of(child)->ppid = p->pid == FIRST_PID ? 0 : FIRST_PID;
        }
    }
}

void process_lingers(struct guest *g, int32_t code)
{
    if (g->process != NULL && !g->has_exited) {
        g->has_exited = true;
        jobs_ends(g->process);
        leave_children(g->process);
        if (console_attached() != &g->console) { /* there its output goes on */
            term_say("[%s exited with status %d; its children use its files]\n", g->name,
                     (int)code);
        }
    }
}

struct guest *process_files_of(struct guest *g)
{
    const struct process *const p = g->process;
    const bool is_user = p != NULL && p->user != 0 && p->family->files.slot != 0;
    const struct process *const owner = is_user ? p->family->members[p->family->files.owner] : NULL;
    return owner != NULL && owner->slot != PLAN_NO_GUEST ? guest_at(owner->slot) : g;
}

void process_guest_ends(struct guest *g, uint32_t reason, int32_t code)
{
    struct process *const p = g->process;
    struct hv_dom_info info;

    if (p == NULL) {
        return;
    }
    g->process = NULL;
    p->status = wait_status(p, reason, code);
    p->cpu_ns = hv_dom_info(g->handle, &info) >= 0 ? info.cpu_ns : 0;
    p->slot = PLAN_NO_GUEST;
    jobs_ends(p);
    leave_children(p);
    leave_windows(p);
    struct process *const parent = p->parent;
    if (parent == NULL || parent->slot == PLAN_NO_GUEST) {
        process_drop(p);
        return;
    }
    jobs_tell_end(p);
    if ((page_of(parent)->flags & MF_PROCESS_NO_ZOMBIES) != 0) {
        process_drop(p);
    }
}

const struct guest *process_parent(const struct guest *g)
{
    const struct process *const p = g->process;
    return p == NULL || p->parent == NULL ? NULL : guest_at(p->parent->slot);
}

void process_print(const struct guest *g)
{
    const struct process *const p = g->process;
    uint32_t children = 0;

    if (p == NULL) {
        return;
    }
    for (const struct process *child = p->children; child != NULL; child = child->next) {
        children++;
    }
    term_printf("process     %u", (unsigned int)p->pid);
    if (process_parent(g) != NULL) {
        term_printf(", child of %s", process_parent(g)->name);
    }
    term_printf(", %u children, %u in the family, at most %u\n", (unsigned int)children,
                (unsigned int)p->family->count, (unsigned int)p->family->limit);
    if (p->family->memory != NULL) {
        term_printf("shared      %u MiB at most, of the family\n",
                    (unsigned int)(family_memory_bytes(p->family->memory) >> 20));
    }
    term_printf("group       %u, session %u%s\n", (unsigned int)p->group, (unsigned int)p->session,
                p->stopped_by != 0 ? ", stopped by a signal" : "");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* jobs.c - see jobs.h. */
#include "families/jobs.h"

#include <signal.h>
#include <stdlib.h>

#include "families/process.h"
#include "families/request.h"
#include "fault/touch.h"
#include "guests/hold.h"
#include "guests/infopage.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"

#define SIGNALS 64u
#define FIRST_PID 1u
#define KILLS_AT_ONCE 16u    /* then others have their turn */
#define NUMBER_MASK 0xfffffu /* MF_KILL_* */
#define NOBODY ((struct mf_sent_signal){.code = SI_USER})

static bool is_alive(const struct process *p)
{
    return p->slot != PLAN_NO_GUEST;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* NULL: the machine has no memory for it. */
static struct mf_sent_signals *sent_to(const struct guest *g)
{
    uint8_t *const at = area_of(g) + MF_AREA_SIGNALS;
    return mf_touch(at, sizeof(struct mf_sent_signals)) ? (struct mf_sent_signals *)(void *)at
                                                        : NULL;
}

static void set_bit(struct guest *g, uint32_t bit)
{
    __atomic_fetch_or(&info_of(g)->process.signals, (uint64_t)1 << bit, __ATOMIC_RELEASE);
    hv_event_send(g->console.port);
}

/* Into the ring, of which the guest may write what it likes. */
static bool put(struct guest *g, const struct mf_sent_signal *s)
{
    struct mf_sent_signals *const sent = sent_to(g);
    if (sent == NULL) {
        return false;
    }
    if (s->signal == SIGCONT) {
        sent->continues++;
    }
    const uint32_t head = sent->head;
    if (!g->process->takes_ring ||
        head - __atomic_load_n(&sent->tail, __ATOMIC_ACQUIRE) >= MF_SENT_SIGNALS) {
        return false;
    }
    sent->ring[head % MF_SENT_SIGNALS] = *s;
    __atomic_store_n(&sent->head, head + 1, __ATOMIC_RELEASE);
    set_bit(g, 0);
    return true;
}

static void tell_parent(struct process *p, enum process_change change, int code, uint32_t status);

static void go_on(struct process *p)
{
    p->stopped_by = 0;
    tell_parent(p, PROCESS_CONTINUED, CLD_CONTINUED, SIGCONT);
    request_answer(guest_at(p->slot), 0, 0);
}

/* Returns HV_ERR_LIMIT when too many wait there. s->signal 0: nothing is sent. */
static int64_t send(struct process *p, const struct mf_sent_signal *s)
{
    if (!is_alive(p) || s->signal == 0) {
        return 0;
    }
    struct guest *const g = guest_at(p->slot);
    if (s->signal == SIGKILL) {
        guest_kill(p->slot);
        return 0;
    }
    if (!put(g, s)) {
        if (s->signal >= SIGRTMIN && p->takes_ring) {
            return HV_ERR_LIMIT;
        }
        set_bit(g, s->signal);
    }
    if (s->signal == SIGCONT && p->stopped_by != 0) {
        go_on(p);
    }
    return 0;
}

void jobs_signal(struct guest *g, uint32_t signal)
{
    struct mf_sent_signal s = NOBODY;

    if (g->process != NULL) {
        s.signal = signal;
        send(g->process, &s);
    } else if (signal == SIGKILL) {
        guest_kill(slot_of(g));
    } else {
        set_bit(g, signal);
    }
}

/* ---- the parent ----------------------------------------------------------------------------- */

static void tell_parent(struct process *p, enum process_change change, int code, uint32_t status)
{
    struct process *const parent = p->parent;
    p->change = (uint8_t)change;
    if (parent == NULL || !is_alive(parent)) {
        return;
    }
    struct mf_process *const page = &info_of(guest_at(parent->slot))->process;
    __atomic_fetch_add(&page->child_changes, 1, __ATOMIC_RELEASE);
    if (change == PROCESS_NONE || (page->flags & MF_PROCESS_NO_STOPS) == 0) {
        const struct mf_sent_signal s = {
            .signal = SIGCHLD, .code = code, .pid = p->pid, .status = (int32_t)status};
        send(parent, &s);
    }
}

void jobs_tell_end(const struct process *p)
{
    const bool is_exit = (p->status & 0x7f) == 0;
    tell_parent((struct process *)p, PROCESS_NONE, is_exit ? CLD_EXITED : CLD_KILLED,
                is_exit ? p->status >> 8 : p->status & 0x7f);
}

static bool may_tell(const struct process *p, uint32_t flags)
{
    return (p->change == PROCESS_STOPPED && (flags & MF_WAIT_STOPPED) != 0) ||
           (p->change == PROCESS_CONTINUED && (flags & MF_WAIT_CONTINUED) != 0);
}

/* For wait(): whether it has something to tell. */
static bool look_at_child(struct process *parent, struct process *p, uint32_t flags,
                          uint64_t *value)
{
    const bool keep = (flags & MF_WAIT_KEEP) != 0;
    if (!is_alive(p)) {
        const uint64_t cpu_ns = p->cpu_ns + p->children_cpu_ns;
        *value = MF_WAIT_VALUE(p->pid, p->status, cpu_ns / MF_NS_PER_MS);
        if (!keep) {
            parent->children_cpu_ns += cpu_ns;
            process_drop(p);
        }
        return true;
    }
    if (may_tell(p, flags)) {
        const uint32_t status =
            p->change == PROCESS_STOPPED ? (uint32_t)p->stopped_by << 8 | 0x7f : 0xffff;
        *value = MF_WAIT_VALUE(p->pid, status, 0);
        p->change = keep ? p->change : PROCESS_NONE;
        return true;
    }
    return false;
}

static bool is_wanted(const struct process *self, const struct process *p, uint64_t number,
                      uint32_t flags)
{
    if ((flags & MF_WAIT_NOT_ENDED) != 0 && !is_alive(p)) {
        return false;
    }
    if ((flags & MF_WAIT_GROUP) != 0) {
        return p->group == (number != 0 ? number : self->group);
    }
    return number == 0 || p->pid == number;
}

static int64_t wait_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    struct process *const self = g->process;
    const uint32_t flags = (uint32_t)r->args[1];
    bool has_children = false;

    for (struct process *p = self != NULL ? self->children : NULL; p != NULL; p = p->next) {
        if (is_wanted(self, p, r->args[0], flags)) {
            has_children = true;
            if (look_at_child(self, p, flags, value)) {
                return 0;
            }
        }
    }
    *value = 0;
    return has_children ? 0 : HV_ERR_NOENT;
}

/* ---- kill() -------------------------------------------------------------------------------- */

static int64_t kill_one(struct guest *g, uint32_t pid, const struct mf_sent_signal *s)
{
    struct process *const p = g->process != NULL ? process_find(g->process, pid) : NULL;
    if (p == NULL) {
        return HV_ERR_NOENT;
    }
    if (p == g->process && s->signal == SIGKILL) {
        guest_kill(slot_of(g));
        return REQUEST_LATER; /* nobody waits for an answer */
    }
    return send(p, s);
}

/* A signal to all others of a family, or of a group: some at a time, as there may be hundreds. */
struct kill {
    struct hold_retry retry;
    uint32_t serial; /* of the request */
    struct mf_sent_signal signal;
    uint32_t group; /* 0: all */
    uint32_t next;  /* member */
    uint64_t found;
};

static bool is_meant(const struct kill *k, const struct process *p)
{
    return k->group == 0 ? is_alive(p) : p->group == k->group;
}

static bool kill_some(struct hold_retry *r, struct guest *g)
{
    struct kill *const k = (struct kill *)(void *)r;
    const bool is_open = g != NULL && request_is_open(g, k->serial);
    const struct process *const self = is_open ? g->process : NULL;

    for (uint32_t done = 0; self != NULL && k->next < PROCESS_MEMBERS_MAX; k->next++) {
        struct process *const p = process_member(self, k->next);
        if (p == NULL || p == self || !is_meant(k, p)) {
            continue;
        }
        if (done++ == KILLS_AT_ONCE) {
            return true;
        }
        k->found++;
        send(p, &k->signal);
    }
    if (self != NULL) {
        request_answer(g, k->found != 0 ? 0 : HV_ERR_NOENT, k->found);
    }
    return false;
}

static void kill_done(struct hold_retry *r)
{
    free(r);
}

/* all: of the family; else of the group, 0 being the caller's. */
static int64_t kill_many(struct guest *g, bool all, uint32_t group, const struct mf_sent_signal *s,
                         uint64_t *value)
{
    const uint32_t own =
        g->process != NULL ? g->process->group : (g->pid != 0 ? g->pid : FIRST_PID);
    const bool is_mine = !all && (group == 0 || group == own);

    if (g->process == NULL) {
        *value = is_mine ? MF_KILL_SELF : 0;
        return is_mine ? 0 : HV_ERR_NOENT;
    }
    struct kill *const k = malloc(sizeof(*k));
    if (k == NULL) {
        return HV_ERR_NOMEM;
    }
    *k = (struct kill){.retry = {.attempt = kill_some, .done = kill_done},
                       .serial = g->request_serial,
                       .signal = *s,
                       .group = all ? 0 : (group == 0 ? own : group),
                       .found = is_mine ? MF_KILL_SELF : 0};
    if (s->signal == SIGKILL) {
        process_forbid_children(g->process);
    }
    if (!hold_retry_begin(&k->retry, g)) {
        free(k);
    }
    return REQUEST_LATER;
}

static int64_t kill_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    const uint32_t number = (uint32_t)r->args[0] & NUMBER_MASK;
    const struct mf_sent_signal s = {.signal = (uint32_t)r->args[1],
                                     .code = (int32_t)(r->args[1] >> 32),
                                     .pid = g->pid != 0 ? g->pid : 1,
                                     .uid = (uint32_t)(r->args[0] >> 32),
                                     .value = strtoull(r->text, NULL, 16)};

    if (s.signal >= SIGNALS) {
        return HV_ERR_INVAL;
    }
    if ((r->args[0] & (MF_KILL_ALL | MF_KILL_GROUP)) == 0) {
        *value = 1;
        return kill_one(g, number, &s);
    }
    return kill_many(g, (r->args[0] & MF_KILL_ALL) != 0, number, &s, value);
}

/* ---- groups and sessions -------------------------------------------------------------------- */

/* Whether a member but `except` is in the group, in `session` (0: in any). */
static bool group_exists(const struct process *of, uint32_t group, uint32_t session)
{
    for (uint32_t i = 0; i < PROCESS_MEMBERS_MAX; i++) {
        const struct process *const p = process_member(of, i);
        if (p != NULL && p->group == group && (session == 0 || p->session == session)) {
            return true;
        }
    }
    return false;
}

/*
 * POSIX: a group in which nobody has a parent in another group of the same session. `without`: one
 * who ends and does not count any more, NULL: none.
 */
static bool is_orphaned(const struct process *of, uint32_t group, const struct process *without)
{
    for (uint32_t i = 0; i < PROCESS_MEMBERS_MAX; i++) {
        const struct process *const p = process_member(of, i);
        if (p != NULL && p != without && is_alive(p) && p->group == group && p->parent != NULL &&
            p->parent != without && p->parent->group != group && p->parent->session == p->session) {
            return false;
        }
    }
    return true;
}

static int64_t set_group(struct process *self, struct process *p, uint64_t group)
{
    if (p != self && p->parent != self) {
        return HV_ERR_NOENT;
    }
    if (p->pid == p->session || p->session != self->session) {
        return HV_ERR_PERM;
    }
    group = group == 0 ? p->pid : group;
    if (group != p->pid &&
        (group > NUMBER_MASK || !group_exists(self, (uint32_t)group, self->session))) {
        return HV_ERR_PERM;
    }
    p->group = (uint32_t)group;
    return 0;
}

static int64_t make_session(struct process *self, uint64_t *value)
{
    if (group_exists(self, self->pid, 0)) {
        return HV_ERR_PERM;
    }
    self->group = self->session = self->pid;
    *value = self->pid;
    return 0;
}

/* The terminal is that of the session in which the foreground group was or is. */
static int64_t set_front(struct process *self, uint64_t group)
{
    if (group == 0 || group > NUMBER_MASK || !group_exists(self, (uint32_t)group, self->session)) {
        return HV_ERR_PERM;
    }
    *process_front(self) = (uint32_t)group;
    return 0;
}

/* There is one terminal, of the session that the family began with. */
static bool has_terminal(const struct process *self, const struct process *first)
{
    return first != NULL ? self->session == first->session : self->session == 1;
}

static int64_t front_asked(struct process *self, uint32_t op, uint64_t group, uint64_t *value)
{
    if (!has_terminal(self, process_find(self, 1))) {
        return HV_ERR_NOENT;
    }
    if (op == MF_GROUP_TO_FRONT) {
        return set_front(self, group);
    }
    /* POSIX: a number that is no group's when there is none in the foreground. */
    *value = group_exists(self, *process_front(self), 0) ? *process_front(self) : NUMBER_MASK + 1;
    return 0;
}

static int64_t group_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    const uint32_t op = (uint32_t)(r->args[0] >> 32), pid = (uint32_t)r->args[0];
    struct process *const self = process_of(g);
    struct process *const p = self == NULL || pid == 0 ? self : process_find(self, pid);

    if (p == NULL) {
        return self == NULL ? HV_ERR_NOMEM : HV_ERR_NOENT;
    }
    switch (op) {
    case MF_GROUP_GET:
        *value = p->group;
        return 0;
    case MF_GROUP_SESSION:
        *value = p->session;
        return 0;
    case MF_GROUP_SET:
        return set_group(self, p, r->args[1]);
    case MF_GROUP_LEAVE:
        return make_session(self, value);
    case MF_GROUP_FRONT:
    case MF_GROUP_TO_FRONT:
        return front_asked(self, op, r->args[1], value);
    case MF_GROUP_CPU:
        *value = self->children_cpu_ns;
        return 0;
    default:
        return HV_ERR_INVAL;
    }
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* It is not stopped if SIGCONT came after what stopped it, or by the terminal's kind in an orphaned group. */
static int64_t stop_asked(struct guest *g, const struct request *r, uint64_t *value)
{
    const uint32_t signal = (uint32_t)r->args[0];
    struct process *const p = process_of(g);
    const struct mf_sent_signals *const sent = p != NULL ? sent_to(g) : NULL;

    (void)value;
    if (sent == NULL) {
        return HV_ERR_NOMEM;
    }
    if (signal == 0 || signal >= SIGNALS) {
        return HV_ERR_INVAL;
    }
    if (sent->continues != (uint32_t)r->args[1] ||
        (signal != SIGSTOP && is_orphaned(p, p->group, NULL))) {
        return 0;
    }
    p->stopped_by = (uint8_t)signal;
    tell_parent(p, PROCESS_STOPPED, CLD_STOPPED, signal);
    return REQUEST_LATER;
}

bool jobs_is_stopped(const struct guest *g)
{
    return g->process != NULL && g->process->stopped_by != 0;
}

/* POSIX, _exit(): a group that is orphaned now and has a stopped member gets SIGHUP and SIGCONT. */
static void wake_orphans(const struct process *of, uint32_t group)
{
    struct mf_sent_signal s = NOBODY;
    bool has_stopped = false;

    for (uint32_t i = 0; i < PROCESS_MEMBERS_MAX; i++) {
        const struct process *const p = process_member(of, i);
        has_stopped |= p != NULL && is_alive(p) && p->group == group && p->stopped_by != 0;
    }
    for (uint32_t i = 0; has_stopped && i < PROCESS_MEMBERS_MAX; i++) {
        struct process *const p = process_member(of, i);
        if (p != NULL && is_alive(p) && p->group == group) {
            s.signal = SIGHUP;
            send(p, &s);
            s.signal = SIGCONT;
            send(p, &s);
        }
    }
}

void jobs_ends(struct process *p)
{
    p->stopped_by = 0;
    p->change = PROCESS_NONE;
    if (p->parent != NULL && p->parent->group != p->group && p->parent->session == p->session &&
        is_orphaned(p, p->group, p)) {
        wake_orphans(p, p->group);
    }
    for (const struct process *child = p->children; child != NULL; child = child->next) {
        if (child->group != p->group && child->session == p->session && is_alive(child) &&
            is_orphaned(p, child->group, p)) {
            wake_orphans(p, child->group);
        }
    }
}

/* ---- the beginning --------------------------------------------------------------------------- */

void jobs_init(void)
{
    request_register(MF_REQUEST_WAIT, wait_asked, false);
    request_register(MF_REQUEST_KILL, kill_asked, false);
    request_register(MF_REQUEST_GROUP, group_asked, true);
    request_register(MF_REQUEST_STOP, stop_asked, true);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c - how the owner tells users what of its sockets and the like has become ready, see family.h.
 *
 * A watch is a watcher of the file for one user. It is made when the user is told that it has to wait,
 * or asks what is ready, and stays until the user closes the file. `armed` are the events of which the
 * user is to be told: all, but that the file can be written once it knows that it can, and of a file
 * that others hold, too, each once until it asks again: others may take what is there.
 */
#include <poll.h>
#include <stdlib.h>

#include "family/server.h"
#include "mayfly/hypercall.h"
#include "start/clone.h"

#define ALL 0xffffu
#define OUT ((uint32_t)(POLLOUT | POLLWRNORM))
#define FIRST_COUNT 16u

struct mf_watch {
    struct mf_watcher watcher; /* of the file; watcher.file is not referenced: the table has it */
    struct mf_family_user *user;
    struct mf_watch *next; /* of user->untold, while untold is not 0 */
    uint32_t number;
    uint32_t armed, untold; /* events */
};

static struct mf_files_events *ring_of(const struct mf_family_user *u)
{
    return &mf_family_window()->events[u->number];
}

static bool is_shared(const struct mf_open_file *f)
{
    return f->refs > 1;
}

/* Puts it into the ring. What is not true any more, as the user has taken it, is no news. */
static void put(struct mf_family_user *u, struct mf_files_events *e, struct mf_watch *w)
{
    struct mf_open_file *const f = w->watcher.file;
    const uint32_t events = w->untold & mf_file_poll(f);

    w->untold = 0;
    if (events != 0) {
        e->entries[u->event_head++ % MF_FILES_EVENTS] = w->number | events << 16;
        w->armed &= ~(is_shared(f) ? events : events & OUT);
    }
}

void mf_watch_tell(struct mf_family_user *u)
{
    struct mf_files_events *const e = ring_of(u);
    const uint32_t before = u->event_head;

    while (u->untold != NULL &&
           u->event_head - __atomic_load_n(&e->tail, __ATOMIC_ACQUIRE) < MF_FILES_EVENTS) {
        struct mf_watch *const w = u->untold;
        u->untold = w->next;
        put(u, e, w);
    }
    __atomic_store_n(&e->is_more, u->untold != NULL, __ATOMIC_RELAXED);
    if (u->event_head == before) {
        return;
    }
    __atomic_store_n(&e->head, u->event_head, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&e->sleeps, 0, __ATOMIC_SEQ_CST) != 0) {
        mf_family_wake_user(u);
    }
}

static void append(struct mf_family_user *u, struct mf_watch *w)
{
    w->next = NULL;
    *(u->untold == NULL ? &u->untold : &u->untold_last->next) = w;
    u->untold_last = w;
}

/* A child of fork() has these in its memory, too: there they are nobody's. */
static void on_notify(struct mf_watcher *watcher, uint32_t events)
{
    struct mf_watch *const w = (struct mf_watch *)(void *)watcher;

    events &= w->armed;
    if (events == 0 || mf_family_is_remote()) {
        return;
    }
    mf_critical_enter();
    if (mf_family_has_window()) {
        if (w->untold == 0) {
            append(w->user, w);
        }
        w->untold |= events;
        mf_watch_tell(w->user);
    }
    mf_critical_leave();
}

/* ---- making and dropping ------------------------------------------------------------------------- */

static bool grow(struct mf_family_user *u, uint32_t at_least)
{
    uint32_t count = u->watch_count == 0 ? FIRST_COUNT : u->watch_count;

    while (count <= at_least) {
        count *= 2;
    }
    struct mf_watch **const table = realloc(u->watches, count * sizeof(struct mf_watch *));
    if (table == NULL) {
        return false;
    }
    for (uint32_t i = u->watch_count; i < count; i++) {
        table[i] = NULL;
    }
    u->watches = table;
    u->watch_count = count;
    return true;
}

static struct mf_watch *find(const struct mf_family_user *u, uint32_t number)
{
    return number < u->watch_count ? u->watches[number] : NULL;
}

static struct mf_watch *make(struct mf_family_user *u, uint32_t number, struct mf_open_file *f)
{
    struct mf_watch *const w = calloc(1, sizeof(*w));

    if (w == NULL || (number >= u->watch_count && !grow(u, number))) {
        free(w);
        return NULL;
    }
    w->watcher.notify = on_notify;
    w->user = u;
    w->number = number;
    u->watches[number] = w;
    mf_watcher_add(&w->watcher, f);
    return w;
}

int64_t mf_watch_answer(struct mf_family_user *u, uint32_t number, struct mf_open_file *f,
                        bool wants)
{
    struct mf_watch *w = find(u, number);
    const uint64_t head = (uint64_t)u->event_head << MF_IO_HEAD_SHIFT;

    if (w == NULL && wants) {
        w = make(u, number, f); /* without memory the user tries again from time to time */
    }
    const uint32_t ready = mf_file_poll(f) & MF_IO_READY;
    if (w != NULL) {
        w->armed = ALL & ~(ready & OUT);
    }
    return (int64_t)(head | ready | (w != NULL ? MF_IO_IS_WATCHED : 0) |
                     (is_shared(f) ? MF_IO_IS_SHARED : 0));
}

static void take_off(struct mf_family_user *u, struct mf_watch *w)
{
    struct mf_watch **link = &u->untold, *last = NULL;

    while (*link != w) {
        last = *link;
        link = &last->next;
    }
    *link = w->next;
    if (u->untold_last == w) {
        u->untold_last = last;
    }
}

void mf_watch_drop(struct mf_family_user *u, uint32_t number)
{
    struct mf_watch *const w = find(u, number);

    if (w == NULL) {
        return;
    }
    if (w->untold != 0) {
        take_off(u, w);
    }
    mf_watcher_remove(&w->watcher);
    u->watches[number] = NULL;
    free(w);
}

void mf_watch_begin(struct mf_family_user *u)
{
    struct mf_files_events *const e = ring_of(u);

    e->head = e->tail = e->sleeps = e->is_more = 0;
}

void mf_watch_end(struct mf_family_user *u)
{
    for (uint32_t i = 0; i < u->watch_count; i++) {
        mf_watch_drop(u, i);
    }
    free(u->watches);
}

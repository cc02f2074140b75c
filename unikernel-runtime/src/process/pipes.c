/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipes.c - pipes between processes: see fd/pipe.h, mayfly/family.h.
 *
 * Who waits for a pipe is a watcher of its file here. While this guest is awake, its poller looks at
 * the pipes that are watched; before it sleeps it puts itself into their sets of waiting members and
 * looks once more. Whoever changes a pipe takes the members out and has dom0 send them an event.
 */
#include <poll.h>
#include <string.h>

#include "fd/pipe.h"
#include "mayfly/hypercall.h"
#include "process/process.h"
#include "start/clone.h"
#include "start/request.h"
#include "thread/idle.h"
#include "thread/preempt.h"
#include "time/clock.h"

#define TRIES 100

bool mf_process_is_child;

static bool is_in_family; /* the window is there */

static struct mf_family *family(void)
{
    return (struct mf_family *)(uintptr_t)MF_FAMILY_VA;
}

static uint32_t self(void)
{
    return mf_info()->process.member % (MF_FAMILY_WORDS * 64);
}

/* ---- waiting and waking -------------------------------------------------------------------- */

/* Tells the watchers here what other processes have done. Returns whether there was something. */
static bool tell(struct mf_pipe_file *p)
{
    const uint32_t head = __atomic_load_n(&p->shared->head, __ATOMIC_ACQUIRE);
    const uint32_t tail = __atomic_load_n(&p->shared->tail, __ATOMIC_ACQUIRE);
    bool told = false;

    if (p->read_end.watchers != NULL) {
        const bool end = !mf_pipe_has_writer(p);
        if (head != p->seen_head || end != p->seen_end) {
            p->seen_head = head;
            p->seen_end = end;
            mf_file_notify(&p->read_end, POLLIN | (end ? POLLHUP : 0));
            told = true;
        }
    }
    if (p->write_end.watchers != NULL) {
        const bool broken = !mf_pipe_has_reader(p);
        if (tail != p->seen_tail || broken != p->seen_broken) {
            p->seen_tail = tail;
            p->seen_broken = broken;
            mf_file_notify(&p->write_end, POLLOUT | (broken ? POLLERR : 0));
            told = true;
        }
    }
    return told;
}

static void poll_pipes(void *arg)
{
    (void)arg;
    for (struct mf_pipe_file *p = mf_pipes; p != NULL; p = p->next) {
        if (p->shared != NULL) {
            (void)tell(p);
        }
    }
}

static void enter(uint64_t set[MF_FAMILY_WORDS])
{
    const uint32_t member = self();
    __atomic_fetch_or(&set[member / 64], 1ul << member % 64, __ATOMIC_SEQ_CST);
}

static uint64_t prepare_pipes(void *arg)
{
    bool told = false;

    (void)arg;
    for (struct mf_pipe_file *p = mf_pipes; p != NULL; p = p->next) {
        if (p->shared == NULL || (p->read_end.watchers == NULL && p->write_end.watchers == NULL)) {
            continue;
        }
        if (p->read_end.watchers != NULL) {
            enter(p->shared->read_waits);
        }
        if (p->write_end.watchers != NULL) {
            enter(p->shared->write_waits);
        }
        told = tell(p) || told;
    }
    return told ? 0 : MF_NEVER;
}

void mf_members_wake(uint64_t waits[MF_FAMILY_WORDS], uint64_t wakes[MF_FAMILY_WORDS])
{
    bool any = false;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the change comes before the look */
    mf_critical_enter_unchecked();
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        if (__atomic_load_n(&waits[i], __ATOMIC_RELAXED) != 0) {
            const uint64_t members = __atomic_exchange_n(&waits[i], 0, __ATOMIC_ACQ_REL);
            __atomic_fetch_or(&wakes[i], members, __ATOMIC_RELEASE);
            any = true;
        }
    }
    const uint32_t port = mf_info()->control_port;
    mf_critical_leave();
    if (any) {
        hv_event_send(port);
    }
}

void mf_pipe_wake(uint64_t waits[MF_FAMILY_WORDS])
{
    mf_members_wake(waits, family()->wakes);
}

/* ---- locks and holders --------------------------------------------------------------------- */

void mf_pipe_lock(uint32_t *lock)
{
    for (uint32_t tries = 0;; tries++) {
        uint32_t free = 0;
        uint32_t tag;
        mf_critical_enter_unchecked();
        if (__atomic_compare_exchange_n(lock, &free, self() + 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return;
        }
        mf_critical_leave();
        if (tries < TRIES) {
            hv_yield(); /* its holder may wait for this CPU */
            continue;
        }
        hv_event_wait(mf_clock_machine_ns() + MF_NS_PER_MS, &tag); /* or the user has paused it */
        mf_preempt_forget();
        mf_preempt_update();
    }
}

void mf_pipe_unlock(uint32_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    mf_critical_leave();
}

void mf_pipe_leave(uint64_t holders[MF_FAMILY_WORDS], uint64_t waits[MF_FAMILY_WORDS])
{
    const uint32_t member = self();

    __atomic_fetch_and(&holders[member / 64], ~(1ul << member % 64), __ATOMIC_SEQ_CST);
    if (!mf_members_any(holders)) {
        mf_pipe_wake(waits);
    }
}

/* ---- into the window and out of it --------------------------------------------------------- */

/*
 * In a copy that fork() did not make there is no window: pipes are the copy's own, and empty. In a
 * child everything is as in its parent.
 */
static void attach(void)
{
    if (mf_process_is_child) {
        return;
    }
    for (struct mf_pipe_file *p = mf_pipes; p != NULL; p = p->next) {
        if (p->shared != NULL) {
            p->shared = NULL;
            p->data = p->own;
            p->bytes = sizeof(p->own);
            p->head = p->tail = 0;
            mf_file_notify(&p->read_end, POLLIN | POLLHUP);
            mf_file_notify(&p->write_end, POLLOUT | POLLERR);
        }
    }
}

static void join_family(void)
{
    static struct mf_poller poller = {.poll = poll_pipes, .prepare = prepare_pipes};
    static struct mf_clone_hook hook = {.attach = attach};

    if (!is_in_family) {
        is_in_family = true;
        mf_poller_register(&poller);
        mf_clone_register(&hook);
    }
}

static int64_t share(struct mf_pipe_file *p)
{
    const uint32_t used = mf_pipe_used(p);
    const uint32_t bytes = used <= MF_PIPE_CHUNK ? MF_PIPE_CHUNK : MF_PIPE_BYTES_MAX;
    const uint32_t ends =
        (p->read_end.refs != 0 ? MF_PIPE_READS : 0) | (p->write_end.refs != 0 ? MF_PIPE_WRITES : 0);
    uint64_t index;
    const int64_t err = mf_request_alone(MF_REQUEST_PIPE, bytes, ends, NULL, &index);

    if (err != 0) {
        return err;
    }
    struct mf_pipe *const shared = &family()->pipes[index % MF_PIPES];
    char *const data = (char *)family() + MF_PIPE_DATA + index % MF_PIPES * MF_PIPE_CHUNK;
    const uint32_t at = p->tail % p->bytes;
    const uint32_t first = used < p->bytes - at ? used : p->bytes - at;
    memcpy(data, p->data + at, first);
    memcpy(data + first, p->data, used - first);
    shared->head = used;
    p->data = data;
    p->bytes = bytes;
    p->shared = shared;
    p->seen_head = used;
    p->seen_tail = 0;
    p->seen_end = p->seen_broken = false;
    return 0;
}

int64_t mf_pipes_share(void)
{
    int64_t err = 0;

    for (struct mf_pipe_file *p = mf_pipes; p != NULL && err == 0; p = p->next) {
        if (p->shared == NULL) {
            join_family();
            err = share(p);
        }
    }
    return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life.c - threads are made and end: stacks, TLS, joining. A thread's stack is freed by whoever
 * joins it or, when it is detached, once another thread runs.
 */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>
#include <string.h>

#include "mayfly/hypercall.h"
#include "memory/memory.h"
#include "signal/signal_internal.h"
#include "start/link.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

#define REENT_BYTES ((sizeof(struct _reent) + 63) & ~(size_t)63)

/*
 * Initialised and aligned, so that there always is a .tdata, and its alignment is what the linker
 * counts with: a TLS block begins at its end rounded down to MF_TLS_ALIGN_MAX.
 */
__thread struct _reent *__mf_reent __attribute__((aligned(MF_TLS_ALIGN_MAX))) = (struct _reent *)1;

uint32_t mf_thread_count = 1;
struct mf_thread *mf_thread_survivor;

static struct mf_thread *all;    /* but the main thread */
static struct mf_thread *zombie; /* detached and ended; its stack may still be in use: see reap() */
static uint32_t last_id = 1;

void mf_thread_entry(void);

/* ---- all threads --------------------------------------------------------------------------- */

struct mf_thread *mf_thread_next(const struct mf_thread *t)
{
    struct mf_thread *const main_one = mf_thread_main();
    if (t != NULL && t != main_one) {
        return t->all_next;
    }
    return t == NULL && main_one->state != MF_THREAD_ENDED ? main_one : all;
}

static void add_to_all(struct mf_thread *t)
{
    t->all_next = all;
    t->all_link = &all;
    if (all != NULL) {
        all->all_link = &t->all_next;
    }
    all = t;
    mf_thread_count++;
}

/* `t` has ended: off the list of all threads. */
static void drop(struct mf_thread *t)
{
    mf_thread_count--;
    t->state = MF_THREAD_ENDED;
    if (t->all_link != NULL) {
        *t->all_link = t->all_next;
        if (t->all_next != NULL) {
            t->all_next->all_link = t->all_link;
        }
        t->all_link = NULL;
    }
}

void mf_thread_drop_others(void)
{
    struct mf_thread *const self = mf_thread_self();
    all = NULL;
    zombie = NULL;
    self->all_next = NULL;
    self->all_link = NULL;
    mf_thread_count = 1;
    mf_thread_survivor = self;
}

/* The main stack stays, and so does the object that mf_thread_main() gives. */
static bool is_kept(const struct mf_thread *t)
{
    return t->id == 1 || t == mf_thread_main() || t->stack_is_users;
}

/* ---- making -------------------------------------------------------------------------------- */

static size_t tls_bytes(void)
{
    const size_t bytes = (size_t)(__tls_end - __tdata_start);
    return (bytes + MF_TLS_ALIGN_MAX - 1) & ~(size_t)(MF_TLS_ALIGN_MAX - 1);
}

void mf_thread_init_tls(struct mf_thread *t)
{
    memcpy((char *)t - tls_bytes(), __tdata_start, (size_t)(__tdata_end - __tdata_start));
    t->self = t;
}

/* The stack of a new thread as mf_thread_switch() would have left it. */
static void prepare_stack(struct mf_thread *t, void *(*fn)(void *), void *arg)
{
    uint64_t *sp = (uint64_t *)((uintptr_t)t - tls_bytes());
    *--sp = (uint64_t)(uintptr_t)mf_thread_entry;
    *--sp = 0; /* rbp: the end of backtraces */
    *--sp = (uint64_t)(uintptr_t)fn;
    *--sp = (uint64_t)(uintptr_t)arg;
    sp -= 3; /* r13 to r15 */
    --sp;
    __asm__ volatile("stmxcsr (%0)\n\tfnstcw 4(%0)" ::"r"(sp) : "memory");
    t->stack_pointer = sp;
}

const char *mf_thread_stack_end(const struct mf_thread *t)
{
    const char *const end = (const char *)t + MF_THREAD_BYTES;
    return t->id == 1 ? end : end + REENT_BYTES;
}

static void free_stack(struct mf_thread *t)
{
    if (!is_kept(t)) {
        mf_stack_free(t->stack_low - (size_t)t->guard_pages * HV_PAGE_BYTES,
                      (char *)t + MF_THREAD_BYTES + REENT_BYTES);
    }
}

static void reap(void)
{
    if (zombie != NULL && zombie != mf_thread_self()) {
        struct mf_thread *const t = zombie;
        zombie = NULL;
        free_stack(t);
    }
}

bool mf_thread_has_started(void)
{
    return last_id != 1;
}

/* The first of all switches is near: how to do it, and what the main thread has used up to now. */
static void start_threads(void)
{
    if (last_id == 1) {
        mf_thread_find_fs_method();
        mf_thread_main()->cpu_ticks = mf_ticks_of_ns(mf_process_cpu_ns());
    }
}

/*
 * A stack with a guard of guard_pages more than the usual one. A guard that cannot be made is one
 * page, as POSIX lets the size be ignored for stacks that the caller provides only.
 */
static char *make_stack(const struct mf_thread_spec *spec, char **low, uint8_t *guard_pages)
{
    if (spec->stack != NULL) {
        *low = spec->stack;
        return (char *)((uintptr_t)(spec->stack + spec->stack_bytes) & ~(uintptr_t)63);
    }
    const size_t more = spec->guard_bytes <= HV_PAGE_BYTES
                            ? 0
                            : (spec->guard_bytes - 1) / HV_PAGE_BYTES; /* beyond the first */
    const size_t bytes = spec->stack_bytes == 0 ? MF_STACK_BYTES : spec->stack_bytes;
    char *const top = mf_stack_alloc(bytes + more * HV_PAGE_BYTES, low);
    if (top != NULL && more != 0) {
        if (hv_mem_unmap((uint64_t)(uintptr_t)*low, more) < 0) {
            mf_stack_free(*low, top);
            return NULL;
        }
        *low += more * HV_PAGE_BYTES;
        *guard_pages = (uint8_t)more;
    }
    return top;
}

int mf_thread_create(void *(*fn)(void *), void *arg, const struct mf_thread_spec *spec,
                     struct mf_thread **out)
{
    start_threads();
    reap();
    char *low;
    uint8_t guard_pages = 0;
    char *const top = make_stack(spec, &low, &guard_pages);
    if (top == NULL) {
        return -EAGAIN;
    }
    struct mf_thread *const self = mf_thread_self();
    struct _reent *const reent = (struct _reent *)(top - REENT_BYTES);
    struct mf_thread *const t = (struct mf_thread *)((char *)reent - MF_THREAD_BYTES);
    memset((char *)t - tls_bytes(), 0, tls_bytes());
    *t = (struct mf_thread){.stack_low = low,
                            .guard_pages = guard_pages,
                            .stack_is_users = spec->stack != NULL,
                            .detached = spec->detached,
                            .canary = self->canary,
                            .signal_mask = self->signal_mask,
                            .process = mf_thread_process,
                            .id = ++last_id};
    mf_thread_init_tls(t);
    _REENT_INIT_PTR(reent);
    *(struct _reent **)((char *)t + ((char *)&__mf_reent - (char *)self)) = reent;
    prepare_stack(t, fn, arg);
    add_to_all(t);
    mf_thread_enqueue(t);
    *out = t;
    return 0;
}

int mf_thread_start(void (*fn)(void *arg), void *arg, size_t stack_bytes)
{
    struct mf_thread *t;
    const struct mf_thread_spec spec = {.stack_bytes = stack_bytes, .detached = true};
    return mf_thread_create((void *(*)(void *))(void (*)(void))fn, arg, &spec, &t);
}

/* ---- the end ------------------------------------------------------------------------------- */

void mf_thread_end(void *result)
{
    struct mf_thread *const self = mf_thread_self();
    if (self->run_at_end != NULL) {
        self->run_at_end(self);
    }
    if (mf_thread_count == 1) {
        exit(0);
    }
    if (__mf_reent != _GLOBAL_REENT) {
        _reclaim_reent(__mf_reent);
    }
    mf_mutex_abandon(self);
    mf_signal_forget(self);
    drop(self);
    self->result = result;
    mf_waitq_wake_all(&self->joiners);
    if (self->detached) {
        reap();
        zombie = is_kept(self) ? NULL : self;
    }
    mf_thread_leave();
}

int mf_thread_join(struct mf_thread *t, void **result)
{
    while (t->state != MF_THREAD_ENDED) {
        if (mf_thread_block(&t->joiners, MF_NEVER, MF_WAIT_CANCEL) == -EINTR &&
            mf_thread_is_cancelled()) {
            return -EINTR;
        }
    }
    if (result != NULL) {
        *result = t->result;
    }
    free_stack(t);
    return 0;
}

void mf_thread_detach(struct mf_thread *t)
{
    if (t->state == MF_THREAD_ENDED) {
        mf_thread_join(t, NULL);
    } else {
        t->detached = 1;
    }
}

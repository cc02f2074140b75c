/* SPDX-License-Identifier: Apache-2.0 */
/* pipes.c - see pipes.h. */
#include "pipes.h"

#include <stdbool.h>
#include <string.h>

#include "fault/touch.h"
#include "hold.h"
#include "mayfly/hypercall.h"
#include "slot.h"

#define WORD(n) ((n) / 64)
#define BIT(n) (1ul << ((n) % 64))

static struct mf_family *window_of(const struct pipes *w)
{
    return guest_window(w->slot - 1);
}

static bool has(const uint64_t set[], uint32_t n)
{
    return (__atomic_load_n(&set[WORD(n)], __ATOMIC_ACQUIRE) & BIT(n)) != 0;
}

static bool is_empty(const uint64_t set[MF_FAMILY_WORDS])
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        all |= __atomic_load_n(&set[i], __ATOMIC_ACQUIRE);
    }
    return all == 0;
}

/* ---- which pipes there are ---------------------------------------------------------------- */

static int64_t make_window(struct pipes *w, struct guest *g)
{
    struct guest *const place = slot_allocate();
    if (place == NULL) {
        return HV_ERR_LIMIT;
    }
    const uint64_t at = (uint64_t)(uintptr_t)guest_window(slot_of(place));
    bool ran;
    int64_t err = hold_stop(g, HOLD_NOW, &ran);
    if (err >= 0) {
        err = hv_window_create(g->handle, MF_FAMILY_VA, at, 0, HV_WINDOW_PAGES);
        if (err >= 0 &&
            !mf_touch(guest_window(slot_of(place)), sizeof(uint64_t[MF_FAMILY_WORDS]))) {
            hv_window_close(g->handle, MF_FAMILY_VA);
            hv_window_close(HV_SELF, at);
            err = HV_ERR_NOMEM;
        }
        hold_resume(g, ran);
    }
    if (err < 0) {
        slot_free(place);
        return err;
    }
    w->slot = slot_of(place) + 1;
    return 0;
}

static void mark(struct pipes *w, uint32_t first, uint32_t count, bool used)
{
    for (uint32_t i = first; i < first + count; i++) {
        w->chunks[WORD(i)] = used ? w->chunks[WORD(i)] | BIT(i) : w->chunks[WORD(i)] & ~BIT(i);
    }
}

/* Pipes without any end are free again. */
static void collect(struct pipes *w)
{
    for (uint32_t i = 0; i < MF_PIPES; i++) {
        const struct mf_pipe *const p = &window_of(w)->pipes[i];
        if (has(w->pipes, i) && is_empty(p->readers) && is_empty(p->writers)) {
            w->pipes[WORD(i)] &= ~BIT(i);
            mark(w, i, w->chunks_of[i], false);
        }
    }
}

/* The first of `count` free chunks in a row; MF_PIPES: there are none. */
static uint32_t find_chunks(const struct pipes *w, uint32_t count)
{
    uint32_t free = 0;
    for (uint32_t i = 0; i < MF_PIPES; i++) {
        free = has(w->chunks, i) ? 0 : free + 1;
        if (free == count) {
            return i + 1 - count;
        }
    }
    return MF_PIPES;
}

int64_t pipes_add(struct pipes *w, struct guest *g, uint32_t member, uint64_t bytes, uint64_t ends,
                  uint64_t *index)
{
    if (bytes < MF_PIPE_CHUNK || bytes > MF_PIPE_BYTES_MAX || (bytes & (bytes - 1)) != 0 ||
        (ends & ~(uint64_t)(MF_PIPE_READS | MF_PIPE_WRITES)) != 0 || ends == 0) {
        return HV_ERR_INVAL;
    }
    const int64_t err = w->slot == 0 ? make_window(w, g) : 0;
    if (err < 0) {
        return err;
    }
    const uint32_t count = (uint32_t)bytes / MF_PIPE_CHUNK;
    uint32_t i = find_chunks(w, count);
    if (i == MF_PIPES) {
        collect(w);
        i = find_chunks(w, count);
    }
    if (i == MF_PIPES) {
        return HV_ERR_LIMIT;
    }
    struct mf_pipe *const p = &window_of(w)->pipes[i];
    if (!mf_touch(p, sizeof(*p))) {
        return HV_ERR_NOMEM;
    }
    mark(w, i, count, true);
    w->pipes[WORD(i)] |= BIT(i);
    w->chunks_of[i] = (uint8_t)count;
    memset(p, 0, sizeof(*p));
    p->bytes = (uint32_t)bytes;
    if ((ends & MF_PIPE_READS) != 0) {
        p->readers[WORD(member)] = BIT(member);
    }
    if ((ends & MF_PIPE_WRITES) != 0) {
        p->writers[WORD(member)] = BIT(member);
    }
    *index = i;
    return 0;
}

/* ---- members ------------------------------------------------------------------------------ */

static void inherit(uint64_t set[MF_FAMILY_WORDS], uint32_t child, uint32_t parent)
{
    if (has(set, parent)) {
        __atomic_fetch_or(&set[WORD(child)], BIT(child), __ATOMIC_RELEASE);
    }
}

int64_t pipes_inherit(struct pipes *w, const struct guest *child, uint32_t child_member,
                      uint32_t parent)
{
    if (w->slot == 0) {
        return 0;
    }
    const int64_t err =
        hv_window_share(HV_SELF, (uint64_t)(uintptr_t)window_of(w), child->handle, MF_FAMILY_VA);
    for (uint32_t i = 0; err >= 0 && i < MF_PIPES; i++) {
        struct mf_pipe *const p = &window_of(w)->pipes[i];
        if (has(w->pipes, i)) {
            inherit(p->readers, child_member, parent);
            inherit(p->writers, child_member, parent);
        }
    }
    return err;
}

/* Takes the member out. Returns whether it was the last one there. */
static bool leave(uint64_t set[MF_FAMILY_WORDS], uint32_t member)
{
    return (__atomic_fetch_and(&set[WORD(member)], ~BIT(member), __ATOMIC_ACQ_REL) & BIT(member)) !=
               0 &&
           is_empty(set);
}

static void unlock(uint32_t *lock, uint32_t member)
{
    uint32_t holder = member + 1;
    __atomic_compare_exchange_n(lock, &holder, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Empties the set; who was in it is to be woken. Members may put anybody in it. */
static void take_waiters(struct pipes *w, uint64_t set[MF_FAMILY_WORDS])
{
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        if (__atomic_load_n(&set[i], __ATOMIC_RELAXED) != 0) {
            w->wakes[i] |= __atomic_exchange_n(&set[i], 0, __ATOMIC_ACQ_REL);
        }
    }
}

void pipes_leave(struct pipes *w, uint32_t member)
{
    for (uint32_t i = 0; w->slot != 0 && i < MF_PIPES; i++) {
        struct mf_pipe *const p = &window_of(w)->pipes[i];
        if (!has(w->pipes, i)) {
            continue;
        }
        (void)leave(p->read_waits, member);
        (void)leave(p->write_waits, member);
        unlock(&p->read_lock, member);
        unlock(&p->write_lock, member);
        if (leave(p->writers, member)) {
            take_waiters(w, p->read_waits);
        }
        if (leave(p->readers, member)) {
            take_waiters(w, p->write_waits);
        }
    }
}

void pipes_event(struct pipes *w)
{
    if (w->slot != 0) {
        take_waiters(w, window_of(w)->wakes);
    }
}

bool pipes_wake(struct pipes *w, uint32_t limit, pipes_wake_t wake, void *arg)
{
    for (uint32_t i = 0; i < MF_FAMILY_WORDS; i++) {
        for (; w->wakes[i] != 0; w->wakes[i] &= w->wakes[i] - 1) {
            if (limit-- == 0) {
                return true;
            }
            wake(arg, i * 64 + (uint32_t)__builtin_ctzl(w->wakes[i]));
        }
    }
    return false;
}

void pipes_close(struct pipes *w)
{
    if (w->slot != 0) {
        hv_window_close(HV_SELF, (uint64_t)(uintptr_t)window_of(w));
        slot_free(guest_at(w->slot - 1));
        w->slot = 0;
    }
}

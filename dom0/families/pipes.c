/* SPDX-License-Identifier: Apache-2.0 */
/* pipes.c - see pipes.h. */
#include "families/pipes.h"

#include <stdbool.h>
#include <string.h>

#include "fault/touch.h"
#include "mayfly/hypercall.h"

#define WORD(n) ((n) / 64)
#define BIT(n) (1ul << ((n) % 64))

static struct mf_family *window_of(const struct pipes *w)
{
    return members_window(w->slot);
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

static void mark(struct pipes *w, uint32_t first, uint32_t count, bool used)
{
    for (uint32_t i = first; i < first + count; i++) {
        w->chunks[WORD(i)] = used ? w->chunks[WORD(i)] | BIT(i) : w->chunks[WORD(i)] & ~BIT(i);
    }
}

/* The first pipe that there is, from `i` on; MF_PIPES: none. */
static uint32_t next_pipe(const struct pipes *w, uint32_t i)
{
    for (; i < MF_PIPES; i = (i | 63) + 1) {
        const uint64_t rest = w->pipes[WORD(i)] >> i % 64;
        if (rest != 0) {
            return i + (uint32_t)__builtin_ctzl(rest);
        }
    }
    return MF_PIPES;
}

/* Pipes without any end are free again. */
static void collect(struct pipes *w)
{
    for (uint32_t i = next_pipe(w, 0); i < MF_PIPES; i = next_pipe(w, i + 1)) {
        const struct mf_pipe *const p = &window_of(w)->pipes[i];
        if (is_empty(p->readers) && is_empty(p->writers)) {
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
        free = members_has(w->chunks, i) ? 0 : free + 1;
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
    const int64_t err =
        w->slot == 0
            ? members_make_window(g, MF_FAMILY_VA, sizeof(uint64_t[MF_FAMILY_WORDS]), &w->slot)
            : 0;
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
    if (members_has(set, parent)) {
        members_add(set, child);
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
    for (uint32_t i = next_pipe(w, 0); err >= 0 && i < MF_PIPES; i = next_pipe(w, i + 1)) {
        struct mf_pipe *const p = &window_of(w)->pipes[i];
        inherit(p->readers, child_member, parent);
        inherit(p->writers, child_member, parent);
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

void pipes_leave(struct pipes *w, uint32_t member)
{
    for (uint32_t i = next_pipe(w, 0); i < MF_PIPES; i = next_pipe(w, i + 1)) {
        struct mf_pipe *const p = &window_of(w)->pipes[i];
        (void)leave(p->read_waits, member);
        (void)leave(p->write_waits, member);
        unlock(&p->read_lock, member);
        unlock(&p->write_lock, member);
        if (leave(p->writers, member)) {
            members_take(p->read_waits, w->wakes);
        }
        if (leave(p->readers, member)) {
            members_take(p->write_waits, w->wakes);
        }
    }
}

bool pipes_event(struct pipes *w)
{
    return w->slot != 0 && members_take(window_of(w)->wakes, w->wakes);
}

bool pipes_wake(struct pipes *w, uint32_t limit, members_wake_t wake, void *arg)
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
    members_close_window(&w->slot);
}

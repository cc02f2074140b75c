/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locks.c - record locks of the processes of a family, see family.h. A list: programs hold few of
 * them. Ranges of one process on one file neither overlap nor, if of one type, touch.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "family/family.h"
#include "signal/signal_internal.h"
#include "thread/thread_internal.h"
#include "time/clock.h"

struct record_lock {
    struct record_lock *next;
    const struct mf_node
        *node; /* borrows: it is open in the process, which unlocks when it closes */
    uint32_t user, pid;
    bool is_exclusive;
    off_t first, last;
};

uint32_t mf_family_user, mf_family_user_pid;

static struct record_lock *locks;
static struct mf_waitq waiters;

bool mf_family_has_locks(void)
{
    return locks != NULL;
}

static struct record_lock *find_conflict(const struct mf_node *n, uint32_t user, bool is_exclusive,
                                         off_t first, off_t last)
{
    for (struct record_lock *l = locks; l != NULL; l = l->next) {
        if (l->node == n && l->user != user && (l->is_exclusive || is_exclusive) &&
            l->first <= last && l->last >= first) {
            return l;
        }
    }
    return NULL;
}

static void tell(struct flock *lock, const struct record_lock *found)
{
    if (found == NULL) {
        lock->l_type = F_UNLCK;
        return;
    }
    lock->l_type = found->is_exclusive ? F_WRLCK : F_RDLCK;
    lock->l_whence = SEEK_SET;
    lock->l_start = found->first;
    lock->l_len = found->last == (off_t)INT64_MAX ? 0 : found->last - found->first + 1;
    lock->l_pid = (short)found->pid;
}

/* Takes [first, last] out of the user's locks. `spare` is used, and set to NULL, if one is split. */
static void cut(const struct mf_node *n, uint32_t user, off_t first, off_t last,
                struct record_lock **spare)
{
    for (struct record_lock **link = &locks, *l; (l = *link) != NULL;) {
        if (l->node != n || l->user != user || l->first > last || l->last < first) {
            link = &l->next;
        } else if (l->first < first && l->last > last) {
            struct record_lock *const rest = *spare;
            *spare = NULL;
            *rest = *l;
            rest->first = last + 1;
            l->last = first - 1;
            l->next = rest;
            return;
        } else if (l->first < first) {
            l->last = first - 1;
            link = &l->next;
        } else if (l->last > last) {
            l->first = last + 1;
            link = &l->next;
        } else {
            *link = l->next;
            free(l);
        }
    }
}

/* Makes `l` one with those of its type that touch it, and adds it. */
static void join(struct record_lock *l)
{
    for (struct record_lock **link = &locks, *o; (o = *link) != NULL;) {
        const bool touches =
            o->node == l->node && o->user == l->user && o->is_exclusive == l->is_exclusive &&
            (o->last == l->first - 1 || (l->last != (off_t)INT64_MAX && o->first == l->last + 1));
        if (!touches) {
            link = &o->next;
            continue;
        }
        l->first = o->first < l->first ? o->first : l->first;
        l->last = o->last > l->last ? o->last : l->last;
        *link = o->next;
        free(o);
    }
    l->next = locks;
    locks = l;
}

int mf_family_lock(struct mf_node *n, int command, struct flock *lock, off_t first, off_t last)
{
    const uint32_t user = mf_family_user;
    const bool is_exclusive = lock->l_type == F_WRLCK;
    const bool takes = lock->l_type != F_UNLCK;
    const struct record_lock *const other =
        takes ? find_conflict(n, user, is_exclusive, first, last) : NULL;

    if (command == F_GETLK) {
        tell(lock, other);
        return takes ? 0 : -EINVAL;
    }
    if (other != NULL) {
        return -EAGAIN;
    }
    struct record_lock *spare = malloc(sizeof(*spare));
    struct record_lock *const l = takes ? malloc(sizeof(*l)) : NULL;
    if (spare == NULL || (takes && l == NULL)) {
        free(spare);
        free(l);
        return -ENOLCK;
    }
    cut(n, user, first, last, &spare);
    free(spare);
    if (takes) {
        *l = (struct record_lock){.node = n,
                                  .user = user,
                                  .pid = user == 0 ? (uint32_t)getpid() : mf_family_user_pid,
                                  .is_exclusive = is_exclusive,
                                  .first = first,
                                  .last = last};
        join(l);
    }
    mf_waitq_wake_all(&waiters); /* less may be locked, or weaker */
    return 0;
}

void mf_family_unlock(const struct mf_node *n, uint32_t user)
{
    for (struct record_lock **link = &locks, *l; (l = *link) != NULL;) {
        if (l->user != user || (n != NULL && l->node != n)) {
            link = &l->next;
            continue;
        }
        *link = l->next;
        free(l);
    }
    mf_waitq_wake_all(&waiters);
}

int mf_family_wait_for_lock(void)
{
    const int err = mf_thread_block(&waiters, MF_NEVER, MF_WAIT_OUTSIDE | MF_WAIT_CANCEL);
    return err == -EINTR && mf_signal_restarts() ? 0 : err;
}

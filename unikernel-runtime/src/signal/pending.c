/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending.c - signals on their way: for the process or for a thread, each with its siginfo_t as long
 * as there is room. Standard signals wait once, those from SIGRTMIN on as often as they were sent.
 */
#include <errno.h>
#include <unistd.h>

#include "signal/signal_internal.h"

struct mf_signal_info {
    struct mf_signal_info *next;
    siginfo_t info;
};

sigset_t mf_signals_pending;
struct mf_waitq mf_sigwaiters;
void (*mf_signal_on_timer)(siginfo_t *info);
void (*mf_signal_on_post)(void);

static struct mf_signal_info *infos; /* of the process */
static struct mf_signal_info pool[MF_SIGNALS_QUEUED] __attribute__((section(".bss..cold.signals")));
static unsigned int pool_used;
static struct mf_signal_info *pool_free;

static struct mf_signal_info *pool_take(void)
{
    struct mf_signal_info *const i = pool_free;
    if (i != NULL) {
        pool_free = i->next;
        return i;
    }
    return pool_used < MF_SIGNALS_QUEUED ? &pool[pool_used++] : NULL;
}

static void pool_give(struct mf_signal_info *i)
{
    i->next = pool_free;
    pool_free = i;
}

/* Adds to a list of pending signals. Returns -EAGAIN when it could not and that matters. */
static int add(sigset_t *pending, struct mf_signal_info **list, const siginfo_t *info)
{
    const sigset_t bit = MF_SIGNAL_BIT(info->si_signo);
    if (info->si_signo < SIGRTMIN && (*pending & bit) != 0) {
        return 0;
    }
    struct mf_signal_info *const i = pool_take();
    if (i == NULL && info->si_signo >= SIGRTMIN) {
        return -EAGAIN;
    }
    if (i != NULL) {
        *i = (struct mf_signal_info){.info = *info};
        while (*list != NULL) {
            list = &(*list)->next;
        }
        *list = i;
    }
    *pending |= bit;
    return 0;
}

/* Takes the oldest `sig` out of a list and fills in *info; the bit goes with the last one. */
static void remove_one(sigset_t *pending, struct mf_signal_info **list, int sig, siginfo_t *info)
{
    bool is_found = false, is_more = false;
    *info = (siginfo_t){.si_signo = sig, .si_code = SI_USER, .si_pid = getpid()};
    while (*list != NULL) {
        struct mf_signal_info *const i = *list;
        if (i->info.si_signo != sig) {
            list = &i->next;
        } else if (is_found) {
            is_more = true;
            break;
        } else {
            is_found = true;
            *info = i->info;
            *list = i->next;
            pool_give(i);
        }
    }
    if (!is_more) {
        *pending &= ~MF_SIGNAL_BIT(sig);
    }
}

int mf_signal_take(sigset_t set, siginfo_t *info)
{
    struct mf_thread *const self = mf_thread_self();
    const sigset_t ready = (self->signals_pending | mf_signals_pending) & set;
    if (ready == 0) {
        return 0;
    }
    const int sig = __builtin_ctzl(ready);
    if ((self->signals_pending & MF_SIGNAL_BIT(sig)) != 0) {
        remove_one(&self->signals_pending, &self->signal_infos, sig, info);
    } else {
        remove_one(&mf_signals_pending, &infos, sig, info);
    }
    if (info->si_code == SI_TIMER && mf_signal_on_timer != NULL) {
        mf_signal_on_timer(info);
    }
    return sig;
}

static void drop_all(sigset_t *pending, struct mf_signal_info **list, sigset_t set)
{
    siginfo_t info;
    while ((*pending & set) != 0) {
        remove_one(pending, list, __builtin_ctzl(*pending & set), &info);
    }
}

void mf_signal_drop(int sig)
{
    drop_all(&mf_signals_pending, &infos, MF_SIGNAL_BIT(sig));
    for (struct mf_thread *t = mf_thread_next(NULL); t != NULL; t = mf_thread_next(t)) {
        drop_all(&t->signals_pending, &t->signal_infos, MF_SIGNAL_BIT(sig));
    }
}

void mf_signal_forget(struct mf_thread *t)
{
    if (t == NULL) {
        drop_all(&mf_signals_pending, &infos, ~(sigset_t)0);
        t = mf_thread_self();
    }
    drop_all(&t->signals_pending, &t->signal_infos, ~(sigset_t)0);
}

/* ---- who gets it ------------------------------------------------------------------------------- */

/* A thread that does not block `sig`: the main one, the caller, or any. */
static struct mf_thread *find_receiver(int sig)
{
    const sigset_t bit = MF_SIGNAL_BIT(sig);
    struct mf_thread *const self = mf_thread_self();
    for (struct mf_thread *t = mf_thread_next(NULL); t != NULL; t = mf_thread_next(t)) {
        if (t == mf_thread_main() && (t->signal_mask & bit) == 0) {
            return t;
        }
    }
    if ((self->signal_mask & bit) == 0) {
        return self;
    }
    for (struct mf_thread *t = mf_thread_next(NULL); t != NULL; t = mf_thread_next(t)) {
        if ((t->signal_mask & bit) == 0) {
            return t;
        }
    }
    return NULL;
}

/* `receiver`: a thread that can have it at once, or NULL. */
static int post(sigset_t *pending, struct mf_signal_info **list, const siginfo_t *info,
                struct mf_thread *receiver)
{
    const int sig = info->si_signo;
    if (receiver != NULL && mf_signal_is_ignored(sig)) {
        return 0;
    }
    if (receiver != NULL && mf_signal_action(sig)->sa_handler == SIG_DFL &&
        (MF_SIGNAL_BIT(sig) & MF_STOP_SIGNALS) == 0) {
        mf_signal_end_by_default(sig);
    }
    const int err = add(pending, list, info);
    if (err != 0) {
        return err;
    }
    mf_waitq_wake_all(&mf_sigwaiters);
    if (mf_signal_on_post != NULL) {
        mf_signal_on_post();
    }
    if (receiver != NULL && receiver != mf_thread_self()) {
        mf_thread_interrupt(receiver);
    } else if (receiver != NULL && receiver->state == MF_THREAD_BLOCKED) {
        mf_thread_interrupt(receiver); /* the caller is its idle loop */
    }
    return 0;
}

int mf_signal_post_info(const siginfo_t *info)
{
    return post(&mf_signals_pending, &infos, info, find_receiver(info->si_signo));
}

int mf_signal_post_thread(struct mf_thread *t, const siginfo_t *info)
{
    const bool blocked = (t->signal_mask & MF_SIGNAL_BIT(info->si_signo)) != 0;
    return post(&t->signals_pending, &t->signal_infos, info, blocked ? NULL : t);
}

void mf_signal_post(int sig)
{
    const siginfo_t info = {.si_signo = sig, .si_code = SI_USER};
    mf_signal_post_info(&info);
}

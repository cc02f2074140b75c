/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.c - threads that wait for words of shared memory, see shared.h, mayfly/family.h.
 *
 * While this process is awake its poller looks at the words that its threads wait for; before it sleeps
 * it puts itself into the sets of their buckets, and looks once more. Nodes are never given back: one
 * whose queue is empty is free, also when a signal handler has jumped out of the wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "family/shared.h"
#include "fd/pipe.h"
#include "start/info.h"
#include "thread/idle.h"
#include "thread/thread_internal.h"

#define NO_NODE_NS MF_NS_PER_MS /* to look again, where there is no memory for a node */

struct node {
    struct node *next;
    const uint64_t *word;
    uint64_t seen;
    uint64_t seen_ends;     /* of shared memory: of processes */
    struct mf_waitq waiter; /* one thread, or none */
};

static struct node *nodes;

static struct mf_memory_window *window(void)
{
    return (struct mf_memory_window *)(uintptr_t)MF_MEMORY_VA;
}

static uint64_t *bucket_of(const uint64_t *word)
{
    return window()->waits[(uintptr_t)word / sizeof(*word) % MF_MEMORY_BUCKETS];
}

uint64_t mf_shared_ends(const uint64_t *word)
{
    return mf_is_shared_va((uintptr_t)word) ? __atomic_load_n(&window()->ends, __ATOMIC_SEQ_CST)
                                            : 0;
}

static bool has_changed(const struct node *n)
{
    return __atomic_load_n(n->word, __ATOMIC_SEQ_CST) != n->seen ||
           mf_shared_ends(n->word) != n->seen_ends;
}

/* Returns whether somebody goes on. */
static bool tell(void)
{
    bool told = false;

    for (struct node *n = nodes; n != NULL; n = n->next) {
        if (n->waiter.head != NULL && has_changed(n)) {
            mf_waitq_wake_all(&n->waiter);
            told = true;
        }
    }
    return told;
}

static void poll(void *arg)
{
    (void)arg;
    (void)tell();
}

void mf_shared_expect(const uint64_t *word)
{
    const uint32_t member = mf_info()->process.member % (MF_FAMILY_WORDS * 64);

    if (mf_is_shared_va((uintptr_t)word)) {
        __atomic_fetch_or(&bucket_of(word)[member / 64], 1ul << member % 64, __ATOMIC_SEQ_CST);
    }
}

static uint64_t prepare(void *arg)
{
    (void)arg;
    for (const struct node *n = nodes; n != NULL; n = n->next) {
        if (n->waiter.head != NULL) {
            mf_shared_expect(n->word);
        }
    }
    return tell() ? 0 : MF_NEVER;
}

static struct node *free_node(void)
{
    static struct mf_poller poller = {.poll = poll, .prepare = prepare};
    struct node *n = nodes;

    while (n != NULL && n->waiter.head != NULL) {
        n = n->next;
    }
    if (n == NULL) {
        if (nodes == NULL) {
            mf_poller_register(&poller);
        }
        n = calloc(1, sizeof(*n));
        if (n != NULL) {
            n->next = nodes;
            nodes = n;
        }
    }
    return n;
}

int mf_shared_wait(uint64_t *word, uint64_t seen, uint64_t deadline_ns, unsigned int kind)
{
    return mf_shared_wait_since(word, seen, mf_shared_ends(word), deadline_ns, kind);
}

int mf_shared_wait_since(uint64_t *word, uint64_t seen, uint64_t ends, uint64_t deadline_ns,
                         unsigned int kind)
{
    struct node *const n = free_node();

    if (n == NULL) {
        const uint64_t soon = mf_clock_deadline(NO_NODE_NS);
        const int err = mf_thread_block(NULL, soon < deadline_ns ? soon : deadline_ns, kind);
        return err == -ETIMEDOUT && soon < deadline_ns ? 0 : err;
    }
    n->word = word;
    n->seen = seen;
    n->seen_ends = ends;
    return has_changed(n) ? 0 : mf_thread_block(&n->waiter, deadline_ns, kind | MF_WAIT_OUTSIDE);
}

void mf_shared_wake(uint64_t *word)
{
    (void)tell();
    if (mf_is_shared_va((uintptr_t)word)) {
        mf_members_wake(bucket_of(word), window()->wakes);
    }
}

uint64_t mf_shared_self(void)
{
    return (uint64_t)(uint32_t)getpid() << 32 | mf_thread_self()->id;
}

bool mf_shared_is_dead(uint64_t thread)
{
    const uint32_t pid = (uint32_t)(thread >> 32);

    for (uint32_t i = 0; i < MF_FAMILY_WORDS * 64; i++) {
        if (__atomic_load_n(&window()->pids[i], __ATOMIC_ACQUIRE) == pid) {
            return false;
        }
    }
    return true;
}

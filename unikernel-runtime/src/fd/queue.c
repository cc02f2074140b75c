/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - see queue.h. */
#include "fd/queue.h"

#include <errno.h>
#include <string.h>

#define ALIGN 16u

struct slot {
    uint32_t next; /* in the list of messages, or of free ones */
    uint32_t priority;
    uint32_t bytes;
    uint32_t is_message; /* repair()'s */
    char data[];
};

static struct slot *slot_at(struct mf_queue *q, uint32_t number)
{
    return (struct slot *)((char *)(q + 1) + (uint64_t)(number - 1) * q->slot_bytes);
}

/* What others may see half done is stored last. */
static void set(uint32_t *link, uint32_t slot)
{
    __atomic_store_n(link, slot, __ATOMIC_RELEASE);
}

int mf_queue_init(struct mf_queue *q, long messages_max, long bytes_max)
{
    pthread_mutexattr_t attr;

    if (messages_max <= 0 || messages_max > MF_QUEUE_MESSAGES_MAX || bytes_max <= 0 ||
        bytes_max > MF_QUEUE_BYTES_MAX) {
        return -EINVAL;
    }
    memset(q, 0, sizeof(*q));
    q->messages_max = (uint32_t)messages_max;
    q->bytes_max = (uint32_t)bytes_max;
    q->slot_bytes = ((uint32_t)sizeof(struct slot) + q->bytes_max + ALIGN - 1) & -ALIGN;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&q->lock, &attr);
    return 0;
}

uint64_t mf_queue_bytes(const struct mf_queue *q)
{
    return sizeof(*q) + (uint64_t)q->messages_max * q->slot_bytes;
}

/* ---- the lock ---------------------------------------------------------------------------------- */

static void give_back(struct mf_queue *q, uint32_t number)
{
    slot_at(q, number)->next = q->free;
    q->free = number;
}

/* Somebody was killed with the lock: what follows from the list of messages. */
static void repair(struct mf_queue *q)
{
    for (uint32_t i = 1; i <= q->used; i++) {
        slot_at(q, i)->is_message = 0;
    }
    q->last = q->free = q->count = 0;
    for (uint32_t i = q->first; i != 0; i = slot_at(q, i)->next) {
        slot_at(q, i)->is_message = 1;
        q->last = i;
        q->count++;
    }
    for (uint32_t i = 1; i <= q->used; i++) {
        if (!slot_at(q, i)->is_message) {
            give_back(q, i);
        }
    }
}

void mf_queue_lock(struct mf_queue *q)
{
    if (pthread_mutex_lock(&q->lock) == EOWNERDEAD) {
        repair(q);
        pthread_mutex_consistent(&q->lock);
    }
}

void mf_queue_unlock(struct mf_queue *q)
{
    pthread_mutex_unlock(&q->lock);
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* There is one: the queue is not full. */
static uint32_t new_slot(struct mf_queue *q)
{
    const uint32_t number = q->free;

    if (number == 0) {
        return ++q->used;
    }
    q->free = slot_at(q, number)->next;
    return number;
}

void mf_queue_put(struct mf_queue *q, const void *data, size_t bytes, unsigned int priority)
{
    const uint32_t number = new_slot(q);
    struct slot *const s = slot_at(q, number);
    uint32_t *link = &q->first;

    s->priority = priority;
    s->bytes = (uint32_t)bytes;
    memcpy(s->data, data, bytes);
    if (q->last != 0 && slot_at(q, q->last)->priority >= priority) {
        link = &slot_at(q, q->last)->next;
    }
    while (*link != 0 && slot_at(q, *link)->priority >= priority) {
        link = &slot_at(q, *link)->next;
    }
    s->next = *link;
    set(link, number);
    if (s->next == 0) {
        q->last = number;
    }
    q->count++;
}

size_t mf_queue_take(struct mf_queue *q, void *data, unsigned int *priority)
{
    const uint32_t number = q->first;
    const struct slot *const s = slot_at(q, number);
    const size_t bytes = s->bytes;

    memcpy(data, s->data, bytes);
    if (priority != NULL) {
        *priority = s->priority;
    }
    set(&q->first, s->next);
    if (q->first == 0) {
        q->last = 0;
    }
    give_back(q, number);
    q->count--;
    return bytes;
}

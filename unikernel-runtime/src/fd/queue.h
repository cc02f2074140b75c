/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - a message queue as it lies in memory: a head, and behind it a slot for each message. All
 * that threads, and processes if it is shared memory, have to know of it is there; nothing points to
 * anything, slots are numbers from 1 on.
 *
 * Messages are a list in the order in which they are received. It is changed by one store, so whoever is
 * killed while it has the lock leaves it whole; `last`, `count` and the free slots follow from it, and are
 * made anew by who finds the lock's owner dead.
 *
 * Where queues are kept, and by which names they are found, is a store's: memory of this process, and
 * in programs that fork files (family/queues.c).
 */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mf_queue {
    pthread_mutex_t lock;
    uint64_t sent, taken; /* messages ever: who waits, waits for a change */
    uint32_t first, last; /* slots; 0: none */
    uint32_t free, used;  /* first one given back; those behind number `used` never were in use */
    uint32_t count;
    uint32_t messages_max, bytes_max;
    uint32_t slot_bytes;
    uint32_t mode;
    uid_t uid;
    gid_t gid;
    uint32_t receivers; /* threads that wait for a message, as of... */
    uint64_t ends;      /* ...so many ended processes: after another one they count anew */
    uint64_t wish;      /* mq_notify() that is in force, 0: none; never the same number twice */
    uint64_t wishes;
    pid_t wisher, sender; /* whose wish it is; who sent the message of the last one */
    uid_t sender_uid;
};

struct mf_queue_store {
    /*
     * The queue called `name`, as mq_open() with `flags`; one that is made begins as *head. Returns 1: it
     * was made, 0, or a negative errno number. It stays until it is closed, with or without a name.
     */
    int (*open)(const char *name, int flags, const struct mf_queue *head, struct mf_queue **out);
    void (*close)(struct mf_queue *q);
    int (*unlink)(const char *name); /* rights included */
};

/** The program's. fork.c has one for programs that fork. */
extern const struct mf_queue_store *mf_queue_store;
extern const struct mf_queue_store mf_family_queues;

#define MF_QUEUE_MESSAGES_MAX 65536
#define MF_QUEUE_BYTES_MAX (16 << 20)

/** A queue without messages. Returns 0 or -EINVAL. */
int mf_queue_init(struct mf_queue *q, long messages_max, long bytes_max);

/** Of the head and all slots. */
uint64_t mf_queue_bytes(const struct mf_queue *q);

void mf_queue_lock(struct mf_queue *q);
void mf_queue_unlock(struct mf_queue *q);

/** Locked, and not full: adds a message behind all of its priority or of a higher one. */
void mf_queue_put(struct mf_queue *q, const void *data, size_t bytes, unsigned int priority);

/** Locked, and not empty: copies the first message to `data`, and removes it. Returns its size. */
size_t mf_queue_take(struct mf_queue *q, void *data, unsigned int *priority);

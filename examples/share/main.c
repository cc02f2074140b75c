// SPDX-License-Identifier: Apache-2.0
/*
 * share - passes messages to another guest through memory that both of them have.
 *
 *   share send PEER [COUNT]      puts COUNT messages (1000) into a ring
 *   share receive PEER           takes them out and says what came
 *
 * The ring has one writer and one reader. Each of them only ever writes its own counter, and looks
 * at the other's with acquire: what was written before a counter moved is seen with it.
 */
#include <stdint.h>

#include <errno.h>
#include <mayfly.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS 64u
#define END UINT32_MAX /* instead of a message */

struct message {
    uint32_t number;
    char text[60];
};

struct ring {
    _Atomic uint32_t written, taken; /* counts of messages */
    struct message messages[SLOTS];
};

/* Sleeps until the other side notifies. Returns 0 when it has gone. */
static int wait_for_peer(int share)
{
    uint64_t count;
    return read(share, &count, sizeof(count)) == sizeof(count);
}

static int put(int share, struct ring *ring, const struct message *m)
{
    const uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);

    while (written - atomic_load_explicit(&ring->taken, memory_order_acquire) >= SLOTS) {
        if (!wait_for_peer(share)) {
            return 0;
        }
    }
    ring->messages[written % SLOTS] = *m;
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
    return mf_share_notify(share) == 0;
}

static int take(int share, struct ring *ring, struct message *m)
{
    const uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

    while (atomic_load_explicit(&ring->written, memory_order_acquire) == taken) {
        if (!wait_for_peer(share)) {
            return 0;
        }
    }
    *m = ring->messages[taken % SLOTS]; /* once: the other guest may write at any moment */
    m->text[sizeof(m->text) - 1] = 0;
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return mf_share_notify(share) == 0 || errno == EPIPE;
}

static int send_messages(int share, struct ring *ring, uint32_t count)
{
    struct message m = {0};

    for (uint32_t i = 0; i < count; i++) {
        m.number = i;
        snprintf(m.text, sizeof(m.text), "message %u", (unsigned int)i);
        if (!put(share, ring, &m)) {
            printf("share: the receiver has gone\n");
            return 1;
        }
    }
    m.number = END;
    if (!put(share, ring, &m)) {
        return 1;
    }
    while (wait_for_peer(share)) { /* until the receiver has closed its side */
    }
    printf("share: %u messages sent\n", (unsigned int)count);
    return 0;
}

static int receive_messages(int share, struct ring *ring)
{
    struct message m;
    uint32_t count = 0;
    char last[sizeof(m.text)] = "";

    while (take(share, ring, &m) && m.number != END) {
        if (m.number != count) {
            printf("share: message %u came instead of %u\n", (unsigned int)m.number,
                   (unsigned int)count);
            return 1;
        }
        memcpy(last, m.text, sizeof(last));
        count++;
    }
    printf("share: %u messages received, the last one is \"%s\"\n", (unsigned int)count, last);
    close(share);
    return m.number != END;
}

int main(int argc, char **argv)
{
    void *memory;

    if (argc < 3 || (strcmp(argv[1], "send") != 0 && strcmp(argv[1], "receive") != 0)) {
        fprintf(stderr, "usage: share send PEER [COUNT] | share receive PEER\n");
        return 2;
    }
    const int share = mf_share_open(argv[2], "ring", sizeof(struct ring), 30000, &memory);
    if (share < 0) {
        printf("share: cannot share memory with %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    if (strcmp(argv[1], "receive") == 0) {
        return receive_messages(share, memory);
    }
    return send_messages(share, memory, argc > 3 ? (uint32_t)atoi(argv[3]) : 1000);
}

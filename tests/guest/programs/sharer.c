// SPDX-License-Identifier: Apache-2.0
/*
 * sharer - shares memory with another guest, for tests/share.bats:
 *
 *   sharer try PEER NAME BYTES     waits 500 ms at most and says what came of it
 *   sharer hold SELF PEER NAME [exit]  each writes half, reads the other half, waits for its end
 *                                  (exit: ends then; else it stays)
 *   sharer many PEER               as many shares as it gets
 */
#include <stdint.h>

#include <errno.h>
#include <mayfly.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES 8192
#define PATIENCE_MS 500
#define FOREVER_MS 60000

static int try(const char *peer, const char *name, size_t bytes)
{
    void *memory;
    const int share = mf_share_open(peer, name, bytes, PATIENCE_MS, &memory);
    printf("sharer: %s\n", share < 0 ? strerror(errno) : "connected");
    return 0;
}

static int many(const char *peer)
{
    char name[16];
    void *memory;
    int count = 0;

    for (;; count++) {
        snprintf(name, sizeof(name), "n%d", count);
        if (mf_share_open(peer, name, 4096, FOREVER_MS, &memory) < 0) {
            break;
        }
        ((char *)memory)[0] = 'x';
    }
    printf("sharer: %d shares, then: %s\n", count, strerror(errno));
    pause();
    return 0;
}

/* Each side writes into its half of the first page and looks at the other's half. */
static void exchange(int share, volatile unsigned char *memory, int side)
{
    uint64_t count;
    volatile unsigned char *const mine = memory + side * BYTES / 2;
    volatile unsigned char *const theirs = memory + !side * BYTES / 2;

    for (int i = 0; i < BYTES / 2; i++) {
        mine[i] = (unsigned char)(i ^ (side ? 0xa5 : 0x5a));
    }
    atomic_thread_fence(memory_order_release);
    mf_share_notify(share);
    if (read(share, &count, sizeof(count)) != sizeof(count)) {
        printf("sharer: FAILED: nobody there\n");
        exit(1);
    }
    atomic_thread_fence(memory_order_acquire);
    for (int i = 0; i < BYTES / 2; i++) {
        if (theirs[i] != (unsigned char)(i ^ (side ? 0x5a : 0xa5))) {
            printf("sharer: FAILED: byte %d\n", i);
            exit(1);
        }
    }
    printf("sharer: all bytes of the other are here\n");
}

static void clone_found(void *arg)
{
    printf("sharer: cloned\n");
    (void)arg;
}

static int hold(const char *self, const char *peer, const char *name, int ends)
{
    void *memory;
    const int share = mf_share_open(peer, name, BYTES, FOREVER_MS, &memory);
    struct pollfd p = {.fd = share, .events = POLLIN};

    if (share < 0) {
        printf("sharer: FAILED: %s\n", strerror(errno));
        return 1;
    }
    mf_on_clone(clone_found, NULL);
    exchange(share, memory, strcmp(self, peer) > 0);
    for (;;) {
        uint64_t count;
        p.revents = 0;
        if (poll(&p, 1, -1) == 1 && (p.revents & POLLHUP) != 0) {
            break;
        }
        if (read(share, &count, sizeof(count)) <= 0) {
            break;
        }
    }
    printf("sharer: the other has gone: %s\n", mf_share_notify(share) < 0 ? strerror(errno) : "no");
    if (!ends) {
        pause();
    }
    printf("sharer: the memory is still %s\n", ((char *)memory)[1] != 0 ? "there" : "lost");
    close(share);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 5 && strcmp(argv[1], "try") == 0) {
        return try(argv[2], argv[3], (size_t)atoi(argv[4]));
    }
    if (argc == 3 && strcmp(argv[1], "many") == 0) {
        return many(argv[2]);
    }
    if (argc >= 5 && strcmp(argv[1], "hold") == 0) {
        return hold(argv[2], argv[3], argv[4], argc > 5);
    }
    return 2;
}

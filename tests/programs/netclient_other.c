/* SPDX-License-Identifier: Apache-2.0 */
/* netclient_other.c - UDP echo and the key-value service. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netclient.h"

/* ---- UDP echo -------------------------------------------------------------------------------- */

/* UDP may lose datagrams, so one is sent up to three times; what comes back must be what was
 * sent. */
static bool echo_one(int fd, uint32_t number, char *data, char *back, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (char)(number * 7 + i);
    }
    memcpy(data, &number, sizeof(number) < bytes ? sizeof(number) : bytes);
    for (int tries = 0; tries < 3; tries++) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (send(fd, data, bytes, 0) != (ssize_t)bytes) {
            continue;
        }
        while (poll(&readable, 1, 2000) == 1) {
            const ssize_t got = recv(fd, back, 65536, 0);
            if (got == (ssize_t)bytes && memcmp(data, back, bytes) == 0) {
                return true;
            }
            uint32_t other; /* a late answer to an earlier try is no error */
            memcpy(&other, back, sizeof(other));
            if (got != (ssize_t)bytes || other >= number) {
                return false;
            }
        }
    }
    return false;
}

int udp_echo(int argc, char **argv)
{
    static char data[65536], back[65536];
    const unsigned int count = (unsigned int)atoi(argv[1]);
    const size_t bytes = (size_t)atoi(argv[2]);
    const int fd = net_connect((uint16_t)atoi(argv[0]), true);
    unsigned int good = 0;
    (void)argc;
    for (uint32_t i = 0; fd >= 0 && i < count; i++) {
        good += echo_one(fd, i, data, back, bytes) ? 1 : 0;
    }
    printf("%u datagrams, %u good, %u bad\n", count, good, count - good);
    return good == count ? 0 : 1;
}

/* ---- key-value service ----------------------------------------------------------------------- */

struct kv_client {
    pthread_t thread;
    uint16_t port;
    unsigned int number, operations;
    bool good;
};

/* Sends a line and compares the answer's line. */
static bool kv_says(int fd, const char *line, const char *expected)
{
    char got[256] = "";
    size_t bytes = 0;
    if (!net_send(fd, line, strlen(line))) {
        return false;
    }
    while (bytes < sizeof(got) - 1 && memchr(got, '\n', bytes) == NULL) {
        const ssize_t n = recv(fd, got + bytes, sizeof(got) - 1 - bytes, 0);
        if (n <= 0) {
            return false;
        }
        bytes += (size_t)n;
    }
    if (strncmp(got, expected, strlen(expected)) != 0) {
        fprintf(stderr, "sent %sgot %sexpected %s", line, got, expected);
        return false;
    }
    return true;
}

static void *kv_main(void *arg)
{
    struct kv_client *c = arg;
    char line[128], expected[128];
    const int fd = net_connect(c->port, false);
    bool good = fd >= 0;
    for (unsigned int i = 0; good && i < c->operations; i++) {
        snprintf(line, sizeof(line), "SET key-%u-%u value %u of %u\n", c->number, i % 50, i,
                 c->number);
        good = kv_says(fd, line, "OK\n");
        snprintf(line, sizeof(line), "GET key-%u-%u\n", c->number, i % 50);
        snprintf(expected, sizeof(expected), "VALUE value %u of %u\n", i, c->number);
        good = good && kv_says(fd, line, expected);
        good = good && kv_says(fd, "SET shared same\n", "OK\n") &&
               kv_says(fd, "GET shared\n", "VALUE same\n");
    }
    for (unsigned int i = 0; good && i < 50 && i < c->operations; i++) {
        snprintf(line, sizeof(line), "DEL key-%u-%u\n", c->number, i);
        good = kv_says(fd, line, "OK\n") && kv_says(fd, line, "NONE\n");
    }
    c->good = good;
    close(fd);
    return NULL;
}

int kv_load(int argc, char **argv)
{
    struct kv_client clients[64] = {0};
    const unsigned int count = (unsigned int)atoi(argv[1]) % 65;
    bool good = true;
    (void)argc;
    for (unsigned int i = 0; i < count; i++) {
        clients[i] = (struct kv_client){.port = (uint16_t)atoi(argv[0]),
                                        .number = i,
                                        .operations = (unsigned int)atoi(argv[2])};
        if (pthread_create(&clients[i].thread, NULL, kv_main, &clients[i]) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(clients[i].thread, NULL);
        good = good && clients[i].good;
    }
    const int fd = net_connect((uint16_t)atoi(argv[0]), false);
    good = good && fd >= 0 && kv_says(fd, "COUNT\n", "COUNT 1\n") &&
           kv_says(fd, "DEL shared\n", "OK\n") && kv_says(fd, "COUNT\n", "COUNT 0\n") &&
           kv_says(fd, "NONSENSE\n", "ERROR ");
    printf("%s\n", good ? "good" : "bad");
    return good ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netclient - the tests' own network client, for what curl and wrk do not count or do:
 *
 *   netclient free-port COUNT                        ports that nobody uses, one per line
 *   netclient http-load PORT CONNECTIONS REQUESTS [close]
 *                                                    REQUESTS in all, every byte of every answer
 * compared netclient http-bad PORT                          slow, damaged, pipelined and unread
 * requests; TAP netclient udp-echo PORT COUNT BYTES              datagrams; each must come back as
 * it was netclient kv-load PORT CLIENTS OPERATIONS        threads with keys of their own and a
 * shared one
 */
#include "netclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned int tap_count, tap_failed;

bool tap(bool good, const char *name)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++tap_count, name);
    fflush(stdout);
    tap_failed += good ? 0 : 1;
    return good;
}

int tap_done(void)
{
    printf("1..%u\n", tap_count);
    return tap_failed == 0 ? 0 : 1;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int net_connect(uint16_t port, bool udp)
{
    const struct sockaddr_in address = loopback(port);
    const struct timeval limit = {.tv_sec = REPLY_LIMIT_S};
    const int one = 1;
    const int fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket");
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (!udp) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("connect");
        close(fd);
        return -1;
    }
    return fd;
}

bool net_send(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        const ssize_t sent = send(fd, at, bytes, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

size_t net_read(int fd, void *data, size_t bytes)
{
    size_t total = 0;
    while (total < bytes) {
        const ssize_t got = recv(fd, (char *)data + total, bytes - total, 0);
        if (got <= 0) {
            break;
        }
        total += (size_t)got;
    }
    return total;
}

/* A port that is free for TCP and for UDP. The sockets stay open until all ports are chosen. */
static bool print_free_port(void)
{
    for (int tries = 0; tries < 100; tries++) {
        struct sockaddr_in address = loopback(0);
        socklen_t bytes = sizeof(address);
        const int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
        if (bind(tcp, (struct sockaddr *)&address, bytes) == 0 &&
            getsockname(tcp, (struct sockaddr *)&address, &bytes) == 0 &&
            bind(udp, (struct sockaddr *)&address, bytes) == 0) {
            printf("%u\n", (unsigned int)ntohs(address.sin_port));
            return true;
        }
        close(tcp);
        close(udp);
    }
    return false;
}

static int free_port(int argc, char **argv)
{
    for (int i = argc > 0 ? atoi(argv[0]) : 1; i > 0; i--) {
        if (!print_free_port()) {
            fprintf(stderr, "netclient: no free port\n");
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments; /* at least */
        int (*run)(int argc, char **argv);
    } commands[] = {
        {"free-port", 0, free_port}, {"http-load", 3, http_load}, {"http-bad", 1, http_bad},
        {"udp-echo", 3, udp_echo},   {"kv-load", 3, kv_load},
    };
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].arguments) {
            return commands[i].run(argc - 2, argv + 2);
        }
    }
    fprintf(stderr, "usage: netclient free-port|http-load|http-bad|udp-echo|kv-load ARGUMENT...\n");
    return 64;
}

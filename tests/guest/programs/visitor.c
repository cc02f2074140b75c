/* SPDX-License-Identifier: Apache-2.0 */
/*
 * visitor - asks guests of examples/http, chosen at random, whether they are alive.
 *
 *   visitor FIRST COUNT SAMPLES SEED
 *
 * The guests have the addresses FIRST to FIRST + COUNT - 1. SAMPLES different ones of them get two
 * requests on one connection: / must be answered by 200 and the greeting, /metrics by the number of
 * requests that this visitor, and nobody else, has made: so each address leads to a guest of its
 * own. Status 0 when all were good.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LIMIT_S 20
#define GREETING "\r\n\r\nHello from Mayfly!\n"

static const char *complaint; /* about the guest that was asked last */

/* The answer up to `end`, as a string. Returns false when the connection ends before. */
static bool receive(int fd, const char *end, char *to, size_t room)
{
    size_t at = 0;
    to[0] = 0;
    while (strstr(to, end) == NULL) {
        const ssize_t got = at + 1 < room ? recv(fd, to + at, room - 1 - at, 0) : 0;
        if (got <= 0) {
            complaint = got == 0 ? "the answer is cut short" : strerror(errno);
            return false;
        }
        at += (size_t)got;
        to[at] = 0;
    }
    return true;
}

static bool request(int fd, const char *path, const char *end, char *to, size_t room)
{
    char text[64];
    const int bytes = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: guest\r\n\r\n", path);
    if (send(fd, text, (size_t)bytes, 0) != bytes) {
        complaint = strerror(errno);
        return false;
    }
    return receive(fd, end, to, room);
}

static bool ask_connected(int fd)
{
    char answer[1024];
    if (!request(fd, "/", GREETING, answer, sizeof(answer))) {
        return false;
    }
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0) {
        complaint = "not status 200";
        return false;
    }
    if (!request(fd, "/metrics", "\nhttp_sent_bytes_total ", answer, sizeof(answer))) {
        return false;
    }
    if (strstr(answer, "\nhttp_requests_total 2\n") == NULL) {
        complaint = "somebody else was answered by this guest";
        return false;
    }
    return true;
}

static bool ask(uint32_t ip)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(ip)};
    const struct timeval limit = {.tv_sec = LIMIT_S};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool good = false;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        complaint = strerror(errno);
    } else {
        good = ask_connected(fd);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!good) {
        printf("visitor: %s: %s\n", inet_ntoa(to.sin_addr), complaint);
    }
    return good;
}

/* Asks `samples` different ones of `count` guests (selection sampling: Knuth, TAOCP 3.4.2, S). */
static uint32_t visit(uint32_t first, uint32_t count, uint32_t samples)
{
    uint32_t good = 0, chosen = 0;
    for (uint32_t i = 0; i < count && chosen < samples; i++) {
        if ((uint32_t)rand() % (count - i) < samples - chosen) {
            chosen++;
            good += ask(first + i);
        }
    }
    return good;
}

int main(int argc, char **argv)
{
    struct in_addr first;
    if (argc != 5 || inet_aton(argv[1], &first) == 0) {
        fprintf(stderr, "Usage: visitor FIRST COUNT SAMPLES SEED\n");
        return 2;
    }
    const uint32_t samples = (uint32_t)strtoul(argv[3], NULL, 10);
    srand((unsigned int)strtoul(argv[4], NULL, 10));
    const uint32_t good = visit(ntohl(first.s_addr), (uint32_t)strtoul(argv[2], NULL, 10), samples);
    printf("visitor: %u of %u guests answered\n", (unsigned int)good, (unsigned int)samples);
    return good == samples ? 0 : 1;
}

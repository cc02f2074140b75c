/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netpeer - both sides of guest-to-guest traffic, over IPv4 and IPv6.
 *
 *   netpeer server           echoes TCP and UDP on port 5000, dual stack, one client at a time
 *   netpeer sink             takes TCP on port 5000 to its end, then answers with the CRC-32 of all
 *   netpeer client ADDRESS   sends patterns by both and compares what comes back; status 0 when
 * good
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT "5000"
#define BULK_BYTES (256u << 10)
#define DATAGRAMS 50

static int fail(const char *what)
{
    printf("netpeer: %s: %s\n", what, strerror(errno));
    return 1;
}

static int open_socket(int type, const char *address, struct addrinfo **found)
{
    const struct addrinfo hints = {.ai_family = address == NULL ? AF_INET6 : AF_UNSPEC,
                                   .ai_socktype = type,
                                   .ai_flags = address == NULL ? AI_PASSIVE : AI_NUMERICHOST};
    const int error = getaddrinfo(address, PORT, &hints, found);
    if (error != 0) {
        printf("netpeer: getaddrinfo: %d\n", error);
        return -1;
    }
    return socket((*found)->ai_family, type, 0);
}

/* ---- server ---------------------------------------------------------------------------------- */

static void echo_stream(int fd)
{
    static char data[8192];
    ssize_t got;
    while ((got = recv(fd, data, sizeof(data), 0)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const ssize_t sent = send(fd, data + at, (size_t)(got - at), 0);
            if (sent <= 0) {
                return;
            }
            at += sent;
        }
    }
}

static void echo_datagram(int fd)
{
    static char data[4096];
    struct sockaddr_storage from;
    socklen_t from_bytes = sizeof(from);
    const ssize_t got = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_bytes);
    if (got >= 0) {
        sendto(fd, data, (size_t)got, 0, (struct sockaddr *)&from, from_bytes);
    }
}

/* The CRC of ISO 3309, as zlib has it. */
static uint32_t crc32_more(uint32_t crc, const unsigned char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    return crc;
}

static void sink_stream(int fd)
{
    static unsigned char data[65536];
    uint32_t crc = UINT32_MAX;
    char text[16];
    ssize_t got;

    while ((got = recv(fd, data, sizeof(data), 0)) > 0) {
        crc = crc32_more(crc, data, (size_t)got);
    }
    const int bytes = snprintf(text, sizeof(text), "%08x\n", (unsigned int)~crc);
    send(fd, text, (size_t)bytes, 0);
}

static int server(void (*serve)(int fd))
{
    struct addrinfo *a;
    const int tcp = open_socket(SOCK_STREAM, NULL, &a);
    if (tcp < 0 || bind(tcp, a->ai_addr, a->ai_addrlen) != 0 || listen(tcp, 8) != 0) {
        return fail("TCP");
    }
    const int udp = open_socket(SOCK_DGRAM, NULL, &a);
    if (udp < 0 || bind(udp, a->ai_addr, a->ai_addrlen) != 0) {
        return fail("UDP");
    }
    printf("netpeer: serving\n");
    fflush(stdout);
    struct pollfd fds[2] = {{.fd = tcp, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            return fail("poll");
        }
        if (fds[0].revents != 0) {
            const int client = accept(tcp, NULL, NULL);
            serve(client);
            close(client);
        }
        if (fds[1].revents != 0) {
            echo_datagram(udp);
        }
    }
}

/* ---- client ---------------------------------------------------------------------------------- */

static int stream_test(const char *address)
{
    static unsigned char out[BULK_BYTES], in[BULK_BYTES];
    struct addrinfo *a;
    size_t sent = 0, received = 0;
    const int fd = open_socket(SOCK_STREAM, address, &a);
    if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        return fail("connect");
    }
    for (size_t i = 0; i < BULK_BYTES; i++) {
        out[i] = (unsigned char)(i * 31 + (i >> 8));
    }
    while (received < BULK_BYTES) {
        struct pollfd p = {.fd = fd, .events = POLLIN | (sent < BULK_BYTES ? POLLOUT : 0)};
        if (poll(&p, 1, 10000) != 1) {
            return fail("no progress");
        }
        if ((p.revents & POLLOUT) != 0) {
            const size_t piece = BULK_BYTES - sent < 4096 ? BULK_BYTES - sent : 4096;
            const ssize_t n = send(fd, out + sent, piece, MSG_DONTWAIT);
            sent += n > 0 ? (size_t)n : 0;
        }
        if ((p.revents & POLLIN) != 0) {
            const ssize_t n = recv(fd, in + received, BULK_BYTES - received, 0);
            if (n <= 0) {
                return fail("recv");
            }
            received += (size_t)n;
        }
    }
    close(fd);
    if (memcmp(out, in, BULK_BYTES) != 0) {
        printf("netpeer: TCP data differ\n");
        return 1;
    }
    printf("netpeer: TCP good\n");
    return 0;
}

static bool datagram_comes_back(int fd, unsigned int number)
{
    unsigned char out[1200], in[2000];
    for (size_t i = 0; i < sizeof(out); i++) {
        out[i] = (unsigned char)(number + i);
    }
    for (int tries = 0; tries < 3; tries++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        send(fd, out, sizeof(out), 0);
        if (poll(&p, 1, 1000) == 1 && recv(fd, in, sizeof(in), 0) == (ssize_t)sizeof(out) &&
            memcmp(in, out, sizeof(out)) == 0) {
            return true;
        }
    }
    return false;
}

static int datagram_test(const char *address)
{
    struct addrinfo *a;
    const int fd = open_socket(SOCK_DGRAM, address, &a);
    if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        return fail("UDP connect");
    }
    for (unsigned int i = 0; i < DATAGRAMS; i++) {
        if (!datagram_comes_back(fd, i)) {
            printf("netpeer: datagram %u did not come back\n", i);
            return 1;
        }
    }
    close(fd);
    printf("netpeer: UDP good\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "server") == 0) {
        return server(echo_stream);
    }
    if (argc == 2 && strcmp(argv[1], "sink") == 0) {
        return server(sink_stream);
    }
    if (argc == 3 && strcmp(argv[1], "client") == 0) {
        return stream_test(argv[2]) | datagram_test(argv[2]);
    }
    printf("usage: netpeer server | sink | client ADDRESS\n");
    return 2;
}

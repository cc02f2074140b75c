// SPDX-License-Identifier: Apache-2.0
/*
 * cloned - says that it is ready with connections, datagrams and random numbers under way, and looks at
 * them when it finds itself to be a clone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <mayfly.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 9000

static int calls;

static void on_clone(void *arg)
{
    ++*(int *)arg;
}

static void must(int ok, const char *what)
{
    if (!ok) {
        printf("cloned: FAILED: %s (errno %d)\n", what, errno);
        exit(1);
    }
}

static struct sockaddr_in local(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listener, udp;

/* Two ends of a connection to ourselves. */
static void connect_self(int ends[2])
{
    const struct sockaddr_in to = local(PORT);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(ends[0], (const struct sockaddr *)&to, sizeof(to)) == 0, "connect");
    ends[1] = accept(listener, NULL, NULL);
    must(ends[1] >= 0, "accept");
}

static void send_datagram(void)
{
    const struct sockaddr_in to = local(PORT);
    must(sendto(udp, "datagram", 8, 0, (const struct sockaddr *)&to, sizeof(to)) == 8, "sendto");
}

/* A thread in the middle of sending, or of receiving, learns first how much, then why no more. */
static pthread_t sender, receiver;
static int to_full[2], to_half[2];

static void *send_all(void *arg)
{
    static const char data[65536];
    ssize_t sent = 1;
    while (sent > 0) {
        sent = send(to_full[0], data, sizeof(data), MSG_NOSIGNAL);
    }
    return sent == -1 && errno == ECONNRESET ? arg : NULL;
}

static void *receive_all(void *arg)
{
    char data[10];
    return recv(to_half[1], data, sizeof(data), MSG_WAITALL) == 4 &&
                   recv(to_half[1], data, sizeof(data), 0) == -1 && errno == ECONNRESET
               ? arg
               : NULL;
}

static void begin_transfers(void)
{
    connect_self(to_full);
    connect_self(to_half);
    must(pthread_create(&sender, NULL, send_all, &sender) == 0, "a thread that sends");
    must(pthread_create(&receiver, NULL, receive_all, &receiver) == 0, "a thread that receives");
    must(write(to_half[0], "half", 4) == 4, "write");
    usleep(50000);
}

static void check_transfers(void)
{
    void *result;
    must(pthread_join(sender, &result) == 0 && result != NULL, "send(): how much, ECONNRESET");
    must(pthread_join(receiver, &result) == 0 && result != NULL, "recv(): how much, ECONNRESET");
}

static void check_clone(const int ends[2])
{
    struct pollfd fd = {.fd = ends[1], .events = POLLIN};
    char buffer[16];
    uint64_t random;
    int fresh[2];

    must(calls == 1, "mf_on_clone()");
    check_transfers();
    must(poll(&fd, 1, 0) == 1 &&
             (fd.revents & (POLLERR | POLLHUP | POLLIN)) == (POLLERR | POLLHUP | POLLIN),
         "poll()");
    must(read(ends[1], buffer, sizeof(buffer)) == -1 && errno == ECONNRESET, "read(): ECONNRESET");
    must(read(ends[1], buffer, sizeof(buffer)) == 0, "read(): the end");
    must(send(ends[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == ECONNRESET, "send(): ECONNRESET");
    must(recv(udp, buffer, sizeof(buffer), MSG_DONTWAIT) == -1 && errno == EAGAIN, "no datagram");
    send_datagram();
    must(recv(udp, buffer, sizeof(buffer), 0) == 8, "a new datagram");
    connect_self(fresh);
    must(write(fresh[0], "hello", 5) == 5 && read(fresh[1], buffer, sizeof(buffer)) == 5,
         "a new connection");
    must(close(ends[0]) == 0 && close(ends[1]) == 0 && close(fresh[0]) == 0, "close");
    must(getrandom(&random, sizeof(random), 0) == sizeof(random), "getrandom");
    printf("cloned: all is well, random %016llx\n", (unsigned long long)random);
    fflush(stdout);
}

int main(void)
{
    const struct sockaddr_in own = local(PORT);
    struct pollfd fd = {0};
    char byte;
    int ends[2];

    listener = socket(AF_INET, SOCK_STREAM, 0);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    must(bind(listener, (const struct sockaddr *)&own, sizeof(own)) == 0, "bind");
    must(listen(listener, 5) == 0, "listen");
    must(bind(udp, (const struct sockaddr *)&own, sizeof(own)) == 0, "bind");
    connect_self(ends);
    must(write(ends[0], "unread", 6) == 6, "write");
    send_datagram();
    must(recv(udp, &byte, 1, MSG_PEEK) == 1, "the datagram is there");
    must(recv(ends[1], &byte, 1, MSG_PEEK) == 1, "the bytes are there");
    begin_transfers();
    must(mf_on_clone(on_clone, &calls) == 0, "mf_on_clone");
    mf_ready();
    printf("cloned: waiting\n");
    fflush(stdout);
    fd.fd = ends[1]; /* nothing wanted: wakes for errors only */
    must(poll(&fd, 1, -1) == 1, "poll");
    check_clone(ends);
    for (;;) {
        pause();
    }
}

// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// timeout: 60
/* Stream sockets over the loopback: one guest, client and server in it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof(a);
    return getsockname(fd, (struct sockaddr *)&a, &n) == 0 ? ntohs(a.sin_port) : 0;
}

static int listener(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in a = loopback(port);
    if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 16) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A connected pair over the loopback; pair[0] is the client's end. */
static void connect_pair(int pair[2])
{
    const int l = listener(0);
    const struct sockaddr_in a = loopback(port_of(l));
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(pair[0], (const struct sockaddr *)&a, sizeof(a)) < 0) {
        perror("connect");
    }
    pair[1] = accept(l, NULL, NULL);
    close(l);
}

static void close_pair(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- basics ------------------------------------------------------------------------------- */

static void test_names(void)
{
    struct sockaddr_in a, b;
    socklen_t n = sizeof(a);
    int pair[2], v;
    struct stat st;

    const int l = listener(0);
    const struct sockaddr_in to = loopback(port_of(l));
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    tap_equal(getpeername(pair[0], (struct sockaddr *)&a, &n), -1, "no peer before connect");
    tap_equal(errno, ENOTCONN, "ENOTCONN");
    tap_equal(connect(pair[0], (const struct sockaddr *)&to, sizeof(to)), 0, "connect");
    n = sizeof(b);
    pair[1] = accept(l, (struct sockaddr *)&b, &n);
    tap_check(pair[1] >= 0, "accept");
    tap_equal(n, sizeof(b), "accept gives the address's length");
    tap_equal(ntohs(b.sin_port), port_of(pair[0]), "accept names the client's port");
    n = sizeof(a);
    getpeername(pair[0], (struct sockaddr *)&a, &n);
    tap_equal(ntohs(a.sin_port), port_of(pair[1]), "the peer is the server's end");
    tap_equal(connect(pair[0], (const struct sockaddr *)&to, sizeof(to)), -1, "no second connect");
    tap_equal(errno, EISCONN, "EISCONN");
    n = sizeof(v);
    getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &n);
    tap_equal(v, 1, "SO_ACCEPTCONN");
    getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &v, &n);
    tap_equal(v, SOCK_STREAM, "SO_TYPE");
    tap_check(fstat(pair[0], &st) == 0 && S_ISSOCK(st.st_mode), "fstat says socket");
    tap_equal(lseek(pair[0], 0, SEEK_SET), -1, "a socket has no position");
    tap_equal(errno, ESPIPE, "ESPIPE");
    close_pair(pair);
    close(l);
}

static void test_bytes(void)
{
    int pair[2], n;
    char b[64];

    connect_pair(pair);
    tap_equal(write(pair[0], "hello", 5), 5, "write");
    tap_equal(recv(pair[1], b, 2, MSG_PEEK), 2, "peek");
    tap_check(ioctl(pair[1], FIONREAD, &n) == 0 && n == 5, "FIONREAD counts");
    tap_equal(recv(pair[1], b, 2, 0), 2, "a part is read");
    tap_check(memcmp(b, "he", 2) == 0, "it is the first part");
    struct iovec v[2] = {{b, 1}, {b + 1, sizeof(b) - 1}};
    tap_equal(readv(pair[1], v, 2), 3, "readv gets the rest");
    tap_check(memcmp(b, "llo", 3) == 0, "in order");
    tap_equal(recv(pair[1], b, sizeof(b), MSG_DONTWAIT), -1, "MSG_DONTWAIT does not wait");
    tap_equal(errno, EAGAIN, "EAGAIN");
    v[0] = (struct iovec){(void *)(uintptr_t) "abc", 3};
    v[1] = (struct iovec){(void *)(uintptr_t) "defg", 4};
    tap_equal(writev(pair[1], v, 2), 7, "writev");
    tap_equal(recv(pair[0], b, 7, MSG_WAITALL), 7, "MSG_WAITALL");
    tap_check(memcmp(b, "abcdefg", 7) == 0, "both vectors arrive");
    tap_equal(read(pair[0], b, 0), 0, "nothing is asked for, nothing is got");
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
    tap_equal(sendmsg(pair[0], &m, 0), 7, "sendmsg");
    v[0] = (struct iovec){b, 3};
    v[1] = (struct iovec){b + 3, 10};
    tap_equal(recvmsg(pair[1], &m, 0), 7, "recvmsg");
    tap_check(memcmp(b, "abcdefg", 7) == 0, "the message is whole");
    close_pair(pair);
}

static void *late_writer(void *arg)
{
    const int fd = *(int *)arg;
    usleep(20000);
    write(fd, "12", 2);
    usleep(20000);
    write(fd, "34", 2);
    return NULL;
}

static void test_waitall(void)
{
    int pair[2];
    char b[4];
    pthread_t t;

    connect_pair(pair);
    pthread_create(&t, NULL, late_writer, &pair[0]);
    tap_equal(recv(pair[1], b, 4, MSG_WAITALL), 4, "MSG_WAITALL waits for all");
    tap_check(memcmp(b, "1234", 4) == 0, "what came in two pieces");
    pthread_join(t, NULL);
    close_pair(pair);
}

/* ---- the end ------------------------------------------------------------------------------ */

static volatile sig_atomic_t pipe_signals;

static void on_pipe(int signal)
{
    (void)signal;
    pipe_signals++;
}

static void test_shutdown(void)
{
    int pair[2];
    char b[8];

    connect_pair(pair);
    write(pair[0], "x", 1);
    tap_equal(shutdown(pair[0], SHUT_WR), 0, "shutdown");
    tap_equal(read(pair[1], b, sizeof(b)), 1, "what was sent before arrives");
    tap_equal(read(pair[1], b, sizeof(b)), 0, "then the end");
    tap_equal(read(pair[1], b, sizeof(b)), 0, "again");
    tap_equal(write(pair[1], "yz", 2), 2, "the other direction works");
    tap_equal(read(pair[0], b, sizeof(b)), 2, "and is read");
    signal(SIGPIPE, on_pipe);
    tap_equal(write(pair[0], "x", 1), -1, "no write after shutdown");
    tap_equal(errno, EPIPE, "EPIPE");
    tap_equal(pipe_signals, 1, "SIGPIPE");
    tap_equal(send(pair[0], "x", 1, MSG_NOSIGNAL), -1, "send fails, too");
    tap_equal(pipe_signals, 1, "MSG_NOSIGNAL");
    tap_equal(shutdown(pair[1], SHUT_WR), 0, "the other end shuts down");
    tap_equal(read(pair[0], b, sizeof(b)), 0, "both have ended");
    tap_equal(shutdown(pair[0], 7), -1, "a wrong `how`");
    tap_equal(errno, EINVAL, "EINVAL");
    close_pair(pair);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    tap_equal(shutdown(s, SHUT_RDWR), -1, "shutdown of what is not connected");
    tap_equal(errno, ENOTCONN, "ENOTCONN");
    close(s);
    connect_pair(pair);
    shutdown(pair[0], SHUT_RD);
    tap_equal(read(pair[0], b, sizeof(b)), 0, "nothing is read after SHUT_RD");
    close_pair(pair);
}

static void test_reset(void)
{
    int pair[2], v;
    char b[8];
    socklen_t n = sizeof(v);
    const struct linger hard = {.l_onoff = 1};

    connect_pair(pair);
    setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(pair[1]);
    tap_equal(read(pair[0], b, sizeof(b)), -1, "a reset fails the read");
    tap_equal(errno, ECONNRESET, "ECONNRESET");
    tap_equal(read(pair[0], b, sizeof(b)), 0, "once; then it is the end");
    tap_equal(send(pair[0], "x", 1, MSG_NOSIGNAL), -1, "a write fails");
    tap_equal(errno, EPIPE, "EPIPE");
    close(pair[0]);

    connect_pair(pair);
    write(pair[0], "unread", 6);
    usleep(1000);
    close(pair[1]);
    struct pollfd p = {.fd = pair[0], .events = POLLIN};
    tap_equal(poll(&p, 1, 1000), 1, "closing with unread data is seen");
    tap_check((p.revents & POLLERR) != 0, "as an error");
    getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &v, &n);
    tap_equal(v, ECONNRESET, "SO_ERROR says which");
    getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &v, &n);
    tap_equal(v, 0, "once");
    close(pair[0]);
}

static void test_linger(void)
{
    int pair[2], v;
    char b[8];
    const struct linger wait = {.l_onoff = 1, .l_linger = 5};
    const uint64_t start = now_ms();

    connect_pair(pair);
    setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
    write(pair[0], "last", 4);
    close(pair[0]);
    tap_check(now_ms() - start < 2000, "SO_LINGER ends when all is confirmed");
    tap_check(ioctl(pair[1], FIONREAD, &v) == 0 && v == 4, "the peer has it then");
    tap_equal(read(pair[1], b, sizeof(b)), 4, "and reads it");
    tap_equal(read(pair[1], b, sizeof(b)), 0, "then the end");
    close(pair[1]);
}

static void test_refused(void)
{
    const int l = listener(0);
    struct sockaddr_in a = loopback(port_of(l));
    close(l);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    tap_equal(connect(s, (struct sockaddr *)&a, sizeof(a)), -1, "nobody listens");
    tap_equal(errno, ECONNREFUSED, "ECONNREFUSED");
    const int l2 = listener(ntohs(a.sin_port));
    tap_check(l2 >= 0, "the port can be used again");
    tap_equal(connect(s, (struct sockaddr *)&a, sizeof(a)), 0, "the same socket connects later");
    close(s);
    close(l2);
}

/* ---- not blocking --------------------------------------------------------------------------- */

static void test_nonblocking(void)
{
    const int l = listener(0);
    const struct sockaddr_in a = loopback(port_of(l));
    int v;
    socklen_t n = sizeof(v);

    fcntl(l, F_SETFL, O_NONBLOCK);
    tap_equal(accept(l, NULL, NULL), -1, "accept does not wait");
    tap_equal(errno, EAGAIN, "EAGAIN");
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    tap_check((fcntl(s, F_GETFL) & O_NONBLOCK) != 0, "SOCK_NONBLOCK");
    tap_equal(connect(s, (const struct sockaddr *)&a, sizeof(a)), -1, "connect does not wait");
    tap_equal(errno, EINPROGRESS, "EINPROGRESS");
    tap_equal(connect(s, (const struct sockaddr *)&a, sizeof(a)), -1, "a second call");
    tap_check(errno == EALREADY || errno == EISCONN, "EALREADY or EISCONN");
    struct pollfd p[2] = {{.fd = s, .events = POLLOUT}, {.fd = l, .events = POLLIN}};
    tap_check(poll(p, 2, 1000) > 0, "poll wakes");
    while (p[0].revents == 0 || p[1].revents == 0) {
        poll(p, 2, 1000);
    }
    getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &n);
    tap_equal(v, 0, "it is connected");
    const int c = accept4(l, NULL, NULL, SOCK_NONBLOCK);
    tap_check(c >= 0 && (fcntl(c, F_GETFL) & O_NONBLOCK) != 0, "accept4");
    char block[16384];
    memset(block, 'a', sizeof(block));
    size_t sent = 0, got = 0;
    for (ssize_t r; (r = write(s, block, sizeof(block))) > 0; sent += (size_t)r) {
    }
    tap_equal(errno, EAGAIN, "a full buffer is EAGAIN");
    tap_check(sent >= 65536, "much was taken before: %zu", sent);
    p[0] = (struct pollfd){.fd = s, .events = POLLOUT};
    while (poll(p, 1, 20) == 1) { /* some was on its way and has given room */
        const ssize_t r = write(s, block, sizeof(block));
        sent += r > 0 ? (size_t)r : 0;
    }
    tap_equal(p[0].revents, 0, "not writable in the end");
    while (got < sent) {
        const ssize_t r = read(c, block, sizeof(block));
        if (r > 0) {
            got += (size_t)r;
        } else {
            struct pollfd wait = {.fd = c, .events = POLLIN};
            poll(&wait, 1, 1000);
        }
    }
    tap_equal(got, sent, "all arrives");
    tap_equal(poll(p, 1, 1000), 1, "writable again");
    tap_equal(p[0].revents, POLLOUT, "POLLOUT alone");
    close(s);
    struct pollfd hup = {.fd = c, .events = POLLIN | POLLRDHUP};
    tap_equal(poll(&hup, 1, 1000), 1, "the peer's close is seen");
    tap_check((hup.revents & (POLLIN | POLLRDHUP)) == (POLLIN | POLLRDHUP), "POLLIN and POLLRDHUP");
    close(c);
    close(l);
}

static void test_timeouts(void)
{
    int pair[2];
    char b[8];
    const struct timeval t = {.tv_usec = 50000};
    struct timeval back;
    socklen_t n = sizeof(back);

    connect_pair(pair);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &back, &n);
    tap_check(back.tv_sec == 0 && back.tv_usec == 50000, "SO_RCVTIMEO is kept");
    const uint64_t start = now_ms();
    tap_equal(read(pair[0], b, sizeof(b)), -1, "SO_RCVTIMEO ends the read");
    tap_equal(errno, EAGAIN, "EAGAIN");
    const uint64_t took = now_ms() - start;
    tap_check(took >= 49 && took < 1000, "after its time: %u ms", (unsigned)took);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
    static char block[1 << 20];
    const ssize_t first = write(pair[0], block, sizeof(block));
    tap_check(first > 0 && first < (ssize_t)sizeof(block), "SO_SNDTIMEO: a part is taken");
    while (write(pair[0], block, sizeof(block)) > 0) {
    }
    tap_equal(errno, EAGAIN, "then EAGAIN");
    close_pair(pair);
}

/* ---- errors of the calls -------------------------------------------------------------------- */

static void test_errors(void)
{
    int v = 0;
    socklen_t n = sizeof(v);
    char b[4];
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = loopback(0);

    tap_equal(socket(99, SOCK_STREAM, 0), -1, "no such family");
    tap_equal(errno, EAFNOSUPPORT, "EAFNOSUPPORT");
    tap_equal(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), -1, "a protocol of another type");
    tap_equal(errno, EPROTONOSUPPORT, "EPROTONOSUPPORT");
    tap_equal(listen(1, 1), -1, "listen on the console");
    tap_equal(errno, ENOTSOCK, "ENOTSOCK");
    tap_equal(listen(99, 1), -1, "listen on nothing");
    tap_equal(errno, EBADF, "EBADF");
    tap_equal(accept(s, NULL, NULL), -1, "accept without listen");
    tap_equal(errno, EINVAL, "EINVAL");
    tap_equal(recv(s, b, sizeof(b), 0), -1, "recv without connect");
    tap_equal(errno, ENOTCONN, "ENOTCONN");
    a.sin_addr.s_addr = inet_addr("192.0.2.1");
    tap_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), -1, "an address that is not ours");
    tap_equal(errno, EADDRNOTAVAIL, "EADDRNOTAVAIL");
    tap_equal(bind(s, (struct sockaddr *)&a, 4), -1, "a short address");
    tap_equal(errno, EINVAL, "EINVAL");
    const int l = listener(0);
    tap_equal(listener(port_of(l)), -1, "a port that is in use");
    tap_equal(errno, EADDRINUSE, "EADDRINUSE");
    tap_equal(setsockopt(s, SOL_SOCKET, 12345, &v, n), -1, "no such option");
    tap_equal(errno, ENOPROTOOPT, "ENOPROTOOPT");
    tap_equal(setsockopt(s, SOL_SOCKET, SO_TYPE, &v, n), -1, "SO_TYPE cannot be set");
    tap_equal(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, 1), -1, "a short value");
    tap_equal(errno, EINVAL, "EINVAL");
    v = 1;
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, n);
    v = 0;
    getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, &n);
    tap_equal(v, 1, "TCP_NODELAY is kept");
    close(l);
    close(s);
}

/* ---- much --------------------------------------------------------------------------------- */

#define BULK_BYTES (8u << 20)

static void *bulk_sender(void *arg)
{
    const int fd = *(int *)arg;
    static uint8_t block[60000];
    uint32_t count = 0;

    while (count < BULK_BYTES) {
        size_t n = sizeof(block) - count % 777;
        n = n < BULK_BYTES - count ? n : BULK_BYTES - count;
        for (size_t i = 0; i < n; i++) {
            block[i] = (uint8_t)((count + i) * 7 >> 3);
        }
        const ssize_t r = write(fd, block, n);
        if (r != (ssize_t)n) {
            break;
        }
        count += (uint32_t)n;
    }
    shutdown(fd, SHUT_WR);
    return NULL;
}

static void test_bulk(void)
{
    int pair[2];
    pthread_t t;
    static uint8_t block[50000];
    uint32_t count = 0;
    bool good = true;

    connect_pair(pair);
    pthread_create(&t, NULL, bulk_sender, &pair[0]);
    for (ssize_t r; (r = read(pair[1], block, sizeof(block) - count % 999)) > 0;) {
        for (ssize_t i = 0; i < r; i++, count++) {
            good &= block[i] == (uint8_t)(count * 7 >> 3);
        }
    }
    pthread_join(t, NULL);
    tap_equal(count, BULK_BYTES, "8 MiB arrive");
    tap_check(good, "and are what was sent");
    close_pair(pair);
}

#define CLIENTS 50

static void *echo_client(void *arg)
{
    const struct sockaddr_in a = loopback((uint16_t)(uintptr_t)arg);
    char b[32];
    uintptr_t good = 0;

    for (int round = 0; round < 4; round++) {
        const int s = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(s, (const struct sockaddr *)&a, sizeof(a)) == 0) {
            for (int i = 0; i < 10; i++) {
                write(s, "ping", 4);
                good += recv(s, b, 4, MSG_WAITALL) == 4 && memcmp(b, "ping", 4) == 0;
            }
        }
        close(s);
    }
    return (void *)good;
}

static void *echo_worker(void *arg)
{
    const int fd = (int)(intptr_t)arg;
    char b[64];
    for (ssize_t r; (r = read(fd, b, sizeof(b))) > 0;) {
        write(fd, b, (size_t)r);
    }
    close(fd);
    return NULL;
}

static void *echo_server(void *arg)
{
    const int l = *(int *)arg;
    for (int i = 0; i < CLIENTS * 4; i++) {
        pthread_t t;
        const int c = accept(l, NULL, NULL);
        if (c < 0 || pthread_create(&t, NULL, echo_worker, (void *)(intptr_t)c) != 0) {
            break;
        }
        pthread_detach(t);
    }
    return NULL;
}

static void test_many(void)
{
    int l = listener(0);
    pthread_t server, client[CLIENTS];
    uintptr_t good = 0;

    pthread_create(&server, NULL, echo_server, &l);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_create(&client[i], NULL, echo_client, (void *)(uintptr_t)port_of(l));
    }
    for (int i = 0; i < CLIENTS; i++) {
        void *n;
        pthread_join(client[i], &n);
        good += (uintptr_t)n;
    }
    tap_equal(good, CLIENTS * 4 * 10, "50 clients at a time, 200 connections, 2000 echoes");
    pthread_join(server, NULL);
    close(l);
}

#define SHORT_ONES 3000

static void *short_server(void *arg)
{
    const int l = *(int *)arg;
    for (int i = 0; i < SHORT_ONES; i++) {
        const int c = accept(l, NULL, NULL);
        write(c, "x", 1);
        close(c);
    }
    return NULL;
}

/* Each leaves a connection in TIME-WAIT at the server, which closes first. */
static void test_short_connections(void)
{
    int l = listener(0), good = 0;
    const struct sockaddr_in a = loopback(port_of(l));
    pthread_t server;

    pthread_create(&server, NULL, short_server, &l);
    for (int i = 0; i < SHORT_ONES; i++) {
        char b[4];
        const int s = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(s, (const struct sockaddr *)&a, sizeof(a)) == 0 && read(s, b, sizeof(b)) == 1 &&
            read(s, b, sizeof(b)) == 0) {
            good++;
        }
        close(s);
    }
    tap_equal(good, SHORT_ONES, "3000 connections one after the other");
    pthread_join(server, NULL);
    close(l);
}

static void *wait_for_client(void *arg)
{
    return (void *)(intptr_t)(accept(*(int *)arg, NULL, NULL) < 0 ? errno : 0);
}

/* Linux's way to end threads that wait for connections; a client that waits is turned away. */
static void test_shutdown_of_listener(void)
{
    int l = listener(0);
    const struct sockaddr_in a = loopback(port_of(l));
    struct pollfd p = {.fd = l, .events = POLLIN};
    pthread_t server;
    void *error = NULL;
    char b[1];

    pthread_create(&server, NULL, wait_for_client, &l);
    usleep(10000);
    tap_equal(shutdown(l, SHUT_RDWR), 0, "a listening socket can be shut down");
    pthread_join(server, &error);
    tap_equal((intptr_t)error, EINVAL, "accept() in another thread ends with EINVAL then");
    tap_check(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0, "poll() tells of it");
    tap_check(accept(l, NULL, NULL) < 0 && errno == EINVAL, "nothing is accepted any more");
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    tap_check(connect(s, (const struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED,
              "and clients are refused");
    close(s);
    close(l);

    l = listener(0);
    const struct sockaddr_in other = loopback(port_of(l));
    const int waiting = socket(AF_INET, SOCK_STREAM, 0);
    tap_equal(connect(waiting, (const struct sockaddr *)&other, sizeof(other)), 0, "one waits");
    tap_equal(shutdown(l, SHUT_RD), 0, "shut down before it is accepted");
    tap_check(read(waiting, b, 1) <= 0, "it is told");
    close(waiting);
    close(l);
}

int main(void)
{
    test_names();
    test_shutdown_of_listener();
    test_bytes();
    test_waitall();
    test_shutdown();
    test_reset();
    test_linger();
    test_refused();
    test_nonblocking();
    test_timeouts();
    test_errors();
    test_bulk();
    test_many();
    test_short_connections();
    return tap_done();
}

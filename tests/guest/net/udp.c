// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// timeout: 60
/* Datagram sockets, IPv6, and both families on one socket, over the loopback. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tap.h"

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static union address loopback(int family, uint16_t port)
{
    union address a = {0};
    a.any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        a.in.sin_port = htons(port);
        a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        a.in6.sin6_port = htons(port);
        a.in6.sin6_addr = in6addr_loopback;
    }
    return a;
}

static uint16_t port_of(int fd)
{
    union address a;
    socklen_t n = sizeof(a);
    getsockname(fd, &a.any, &n);
    return ntohs(a.in.sin_port); /* at the same place in both */
}

/* A bound datagram socket. */
static int bound(int family)
{
    const int fd = socket(family, SOCK_DGRAM, 0);
    union address a = loopback(family, 0);
    return bind(fd, &a.any, sizeof(a)) == 0 ? fd : -1;
}

static void test_datagrams(int family, const char *name)
{
    const int s = bound(family), c = socket(family, SOCK_DGRAM, 0);
    union address to = loopback(family, port_of(s)), from;
    socklen_t n = sizeof(from);
    char b[64];
    int count;

    printf("# %s\n", name);
    tap_equal(send(c, "x", 1, 0), -1, "no send without a destination");
    tap_equal(errno, EDESTADDRREQ, "EDESTADDRREQ");
    tap_equal(sendto(c, "one", 3, 0, &to.any, sizeof(to)), 3, "sendto");
    tap_equal(sendto(c, "", 0, 0, &to.any, sizeof(to)), 0, "an empty datagram");
    tap_equal(sendto(c, "three", 5, 0, &to.any, sizeof(to)), 5, "a third");
    tap_equal(recvfrom(s, b, sizeof(b), 0, &from.any, &n), 3, "recvfrom keeps the borders");
    tap_equal(ntohs(from.in.sin_port), port_of(c), "and names the sender");
    tap_equal(recv(s, b, sizeof(b), 0), 0, "the empty one arrives");
    tap_check(ioctl(s, FIONREAD, &count) == 0 && count == 5, "FIONREAD is the next one's length");
    tap_equal(recv(s, b, 2, MSG_PEEK), 2, "peek");
    struct iovec v = {b, 2};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof(from)};
    tap_equal(recvmsg(s, &m, MSG_TRUNC), 5, "MSG_TRUNC gives the whole length");
    tap_check((m.msg_flags & MSG_TRUNC) != 0, "and is set");
    tap_check(memcmp(b, "th", 2) == 0, "the start was copied");
    tap_equal(recv(s, b, sizeof(b), MSG_DONTWAIT), -1, "the rest is lost");
    tap_equal(errno, EAGAIN, "EAGAIN");
    tap_equal(sendto(s, "back", 4, 0, &from.any, n), 4, "an answer to the sender");
    tap_equal(recv(c, b, sizeof(b), 0), 4, "it arrives");
    close(s);
    close(c);
}

static void test_connected(void)
{
    const int s = bound(AF_INET), c = socket(AF_INET, SOCK_DGRAM, 0), other = bound(AF_INET);
    union address to = loopback(AF_INET, port_of(s)), me;
    char b[16];
    socklen_t n = sizeof(me);

    tap_equal(connect(c, &to.any, sizeof(to)), 0, "connect");
    tap_equal(send(c, "hi", 2, 0), 2, "send");
    tap_equal(recv(s, b, sizeof(b), 0), 2, "it arrives");
    getsockname(c, &me.any, &n);
    tap_equal(me.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK), "connect chose our address");
    me = loopback(AF_INET, port_of(c));
    sendto(other, "no", 2, 0, &me.any, sizeof(me));
    sendto(s, "yes", 3, 0, &me.any, sizeof(me));
    tap_equal(recv(c, b, sizeof(b), 0), 3, "only the peer is heard");
    tap_equal(getpeername(c, &me.any, &n), 0, "getpeername");
    me.any.sa_family = AF_UNSPEC;
    tap_equal(connect(c, &me.any, sizeof(me)), 0, "connect to AF_UNSPEC ends it");
    tap_equal(getpeername(c, &me.any, &n), -1, "no peer any more");
    close(c);
    close(s);
    close(other);
}

static void test_limits(void)
{
    const int s = bound(AF_INET), c = socket(AF_INET, SOCK_DGRAM, 0);
    union address to = loopback(AF_INET, port_of(s));
    static uint8_t big[70000], back[70000];
    const struct timeval t = {.tv_usec = 20000};
    int n = 0;

    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (uint8_t)(i * 31 >> 4);
    }
    tap_equal(sendto(c, big, 65508, 0, &to.any, sizeof(to)), -1, "too long");
    tap_equal(errno, EMSGSIZE, "EMSGSIZE");
    tap_equal(sendto(c, big, 65507, 0, &to.any, sizeof(to)), 65507, "the longest");
    tap_equal(recv(s, back, sizeof(back), 0), 65507, "arrives");
    tap_check(memcmp(big, back, 65507) == 0, "as it was sent");
    tap_equal(recv(s, back, sizeof(back), 0), -1, "SO_RCVTIMEO");
    tap_equal(errno, EAGAIN, "EAGAIN");
    for (int i = 0; i < 3000; i++) {
        sendto(c, big, 100, MSG_DONTWAIT, &to.any, sizeof(to));
        if (i % 64 == 0) {
            recv(c, back, 1, MSG_DONTWAIT); /* polls */
        }
    }
    while (recv(s, back, sizeof(back), 0) == 100) {
        n++;
    }
    tap_check(n >= 100 && n < 3000, "SO_RCVBUF bounds what waits: %d", n);
    sendto(c, "after", 5, 0, &to.any, sizeof(to));
    tap_equal(recv(s, back, sizeof(back), 0), 5, "it goes on afterwards");
    struct pollfd p = {.fd = s, .events = POLLIN | POLLOUT};
    tap_equal(poll(&p, 1, 0), 1, "poll");
    tap_equal(p.revents, POLLOUT, "writable, nothing to read");
    sendto(c, "x", 1, 0, &to.any, sizeof(to));
    p.events = POLLIN;
    tap_equal(poll(&p, 1, 1000), 1, "poll sees the datagram");
    close(s);
    close(c);
}

static void test_dual_stack(void)
{
    const int l = socket(AF_INET6, SOCK_STREAM, 0);
    union address a = {.in6 = {.sin6_family = AF_INET6}}, peer;
    socklen_t n = sizeof(peer);
    char text[INET6_ADDRSTRLEN];
    int on = 1;

    tap_equal(bind(l, &a.any, sizeof(a)), 0, "bind to ::");
    tap_equal(listen(l, 5), 0, "listen");
    for (int i = 0; i < 2; i++) {
        const int family = i == 0 ? AF_INET : AF_INET6;
        const int c = socket(family, SOCK_STREAM, 0);
        union address to = loopback(family, port_of(l));
        tap_equal(connect(c, &to.any, sizeof(to)), 0, i == 0 ? "by IPv4" : "by IPv6");
        n = sizeof(peer);
        const int s = accept(l, &peer.any, &n);
        tap_equal(peer.any.sa_family, AF_INET6, "accept gives an IPv6 address");
        inet_ntop(AF_INET6, &peer.in6.sin6_addr, text, sizeof(text));
        tap_check(strcmp(text, i == 0 ? "::ffff:127.0.0.1" : "::1") == 0, "it is %s", text);
        write(c, "abc", 3);
        tap_equal(read(s, text, sizeof(text)), 3, "bytes arrive");
        close(s);
        close(c);
    }
    const int c = socket(AF_INET6, SOCK_STREAM, 0);
    union address mapped = loopback(AF_INET6, port_of(l));
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.in6.sin6_addr);
    tap_equal(connect(c, &mapped.any, sizeof(mapped)), 0, "connect to a mapped address");
    close(c);
    close(l);
    const int only = socket(AF_INET6, SOCK_STREAM, 0);
    tap_equal(setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0, "IPV6_V6ONLY");
    a.in6.sin6_port = 0;
    bind(only, &a.any, sizeof(a));
    listen(only, 5);
    const int c4 = socket(AF_INET, SOCK_STREAM, 0);
    union address to = loopback(AF_INET, port_of(only));
    tap_equal(connect(c4, &to.any, sizeof(to)), -1, "then not by IPv4");
    tap_equal(errno, ECONNREFUSED, "ECONNREFUSED");
    tap_equal(setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), -1, "not after bind");
    close(c4);
    close(only);
}

static void test_no_route(void)
{
    const int c = socket(AF_INET, SOCK_STREAM, 0);
    union address to = loopback(AF_INET, 9);
    to.in.sin_addr.s_addr = inet_addr("255.255.255.255");
    const int u = socket(AF_INET, SOCK_DGRAM, 0);
    tap_equal(sendto(u, "x", 1, 0, &to.any, sizeof(to)), -1, "broadcast needs SO_BROADCAST");
    tap_equal(errno, EACCES, "EACCES");
    to.any.sa_family = AF_INET6;
    tap_equal(connect(c, &to.any, sizeof(to)), -1, "an address of another family");
    tap_equal(errno, EAFNOSUPPORT, "EAFNOSUPPORT");
    close(c);
    close(u);
}

/* Only who has connected can be told: others may have sent to many. */
static void test_refused(void)
{
    const struct sockaddr_in nobody = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int s = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
    struct pollfd p = {.fd = s, .events = POLLIN};
    char b[4];

    connect(s, (const struct sockaddr *)&nobody, sizeof(nobody));
    tap_equal(send(s, "x", 1, 0), 1, "a datagram to where nobody is can be sent");
    tap_check(poll(&p, 1, 1000) == 1 && (p.revents & POLLERR) != 0, "poll tells of the refusal");
    tap_check(recv(s, b, sizeof(b), 0) < 0 && errno == ECONNREFUSED, "so does recv, once");
    tap_check(recv(s, b, sizeof(b), MSG_DONTWAIT) < 0 && errno == EAGAIN, "then it is as before");
    tap_check(send(s, "x", 1, 0) == 1 && poll(&p, 1, 1000) == 1 && send(s, "x", 1, 0) < 0 &&
                  errno == ECONNREFUSED,
              "the next send tells of it, too");
    sendto(other, "x", 1, 0, (const struct sockaddr *)&nobody, sizeof(nobody));
    tap_check(recv(other, b, sizeof(b), MSG_DONTWAIT) < 0 && errno == EAGAIN,
              "a socket that is not connected hears nothing");
    close(s);
    close(other);
}

int main(void)
{
    test_refused();
    test_datagrams(AF_INET, "IPv4");
    test_datagrams(AF_INET6, "IPv6");
    test_connected();
    test_limits();
    test_dual_stack();
    test_no_route();
    return tap_done();
}

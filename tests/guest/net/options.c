// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// timeout: 60
/* Options of Internet sockets, control messages, interfaces by ioctl(), sendfile(), names. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tap.h"

#define FAILS(call, error) ((call) == -1 && errno == (error))

static int get(int fd, int level, int option)
{
    int v = -1;
    socklen_t n = sizeof(v);
    return getsockopt(fd, level, option, &v, &n) == 0 ? v : -1;
}

static bool round_trip(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0 &&
           get(fd, level, option) == value;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in6 a;
    socklen_t n = sizeof(a);
    getsockname(fd, (struct sockaddr *)&a, &n);
    return ntohs(a.sin6_port);
}

/* A connection to ourselves: fds[0] connected, fds[1] accepted. */
static void connection(int fds[2])
{
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = loopback(0);
    bind(s, (struct sockaddr *)&a, sizeof(a));
    listen(s, 1);
    a = loopback(port_of(s));
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    connect(fds[0], (struct sockaddr *)&a, sizeof(a));
    fds[1] = accept(s, NULL, NULL);
    close(s);
}

static void test_options(void)
{
    static const struct {
        int level, option, value;
        const char *name;
    } row[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"},
        {SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"},
        {SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"},
        {SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST"},
        {SOL_SOCKET, SO_OOBINLINE, 1, "SO_OOBINLINE"},
        {SOL_SOCKET, SO_SNDBUF, 65536, "SO_SNDBUF"},
        {SOL_SOCKET, SO_RCVBUF, 65536, "SO_RCVBUF"},
        {SOL_SOCKET, SO_RCVLOWAT, 1, "SO_RCVLOWAT"},
        {SOL_SOCKET, SO_DONTROUTE, 0, "SO_DONTROUTE"},
        {IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"},
        {IPPROTO_TCP, TCP_CORK, 1, "TCP_CORK"},
        {IPPROTO_TCP, TCP_KEEPIDLE, 30, "TCP_KEEPIDLE"},
        {IPPROTO_TCP, TCP_KEEPINTVL, 5, "TCP_KEEPINTVL"},
        {IPPROTO_TCP, TCP_KEEPCNT, 3, "TCP_KEEPCNT"},
        {IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, "TCP_DEFER_ACCEPT"},
        {IPPROTO_IP, IP_TTL, 17, "IP_TTL"},
        {IPPROTO_IP, IP_TOS, 0x10, "IP_TOS"},
        {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"},
    };
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        tap_check(round_trip(s, row[i].level, row[i].option, row[i].value), "%s", row[i].name);
    }
    tap_equal(get(s, SOL_SOCKET, SO_TYPE), SOCK_STREAM, "SO_TYPE");
    tap_equal(get(s, SOL_SOCKET, SO_DOMAIN), AF_INET, "SO_DOMAIN");
    tap_equal(get(s, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP, "SO_PROTOCOL");
    tap_equal(get(s, SOL_SOCKET, SO_ACCEPTCONN), 0, "SO_ACCEPTCONN");
    struct linger l = {1, 3};
    socklen_t n = sizeof(l);
    tap_check(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, n) == 0 &&
                  getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n) == 0 && l.l_linger == 3,
              "SO_LINGER");
    struct timeval tv = {2, 500000};
    n = sizeof(tv);
    tap_check(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, n) == 0 &&
                  getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &n) == 0 && tv.tv_usec == 500000,
              "SO_RCVTIMEO");
    tv.tv_usec = 1000000;
    tap_check(FAILS(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, n), EDOM), "a wrong time: EDOM");
    const struct ip_mreq group = {.imr_multiaddr.s_addr = htonl(0xe0000001)};
    tap_check(
        FAILS(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), ENOPROTOOPT),
        "no multicast: ENOPROTOOPT");
    tap_check(FAILS(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &n, 1), EINVAL), "too short: EINVAL");
    tap_check(FAILS(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, NULL, 4), EFAULT), "NULL: EFAULT");
    tap_check(FAILS(setsockopt(s, SOL_SOCKET, SO_ERROR, &n, 4), ENOPROTOOPT),
              "SO_ERROR is not set");
    close(s);
    tap_check(FAILS(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPROTONOSUPPORT), "no raw sockets");
    tap_check(FAILS(socket(AF_PACKET, SOCK_DGRAM, 0), EAFNOSUPPORT), "no packet sockets");
    tap_check(FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT),
              "AF_UNIX is not linked without sys/un.h");
}

/* TCP_CORK holds back what is less than a segment; without data from the peer in between. */
static void test_cork(void)
{
    int c[2], on = 1, off = 0;
    char b[64];
    struct pollfd p = {.events = POLLIN};

    connection(c);
    p.fd = c[1];
    setsockopt(c[0], IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
    send(c[0], "head", 4, 0);
    tap_equal(poll(&p, 1, 20), 0, "corked bytes wait");
    send(c[0], "body", 4, 0);
    setsockopt(c[0], IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
    tap_check(poll(&p, 1, 500) == 1 && read(c[1], b, sizeof(b)) == 8, "and leave together");
    setsockopt(c[0], IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
    send(c[0], "late", 4, 0);
    tap_check(poll(&p, 1, 1000) == 1 && read(c[1], b, sizeof(b)) == 4, "or after 0.2 s");
    struct tcp_info info;
    socklen_t n = sizeof(info);
    tap_check(getsockopt(c[0], IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
                  info.tcpi_state == TCP_ESTABLISHED && info.tcpi_snd_mss > 500 &&
                  info.tcpi_snd_cwnd > 0,
              "TCP_INFO");
    tap_equal(sockatmark(c[0]), 0, "sockatmark()");
    tap_check(FAILS(recv(c[0], b, 1, MSG_OOB), EINVAL), "no urgent data: EINVAL");
    tap_check(FAILS(shutdown(c[0], 7), EINVAL), "shutdown() of nothing: EINVAL");
    close(c[0]);
    close(c[1]);
}

union control {
    struct cmsghdr header;
    char space[128];
};

static void test_packet_info(void)
{
    const int on = 1;
    char b[8];
    union control control;
    struct iovec iov = {b, sizeof(b)};
    struct sockaddr_in from;
    struct msghdr m = {.msg_name = &from,
                       .msg_namelen = sizeof(from),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    const int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    struct in_pktinfo info = {0};

    bind(s, (struct sockaddr *)&a, sizeof(a));
    setsockopt(s, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    a = loopback(port_of(s));
    sendto(c, "ping", 4, 0, (struct sockaddr *)&a, sizeof(a));
    tap_check(recvmsg(s, &m, 0) == 4 && m.msg_namelen == sizeof(from), "a datagram");
    struct cmsghdr *const h = CMSG_FIRSTHDR(&m);
    tap_check(h != NULL && h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO &&
                  CMSG_NXTHDR(&m, h) == NULL,
              "comes with IP_PKTINFO");
    memcpy(&info, CMSG_DATA(h), sizeof(info));
    tap_check(info.ipi_ifindex == 1 && info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK),
              "interface and address are right");
    iov.iov_len = 4;
    m.msg_controllen = CMSG_SPACE(sizeof(info));
    tap_check(sendmsg(s, &m, 0) == 4 && recv(c, b, sizeof(b), 0) == 4,
              "the answer leaves from that address");
    info.ipi_spec_dst.s_addr = htonl(0x01020304);
    memcpy(CMSG_DATA(h), &info, sizeof(info));
    tap_check(FAILS(sendmsg(s, &m, 0), EADDRNOTAVAIL), "not from another: EADDRNOTAVAIL");
    h->cmsg_type = 99;
    tap_check(FAILS(sendmsg(s, &m, 0), EINVAL), "unknown control: EINVAL");
    close(s);
    close(c);
}

static void test_packet_info6(void)
{
    const int on = 1;
    char b[8];
    union control control;
    struct iovec iov = {b, sizeof(b)};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = 128};
    const int s = socket(AF_INET6, SOCK_DGRAM, 0), c = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6};
    struct in6_pktinfo info;

    bind(s, (struct sockaddr *)&a, sizeof(a));
    setsockopt(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    a.sin6_addr = in6addr_loopback;
    a.sin6_port = htons(port_of(s));
    sendto(c, "ping", 4, 0, (struct sockaddr *)&a, sizeof(a));
    tap_check(recvmsg(s, &m, 0) == 4 && CMSG_FIRSTHDR(&m) != NULL, "IPv6: a datagram");
    memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(info));
    tap_check(info.ipi6_ifindex == 1 && IN6_IS_ADDR_LOOPBACK(&info.ipi6_addr), "with its address");
    const int d = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a4 = loopback(port_of(s));
    sendto(d, "four", 4, 0, (struct sockaddr *)&a4, sizeof(a4));
    m.msg_controllen = 128;
    tap_check(recvmsg(s, &m, 0) == 4, "IPv4 on the same socket");
    memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(info));
    tap_check(IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr), "its address is a mapped one");
    close(s);
    close(c);
    close(d);
}

static void test_interfaces(void)
{
    const int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq r = {.ifr_name = "lo"}, list[4];
    struct ifconf c = {.ifc_len = sizeof(list), .ifc_req = list};

    tap_check(ioctl(s, SIOCGIFADDR, &r) == 0 &&
                  ((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK),
              "SIOCGIFADDR of lo");
    tap_check(ioctl(s, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_LOOPBACK) != 0, "SIOCGIFFLAGS");
    tap_check(ioctl(s, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == 1, "SIOCGIFINDEX");
    tap_check(ioctl(s, SIOCGIFNAME, &r) == 0 && strcmp(r.ifr_name, "lo") == 0, "SIOCGIFNAME");
    tap_check(ioctl(s, SIOCGIFMTU, &r) == 0 && r.ifr_mtu >= 1500, "SIOCGIFMTU");
    tap_check(ioctl(s, SIOCGIFCONF, &c) == 0 && c.ifc_len >= (int)sizeof(r) &&
                  strcmp(list[0].ifr_name, "lo") == 0,
              "SIOCGIFCONF");
    strcpy(r.ifr_name, "wlan0");
    tap_check(FAILS(ioctl(s, SIOCGIFADDR, &r), ENODEV), "no such interface: ENODEV");
    int n = 1;
    tap_check(ioctl(s, FIONBIO, &n) == 0 && (fcntl(s, F_GETFL) & O_NONBLOCK) != 0, "FIONBIO");
    tap_check(ioctl(s, FIONREAD, &n) == 0 && n == 0, "FIONREAD");
    tap_check(FAILS(ioctl(s, 0x8999, &n), ENOTTY), "an unknown one: ENOTTY");
    close(s);
}

static void test_sendfile(void)
{
    static char data[100000], got[100000];
    int c[2];
    off_t offset = 100;
    const int fd = open("/tmp/data", O_CREAT | O_RDWR, 0600);

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (char)(i * 7 + i / 256);
    }
    write(fd, data, sizeof(data));
    connection(c);
    tap_check(sendfile(c[0], fd, &offset, 50000) == 50000 && offset == 50100, "sendfile() to TCP");
    tap_check(recv(c[1], got, 50000, MSG_WAITALL) == 50000 && memcmp(got, data + 100, 50000) == 0,
              "the bytes arrive");
    tap_equal(lseek(fd, 0, SEEK_CUR), sizeof(data), "the file's own position stays");
    lseek(fd, 99990, SEEK_SET);
    tap_check(sendfile(c[0], fd, NULL, 100) == 10 && sendfile(c[0], fd, NULL, 100) == 0,
              "without an offset: from its position, to the end");
    fcntl(c[0], F_SETFL, O_NONBLOCK);
    offset = 0;
    ssize_t total = 0, r;
    while ((r = sendfile(c[0], fd, &offset, sizeof(data))) > 0) {
        total += r;
        offset = offset == sizeof(data) ? 0 : offset;
    }
    tap_check(r < 0 && errno == EAGAIN && total > 0 && offset == total % (off_t)sizeof(data),
              "a full socket: EAGAIN, the offset says how far it came");
    tap_check(FAILS(sendfile(c[0], c[1], NULL, 1), EINVAL), "not from a socket: EINVAL");
    tap_check(FAILS(sendfile(99, fd, NULL, 1), EBADF), "no such descriptor: EBADF");
    close(c[0]);
    close(c[1]);
    close(fd);
}

static void test_names(void)
{
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM}, *list;
    const struct sockaddr_in a = loopback(80);
    const uint32_t own = htonl(INADDR_LOOPBACK);
    char host[64];

    tap_equal(getaddrinfo("10.1.2.3", NULL, &hints, &list), EAI_ADDRFAMILY,
              "an IPv4 number is no IPv6 address");
    hints.ai_flags = AI_V4MAPPED;
    tap_check(getaddrinfo("10.1.2.3", NULL, &hints, &list) == 0 &&
                  IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr),
              "AI_V4MAPPED maps it");
    freeaddrinfo(list);
    tap_check(getnameinfo((const struct sockaddr *)&a, sizeof(a), host, sizeof(host), NULL, 0,
                          NI_NAMEREQD) == 0 &&
                  strcmp(host, "localhost") == 0,
              "127.0.0.1 is localhost");
    tap_equal(getnameinfo((const struct sockaddr *)&a, sizeof(a), NULL, 0, NULL, 0, 0), EAI_NONAME,
              "a question for nothing: EAI_NONAME");
    const struct hostent *const h = gethostbyaddr(&own, 4, AF_INET);
    tap_check(h != NULL && strcmp(h->h_name, "localhost") == 0, "gethostbyaddr");
    tap_check(gethostbyaddr("\1\2\3\4", 4, AF_INET) == NULL && h_errno == HOST_NOT_FOUND,
              "of an unknown one: HOST_NOT_FOUND");
    tap_check(getprotobyname("tcp")->p_proto == 6 && getprotobynumber(17) != NULL &&
                  strcmp(getprotobynumber(17)->p_name, "udp") == 0 &&
                  getprotobyname("none") == NULL,
              "getprotobyname, getprotobynumber");
    tap_check(inet_network("10.1.2.3") == 0x0a010203 && inet_network("10.1") == 0x0a01 &&
                  inet_network("256.1") == INADDR_NONE && inet_network("1.") == INADDR_NONE,
              "inet_network");
    const struct in_addr made = inet_makeaddr(0x0a, 0x010203);
    tap_check(made.s_addr == htonl(0x0a010203) && inet_netof(made) == 0x0a &&
                  inet_lnaof(made) == 0x010203,
              "inet_makeaddr, inet_netof, inet_lnaof");
}

int main(void)
{
    test_options();
    test_cork();
    test_packet_info();
    test_packet_info6();
    test_interfaces();
    test_sendfile();
    test_names();
    return tap_done();
}

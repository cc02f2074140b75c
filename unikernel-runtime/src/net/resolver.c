/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.c - <resolv.h>: asks the guest's DNS server, or the one that the program put into _res, by UDP, and by TCP
 * where the answer does not fit (RFC 1035, 4.2). Names and messages are taken apart and put together by
 * musl's functions (libc/part.mk).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lwip/dns.h"
#include "net/net.h"

#define DNS_PORT 53
#define HEADER_BYTES 12
#define TRUNCATED 0x02 /* in its third byte */

int __res_send(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes);

struct __res_state *__res_state(void)
{
    static struct __res_state state = {.retrans = RES_TIMEOUT, .retry = RES_DFLRETRY};
    return &state;
}

int res_init(void)
{
    struct __res_state *const r = __res_state();
    mf_net_start();
    const ip_addr_t *const server = dns_getserver(0);
    r->options = RES_INIT | RES_DEFAULT;
    r->ndots = 1;
    r->nscount = 0;
    if (IP_IS_V4(server) && !ip_addr_isany(server)) {
        r->nscount = 1;
        r->nsaddr_list[0] =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
        memcpy(&r->nsaddr_list[0].sin_addr, ip_2_ip4(server), sizeof(struct in_addr));
    }
    return 0;
}

/* Reads exactly so many bytes; what does not fit into `to` is read and dropped. */
static bool read_all(int fd, unsigned char *to, int bytes)
{
    while (bytes > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        const ssize_t n =
            poll(&p, 1, __res_state()->retrans * 1000) == 1 ? read(fd, to, (size_t)bytes) : 0;
        if (n <= 0) {
            return false;
        }
        to += n;
        bytes -= (int)n;
    }
    return true;
}

static int ask_by_tcp(const struct sockaddr_in *server, const unsigned char *query, int query_bytes,
                      unsigned char *answer, int bytes)
{
    const unsigned char length[2] = {(unsigned char)(query_bytes >> 8), (unsigned char)query_bytes};
    unsigned char answer_length[2];
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = -1;
    if (fd >= 0 && connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0 &&
        write(fd, length, 2) == 2 && write(fd, query, (size_t)query_bytes) == query_bytes &&
        read_all(fd, answer_length, 2)) {
        const int whole = answer_length[0] << 8 | answer_length[1];
        result = read_all(fd, answer, whole < bytes ? whole : bytes) ? whole : -1;
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* One question and the wait for its answer. */
static int ask_by_udp(int fd, const unsigned char *query, int query_bytes, unsigned char *answer,
                      int bytes)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (send(fd, query, (size_t)query_bytes, 0) != query_bytes) {
        return -1;
    }
    while (poll(&p, 1, __res_state()->retrans * 1000) == 1) {
        const ssize_t n = recv(fd, answer, (size_t)bytes, 0);
        if (n < 0) {
            return -1;
        }
        if (n >= HEADER_BYTES && answer[0] == query[0] && answer[1] == query[1] &&
            (answer[2] & 0x80) != 0) {
            return (int)n;
        }
    }
    errno = ETIMEDOUT;
    return -1;
}

int __res_send(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes)
{
    const struct __res_state *const r = __res_state();
    if ((r->options & RES_INIT) == 0) {
        res_init();
    }
    if (r->nscount == 0 || query_bytes < HEADER_BYTES || bytes < HEADER_BYTES) {
        errno = r->nscount == 0 ? ESRCH : EINVAL;
        return -1;
    }
    const struct sockaddr_in *const server = &r->nsaddr_list[0];
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = -1;
    if (fd >= 0 && connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0) {
        for (int i = 0; result < 0 && i < r->retry; i++) {
            result = ask_by_udp(fd, query, query_bytes, answer, bytes);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (result >= 0 && ((answer[2] & TRUNCATED) != 0 || (r->options & RES_USEVC) != 0) &&
        (r->options & RES_IGNTC) == 0) {
        const int more = ask_by_tcp(server, query, query_bytes, answer, bytes);
        result = more >= 0 ? more : result;
    }
    return result;
}

int res_send(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes)
{
    return __res_send(query, query_bytes, answer, bytes);
}

// SPDX-License-Identifier: Apache-2.0
// <resolv.h>: questions to a DNS server of the test's own on the loopback, names in messages.
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static int udp, tcp;

/* Answers the question in `m` by its name: no.test does not exist, big.test is cut off by UDP, else two MX records. */
static int answer(unsigned char *m, int bytes, bool is_tcp)
{
    static const unsigned char record[] = {
        0xc0, 12, 0, ns_t_mx, 0, ns_c_in, 0, 0, 1, 0, 0, 9, 0, 10, 4, 'm', 'a', 'i', 'l', 0xc0, 12};
    const bool is_big = memcmp(m + 13, "big", 3) == 0, is_none = memcmp(m + 13, "no", 2) == 0;
    m[2] = (unsigned char)(0x80 | (is_big && !is_tcp ? 2 : 0));
    m[3] = is_none ? 3 : 0;
    m[7] = is_none || (is_big && !is_tcp) ? 0 : 2;
    for (int i = 0; i < m[7]; i++) {
        memcpy(m + bytes, record, sizeof(record));
        bytes += (int)sizeof(record);
    }
    return bytes;
}

static void *serve_udp(void *arg)
{
    unsigned char m[512];
    struct sockaddr_in from;
    for (;;) {
        socklen_t length = sizeof(from);
        const ssize_t n = recvfrom(udp, m, sizeof(m) - 64, 0, (struct sockaddr *)&from, &length);
        if (n < 12) {
            return arg;
        }
        unsigned char wrong[12] = {(unsigned char)(m[0] + 1), m[1],
                                   0x80}; /* not an answer to this question */
        sendto(udp, wrong, sizeof(wrong), 0, (struct sockaddr *)&from, length);
        sendto(udp, m, (size_t)answer(m, (int)n, false), 0, (struct sockaddr *)&from, length);
    }
}

static void *serve_tcp(void *arg)
{
    for (;;) {
        unsigned char m[514];
        const int fd = accept(tcp, NULL, NULL);
        const ssize_t n = fd < 0 ? -1 : recv(fd, m, 2, MSG_WAITALL);
        if (n != 2 || recv(fd, m + 2, m[1], MSG_WAITALL) != m[1]) {
            return arg;
        }
        const int bytes = answer(m + 2, m[1], true);
        m[1] = (unsigned char)bytes;
        send(fd, m, (size_t)bytes + 2, 0);
        close(fd);
    }
}

static void start_server(void)
{
    pthread_t thread;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(a);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    tcp = socket(AF_INET, SOCK_STREAM, 0);
    bind(udp, (struct sockaddr *)&a, length);
    getsockname(udp, (struct sockaddr *)&a, &length);
    bind(tcp, (struct sockaddr *)&a, length);
    listen(tcp, 4);
    pthread_create(&thread, NULL, serve_udp, NULL);
    pthread_create(&thread, NULL, serve_tcp, NULL);
    tap_equal(res_init(), 0, "res_init()");
    _res.nscount = 1;
    _res.nsaddr_list[0] = a;
}

static void questions_are_asked(void)
{
    unsigned char m[512];
    ns_msg parsed;
    ns_rr record;
    char name[256];
    const int bytes = res_query("example.test", ns_c_in, ns_t_mx, m, sizeof(m));
    tap_check(bytes > 40 && ns_initparse(m, bytes, &parsed) == 0,
              "a question is answered, by the right answer");
    tap_equal(ns_msg_count(parsed, ns_s_an), 2, "with two records");
    tap_check(ns_parserr(&parsed, ns_s_an, 1, &record) == 0 && ns_rr_type(record) == ns_t_mx &&
                  ns_rr_ttl(record) == 256,
              "which can be read");
    tap_check(ns_get16(ns_rr_rdata(record)) == 10 &&
                  dn_expand(m, m + bytes, ns_rr_rdata(record) + 2, name, sizeof(name)) == 7 &&
                  strcmp(name, "mail.example.test") == 0,
              "with a compressed name: %s", name);
    tap_check(res_query("no.test", ns_c_in, ns_t_mx, m, sizeof(m)) == -1 &&
                  h_errno == HOST_NOT_FOUND,
              "what does not exist is HOST_NOT_FOUND");
    tap_check(res_search("big.test", ns_c_in, ns_t_mx, m, sizeof(m)) > 40,
              "what was cut off is asked by TCP");
    tap_check(res_querydomain("big", "test", ns_c_in, ns_t_mx, m, sizeof(m)) > 40,
              "a name in two parts");
    _res.options |= RES_IGNTC;
    tap_check(res_query("big.test", ns_c_in, ns_t_mx, m, sizeof(m)) == -1 && h_errno == NO_DATA,
              "unless the program does not want that");
}

static void nobody_answers(void)
{
    unsigned char m[512];
    _res.retrans = 1;
    _res.retry = 1;
    _res.nsaddr_list[0].sin_port = htons(1);
    tap_check(res_query("example.test", ns_c_in, ns_t_a, m, sizeof(m)) == -1 &&
                  h_errno == TRY_AGAIN,
              "no answer is TRY_AGAIN");
}

static void names_are_compressed(void)
{
    unsigned char m[100] = {0}, *names[8] = {m, NULL};
    char text[256];
    const int first = dn_comp("www.example.test", m + 12, 80, names, names + 8);
    const int second = dn_comp("ftp.example.test", m + 12 + first, 60, names, names + 8);
    tap_check(first == 18 && second == 6, "the second name is a reference to the first: %d, %d",
              first, second);
    tap_check(dn_expand(m, m + 100, m + 12 + first, text, 256) == 6 &&
                  strcmp(text, "ftp.example.test") == 0,
              "and back");
    tap_equal(dn_skipname(m + 12, m + 100), 18, "dn_skipname()");
    tap_equal(dn_comp("a-name-that-is-too-long.test", m, 10, NULL, NULL), -1, "no room");
    m[12] = 0xc0;
    m[13] = 12;
    tap_equal(dn_expand(m, m + 100, m + 12, text, 256), -1, "a name that leads to itself is wrong");
}

int main(void)
{
    start_server();
    questions_are_asked();
    nobody_answers();
    names_are_compressed();
    return tap_done();
}

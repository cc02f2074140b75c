/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve - DNS, both sides.
 *
 *   resolve server         answers for one.test: A 192.0.2.1, AAAA 2001:db8::1; other names:
 * NXDOMAIN resolve NAME...        prints the addresses of each name by getaddrinfo(); status 1 when
 * one has none
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TYPE_A 1
#define TYPE_AAAA 28

static const unsigned char question_name[] = "\003one\004test"; /* the final 0 included */
static const unsigned char address4[] = {192, 0, 2, 1};
static const unsigned char address6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                         0,    0,    0,    0,    0, 0, 0, 1};

/* Makes the answer in place: RFC 1035, 4.1. Returns its length; 0: not a question we understand. */
static size_t answer(unsigned char *m, size_t bytes)
{
    const size_t name_bytes = strnlen((const char *)m + 12, bytes > 12 ? bytes - 12 : 0) + 1;
    const size_t end = 12 + name_bytes + 4;
    if (bytes < 17 || end > bytes || m[4] != 0 || m[5] != 1) {
        return 0;
    }
    const int known =
        name_bytes == sizeof(question_name) && memcmp(m + 12, question_name, name_bytes) == 0;
    const unsigned int type = m[12 + name_bytes + 1];
    m[2] = 0x81; /* a response, recursion desired */
    m[3] = known ? 0x80 : 0x83;
    m[7] = known && (type == TYPE_A || type == TYPE_AAAA) ? 1 : 0;
    m[8] = m[9] = m[10] = m[11] = 0;
    if (m[7] == 0) {
        return end;
    }
    const size_t data_bytes = type == TYPE_A ? sizeof(address4) : sizeof(address6);
    const unsigned char head[12] = {0xc0, 12, 0, (unsigned char)type,      0, 1, 0, 0,
                                    0,    60, 0, (unsigned char)data_bytes};
    memcpy(m + end, head, sizeof(head));
    memcpy(m + end + sizeof(head), type == TYPE_A ? address4 : address6, data_bytes);
    return end + sizeof(head) + data_bytes;
}

static int server(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(53)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0) {
        perror("resolve: port 53");
        return 1;
    }
    printf("resolve: serving\n");
    fflush(stdout);
    for (;;) {
        unsigned char m[600];
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof(from);
        const ssize_t got = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &from_bytes);
        const size_t bytes = got > 0 ? answer(m, (size_t)got) : 0;
        if (bytes > 0) {
            sendto(fd, m, bytes, 0, (const struct sockaddr *)&from, from_bytes);
        }
    }
}

static int resolve(const char *name, int family)
{
    const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char text[64];
    const int error = getaddrinfo(name, NULL, &hints, &list);
    if (error != 0) {
        printf("%s: no address: %s\n", name, gai_strerror(error));
        return 1;
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        const void *address = &((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
        if (a->ai_family == AF_INET6) {
            address = &((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr;
        }
        printf("%s: %s\n", name, inet_ntop(a->ai_family, address, text, sizeof(text)));
    }
    freeaddrinfo(list);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc == 2 && strcmp(argv[1], "server") == 0) {
        return server();
    }
    for (int i = 1; i < argc; i++) {
        status |= resolve(argv[i], AF_INET) | resolve(argv[i], AF_INET6);
    }
    printf("resolve: done\n");
    return status;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * udpflood - datagrams as fast as they go, port 9000.
 *
 *   udpflood sink            takes them, and tells when it has had 1, 100 and each further 10,000
 *   udpflood ADDRESS...      sends to each in turn, without end and without ever waiting
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static char data[1400];

static int take(int s, struct sockaddr_in *a)
{
    if (bind(s, (const struct sockaddr *)a, sizeof(*a)) != 0) {
        perror("udpflood: bind");
        return 1;
    }
    printf("udpflood: serving\n");
    for (unsigned long count = 0;;) {
        if (recv(s, data, sizeof(data), 0) > 0 &&
            (++count == 1 || count == 100 || count % 10000 == 0)) {
            printf("udpflood: %lu taken\n", count);
        }
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9000)};
    const int s = socket(AF_INET, SOCK_DGRAM, 0);

    if (argc < 2) {
        return 2;
    }
    if (strcmp(argv[1], "sink") == 0) {
        return take(s, &a);
    }
    printf("udpflood: begins\n");
    for (int i = 1;; i = i + 1 < argc ? i + 1 : 1) {
        inet_aton(argv[i], &a.sin_addr);
        sendto(s, data, sizeof(data), 0, (const struct sockaddr *)&a, sizeof(a));
    }
}

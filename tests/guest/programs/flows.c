// SPDX-License-Identifier: Apache-2.0
/*
 * flows - opens flows of UDP through dom0's NAT. Each line of standard input is `TOKEN N`: sends one
 * datagram to each of N ports of a machine that is not there; the answer is `=TOKEN done`.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#define NOBODY "10.0.2.77" /* in the network outside, so dom0 asks for it in vain */

static void flood(int fd, unsigned count)
{
    struct sockaddr_in to = {.sin_family = AF_INET};

    inet_pton(AF_INET, NOBODY, &to.sin_addr);
    for (unsigned i = 0; i < count; i++) {
        to.sin_port = htons((in_port_t)(1024 + i));
        while (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
            /* what was sent before is on its way */
        }
    }
}

int main(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char token[16];
    unsigned count;

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fd >= 0 && scanf("%15s %u", token, &count) == 2) {
        flood(fd, count);
        printf("=%s done\n", token);
    }
    return 1;
}

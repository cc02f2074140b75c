/* SPDX-License-Identifier: Apache-2.0 */
/* udp-echo - sends each UDP datagram back to where it came from. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
    const uint16_t port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 7);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    static char data[65536];

    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        fprintf(stderr, "udp-echo: port %u: %s\n", (unsigned int)port, strerror(errno));
        return 1;
    }
    printf("udp-echo: listening on port %u\n", (unsigned int)port);
    fflush(stdout);
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_bytes = sizeof(from);
        const ssize_t bytes =
            recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_bytes);
        if (bytes >= 0) {
            sendto(fd, data, (size_t)bytes, 0, (const struct sockaddr *)&from, from_bytes);
        }
    }
}

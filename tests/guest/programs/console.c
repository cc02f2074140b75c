// SPDX-License-Identifier: Apache-2.0
// For tests/console.bats: says what isatty() thinks of the standard descriptors; with an argument counts
// the bytes of its input up to the end, and their sum.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static void count(void)
{
    unsigned long bytes = 0, sum = 0;
    struct pollfd p = {.fd = 0, .events = POLLIN};
    unsigned char data[300];
    ssize_t n = 1;
    while (n > 0) {
        poll(&p, 1, -1);
        n = read(0, data, sizeof(data));
        for (ssize_t i = 0; i < n; i++) {
            bytes++;
            sum += data[i];
        }
    }
    printf("%lu bytes, sum %lu, then %zd %zd\n", bytes, sum, n, read(0, data, 1));
}

int main(int argc, char **argv)
{
    struct termios t;
    (void)argv;
    const int tty = open("/dev/tty", O_RDWR);
    printf("isatty %d %d %d %d\n", isatty(0), isatty(1), isatty(2), isatty(tty));
    printf("tcgetattr %d %d\n", tcgetattr(0, &t), tcgetattr(1, &t));
    if (argc > 1) {
        count();
    }
    return 0;
}

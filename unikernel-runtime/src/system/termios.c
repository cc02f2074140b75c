/* SPDX-License-Identifier: Apache-2.0 */
/*
 * termios.c - the console as a terminal: always raw, without echo; what dom0's end does is not the
 * guest's business. Asking for a line discipline is an error, asking for raw mode is not.
 */
#include <sys/termios.h>
#include <unistd.h>

#include "fd/fd.h"

static const struct termios raw = {.c_cflag = CS8 | CREAD | CLOCAL,
                                   .c_cc = {[VMIN] = 1},
                                   .c_ispeed = B115200,
                                   .c_ospeed = B115200};

int tcgetattr(int fd, struct termios *t)
{
    if (!isatty(fd)) {
        return -1;
    }
    *t = raw;
    return 0;
}

int tcsetattr(int fd, int when, const struct termios *t)
{
    (void)when;
    if (!isatty(fd)) {
        return -1;
    }
    return (int)mf_ret((t->c_lflag & (ICANON | ECHO)) != 0 ? -EINVAL : 0);
}

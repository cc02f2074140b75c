/* SPDX-License-Identifier: Apache-2.0 */
/*
 * termios.c - the console as a terminal: always raw, without echo; what dom0's end does is not the
 * guest's business. Asking for a line discipline is an error, asking for raw mode is not.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "fd/fd.h"
#include "thread/thread.h"

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

/* ---- settings that a program computes with -------------------------------------------------- */

void cfmakeraw(struct termios *t)
{
    t->c_iflag &= (tcflag_t) ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_oflag &= (tcflag_t)~OPOST;
    t->c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cflag = (t->c_cflag & (tcflag_t) ~(CSIZE | PARENB)) | CS8;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

speed_t cfgetispeed(const struct termios *t)
{
    return t->c_ispeed;
}

speed_t cfgetospeed(const struct termios *t)
{
    return t->c_ospeed;
}

int cfsetispeed(struct termios *t, speed_t speed)
{
    t->c_ispeed = speed;
    return 0;
}

int cfsetospeed(struct termios *t, speed_t speed)
{
    t->c_ospeed = speed;
    return 0;
}

int cfsetspeed(struct termios *t, speed_t speed)
{
    t->c_ispeed = speed;
    t->c_ospeed = speed;
    return 0;
}

/* ---- queues: output is in dom0's hands when write() is back ---------------------------------- */

int tcdrain(int fd)
{
    mf_thread_test_cancel();
    return isatty(fd) ? 0 : -1;
}

int tcflush(int fd, int queue)
{
    if (!isatty(fd)) {
        return -1;
    }
    if (queue < TCIFLUSH || queue > TCIOFLUSH) {
        errno = EINVAL;
        return -1;
    }
    struct pollfd input = {.fd = fd, .events = POLLIN};
    char bytes[64];
    while (queue != TCOFLUSH && poll(&input, 1, 0) == 1 && read(fd, bytes, sizeof(bytes)) > 0) {
    }
    return 0;
}

/* There is no line that could be held at 0. */
int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return isatty(fd) ? 0 : -1;
}

char *ctermid(char *buffer)
{
    static char name[] = "/dev/tty";
    return buffer == NULL ? name : strcpy(buffer, name);
}

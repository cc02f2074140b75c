/* SPDX-License-Identifier: Apache-2.0 */
/* termios.h - terminal settings (POSIX.1-2008); what newlib itself needs is in sys/termios.h. */
#pragma once

#include <sys/termios.h>

/* c_cc: the rest of Linux's */
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE 14
#define VLNEXT 15
#define VEOL2 16

/* c_iflag */
#define IUCLC 0x0200
#define IMAXBEL 0x2000
#define IUTF8 0x4000

/* c_oflag */
#define OLCUC 0x0002
#define OCRNL 0x0008
#define ONOCR 0x0010
#define ONLRET 0x0020
#define OFILL 0x0040
#define OFDEL 0x0080
#define NLDLY 0x0100
#define NL0 0x0000
#define NL1 0x0100
#define CRDLY 0x0600
#define CR0 0x0000
#define CR1 0x0200
#define CR2 0x0400
#define CR3 0x0600
#define TABDLY 0x1800
#define TAB0 0x0000
#define TAB1 0x0800
#define TAB2 0x1000
#define TAB3 0x1800
#define BSDLY 0x2000
#define BS0 0x0000
#define BS1 0x2000
#define VTDLY 0x4000
#define VT0 0x0000
#define VT1 0x4000
#define FFDLY 0x8000
#define FF0 0x0000
#define FF1 0x8000

/* c_cflag */
#define CRTSCTS 0x80000000

/* c_lflag */
#define ECHOCTL 0x0200
#define ECHOPRT 0x0400
#define ECHOKE 0x0800
#define FLUSHO 0x1000
#define PENDIN 0x4000

/* tcflush() */
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2

/* speed_t: the rest of POSIX's, as Linux codes them */
#define B50 1
#define B75 2
#define B110 3
#define B134 4
#define B150 5
#define B200 6
#define B300 7
#define B600 8
#define B1200 9
#define B1800 10
#define B2400 11
#define B4800 12
#define B230400 0x1003
#define B460800 0x1004

__BEGIN_DECLS
speed_t cfgetispeed(const struct termios *settings);
speed_t cfgetospeed(const struct termios *settings);
int cfsetispeed(struct termios *settings, speed_t speed);
int cfsetospeed(struct termios *settings, speed_t speed);
int tcdrain(int fd);
pid_t tcgetsid(int fd);
int tcflush(int fd, int queue);
int tcsendbreak(int fd, int duration);
#if __MISC_VISIBLE
void cfmakeraw(struct termios *settings);
int cfsetspeed(struct termios *settings, speed_t speed);
#endif
__END_DECLS

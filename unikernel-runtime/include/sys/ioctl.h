/* SPDX-License-Identifier: Apache-2.0 */
/* sys/ioctl.h - requests to a descriptor, Linux numbers. */
#pragma once

#include <sys/cdefs.h>

#define TIOCSCTTY 0x540e
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCNOTTY 0x5422
#define FIONREAD 0x541b
#define TIOCINQ FIONREAD
#define TIOCOUTQ 0x5411
#define FIOSETOWN 0x8901
#define FIOGETOWN 0x8903
#define SIOCATMARK 0x8905
#define SIOCGIFNAME 0x8910
#define SIOCGIFCONF 0x8912
#define SIOCGIFFLAGS 0x8913
#define SIOCGIFADDR 0x8915
#define SIOCGIFBRDADDR 0x8919
#define SIOCGIFNETMASK 0x891b
#define SIOCGIFMETRIC 0x891d
#define SIOCGIFMTU 0x8921
#define SIOCGIFHWADDR 0x8927
#define SIOCGIFINDEX 0x8933
#define SIOCINQ FIONREAD
#define SIOCOUTQ TIOCOUTQ
#define FIONBIO 0x5421
#define FIOASYNC 0x5452 /* SIGIO, of AF_UNIX only */
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451

struct winsize {
    unsigned short ws_row;
    unsigned short ws_col;
    unsigned short ws_xpixel;
    unsigned short ws_ypixel;
};

__BEGIN_DECLS
int ioctl(int fd, unsigned long request, ...);
__END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
/* termios.h - terminal settings (POSIX.1-2008); what newlib itself needs is in sys/termios.h. */
#pragma once

#include <sys/termios.h>

__BEGIN_DECLS
speed_t cfgetispeed(const struct termios *settings);
speed_t cfgetospeed(const struct termios *settings);
int cfsetispeed(struct termios *settings, speed_t speed);
int cfsetospeed(struct termios *settings, speed_t speed);
int tcdrain(int fd);
pid_t tcgetsid(int fd);
#if __MISC_VISIBLE
void cfmakeraw(struct termios *settings);
#endif
__END_DECLS

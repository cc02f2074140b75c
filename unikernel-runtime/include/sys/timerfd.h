/* SPDX-License-Identifier: Apache-2.0 */
/* sys/timerfd.h - timers behind descriptors, as Linux' timerfd_create(2). */
#pragma once

#include <sys/cdefs.h>
#include <sys/fcntl.h>
#include <time.h>

#define TFD_CLOEXEC O_CLOEXEC
#define TFD_NONBLOCK O_NONBLOCK
#define TFD_TIMER_ABSTIME 1
#define TFD_TIMER_CANCEL_ON_SET 2

__BEGIN_DECLS
int timerfd_create(clockid_t clock, int flags);
int timerfd_gettime(int fd, struct itimerspec *value);
int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
__END_DECLS

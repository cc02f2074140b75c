/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h - newlib's, and what POSIX.1-2008 has more. */
#pragma once

#include_next <limits.h>

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif

#ifndef LONG_BIT
#define LONG_BIT 64
#define WORD_BIT 32
#endif

#define HOST_NAME_MAX 64

#define DELAYTIMER_MAX 0x7fffffff
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_KEYS_MAX 128
#ifndef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 16384
#endif
#define SEM_NSEMS_MAX 0x7fffffff
#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX 0x7fffffff
#endif
#define SIGQUEUE_MAX 64
#define TIMER_MAX 1024

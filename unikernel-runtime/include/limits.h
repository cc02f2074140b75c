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

/* SPDX-License-Identifier: Apache-2.0 */
/* sys/wait.h - newlib's, and the macros that it lacks. There are no child processes. */
#pragma once

#include_next <sys/wait.h>

#define WCONTINUED 8
#define WIFCONTINUED(status) 0
#define WCOREDUMP(status) ((status)&0x80)

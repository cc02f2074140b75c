/* SPDX-License-Identifier: Apache-2.0 */
/* sys/select.h - newlib's, with room for 1024 descriptors instead of 64. */
#pragma once

#ifndef FD_SETSIZE
#define FD_SETSIZE 1024
#endif

#include_next <sys/select.h>

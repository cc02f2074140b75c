/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/config.h - how newlib is configured: every one of its headers includes this. Mayfly's part is
 * here, the rest in newlib's own file of the same name.
 *
 * Re-entrancy: each thread has its own struct _reent (errno, strtok, ...), found through one
 * thread-local pointer, so that `errno` is one load relative to FS and no call.
 */
#pragma once

#define _READ_WRITE_RETURN_TYPE _ssize_t
#define _READ_WRITE_BUFSIZE_TYPE __size_t
#define __FILENAME_MAX__ 1024
#define __DYNAMIC_REENT__ 1

/* struct tm has the zone's name and its offset from UTC in seconds (POSIX.1-2024). */
#define __TM_GMTOFF tm_gmtoff
#define __TM_ZONE tm_zone

#include_next <sys/config.h>

struct _reent;

#ifdef __cplusplus
extern "C" {
#endif
extern __thread struct _reent *__mf_reent;
#ifdef __cplusplus
}
#endif

#define __getreent() (__mf_reent)

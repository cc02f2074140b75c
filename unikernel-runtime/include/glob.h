/* SPDX-License-Identifier: Apache-2.0 */
/* glob.h - newlib's, under the names of POSIX too, and with its error for no match. */
#pragma once

#ifdef _COMPILING_NEWLIB
#include_next <glob.h>
#else

/* newlib's own glob() stays reachable under its name; programs get ours (libc/glob.c). */
#define glob __newlib_glob
#include_next <glob.h>
#undef glob

#define GLOB_ABORTED GLOB_ABEND
#define GLOB_NOMATCH (-3)

__BEGIN_DECLS
int glob(const char *__restrict pattern, int flags, int (*error)(const char *, int),
         glob_t *__restrict found) __asm__("__mf_glob");
__END_DECLS

#endif

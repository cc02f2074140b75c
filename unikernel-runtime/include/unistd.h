/* SPDX-License-Identifier: Apache-2.0 */
/* unistd.h - newlib's, and what POSIX.1-2008 and common use have more. */
#pragma once

#include_next <unistd.h>

#if __GNU_VISIBLE && !defined(SEEK_DATA)
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

#if __XSI_VISIBLE || __MISC_VISIBLE
#define F_ULOCK 0
#define F_LOCK 1
#define F_TLOCK 2
#define F_TEST 3
#endif

#ifndef _CS_PATH
#define _CS_PATH 0
#endif

__BEGIN_DECLS
size_t confstr(int name, char *buffer, size_t bytes);
int getlogin_r(char *name, size_t bytes);
#if __XSI_VISIBLE || __MISC_VISIBLE
int lockf(int fd, int command, off_t bytes);
#endif
#if __GNU_VISIBLE
char *get_current_dir_name(void);
int getresgid(gid_t *real, gid_t *effective, gid_t *saved);
int getresuid(uid_t *real, uid_t *effective, uid_t *saved);
int setresgid(gid_t real, gid_t effective, gid_t saved);
int setresuid(uid_t real, uid_t effective, uid_t saved);
#endif
__END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
/* execinfo.h - who called (glibc's interface), by frame pointers and the image's symbol table. */
#pragma once

#include <sys/cdefs.h>

__BEGIN_DECLS
/** Return addresses from the caller's on, at most `size`; returns how many. */
int backtrace(void **buffer, int size);
/** "function+0xOFFSET [0xADDRESS]" for each address, in one block to be freed; NULL: ENOMEM. */
char **backtrace_symbols(void *const *buffer, int size);
/** The same as lines written to `fd`, without allocation. */
void backtrace_symbols_fd(void *const *buffer, int size, int fd);
__END_DECLS

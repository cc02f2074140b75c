/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.h - newlib's, and what POSIX.1-2008 has more. */
#pragma once

#include_next <stdio.h>

#if __POSIX_VISIBLE >= 200809
__BEGIN_DECLS
ssize_t getdelim(char **__restrict line, size_t *__restrict capacity, int delimiter,
                 FILE *__restrict f);
ssize_t getline(char **__restrict line, size_t *__restrict capacity, FILE *__restrict f);
__END_DECLS
#endif

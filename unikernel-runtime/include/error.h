/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - messages on standard error, as glibc has them: "program: message: error". */
#pragma once

#include <sys/cdefs.h>

extern unsigned int error_message_count;
extern int error_one_per_line;             /* not 0: error_at_line() leaves out repetitions */
extern void (*error_print_progname)(void); /* NULL, or what prints the program's name */

__BEGIN_DECLS
/* Flushes stdout first; ends the program if status is not 0. */
void error(int status, int number, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));
void error_at_line(int status, int number, const char *file, unsigned int line, const char *format,
                   ...) __attribute__((__format__(__printf__, 5, 6)));
__END_DECLS

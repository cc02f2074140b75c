/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - messages on standard error, as BSD has them: "program: message: error". */
#pragma once

#include <stdarg.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
void err(int status, const char *format, ...)
    __attribute__((__noreturn__, __format__(__printf__, 2, 3)));
void errx(int status, const char *format, ...)
    __attribute__((__noreturn__, __format__(__printf__, 2, 3)));
void verr(int status, const char *format, va_list arguments) __attribute__((__noreturn__));
void verrx(int status, const char *format, va_list arguments) __attribute__((__noreturn__));
void vwarn(const char *format, va_list arguments);
void vwarnx(const char *format, va_list arguments);
void warn(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
void warnx(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
__END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - the messages of <err.h>. The program's name is the guest's. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line; error 0: no error's text. */
static void print(const char *format, va_list arguments, int error)
{
    char name[64];
    gethostname(name, sizeof(name));
    flockfile(stderr);
    fprintf(stderr, "%s: ", name);
    if (format != NULL) {
        vfprintf(stderr, format, arguments);
    }
    if (error != 0) {
        fprintf(stderr, "%s%s", format != NULL ? ": " : "", strerror(error));
    }
    fputc('\n', stderr);
    funlockfile(stderr);
}

void vwarn(const char *format, va_list arguments)
{
    const int error = errno;
    print(format, arguments, error);
    errno = error;
}

void vwarnx(const char *format, va_list arguments)
{
    const int error = errno;
    print(format, arguments, 0);
    errno = error;
}

void warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarn(format, arguments);
    va_end(arguments);
}

void warnx(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
}

void verr(int status, const char *format, va_list arguments)
{
    vwarn(format, arguments);
    exit(status);
}

void verrx(int status, const char *format, va_list arguments)
{
    vwarnx(format, arguments);
    exit(status);
}

void err(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    verr(status, format, arguments);
}

void errx(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    verrx(status, format, arguments);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct timespec progress_start;

static void say(const char *format, va_list arguments)
{
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void report_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("mayfly: ", stderr);
    say(format, arguments);
    va_end(arguments);
}

void report_error_at(const char *path, unsigned long line, unsigned long column, const char *format,
                     ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%lu:%lu: error: ", path, line, column);
    say(format, arguments);
    va_end(arguments);
}

void report_note(const char *format, ...)
{
    if (!isatty(STDERR_FILENO)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void report_progress_begin(void)
{
    clock_gettime(CLOCK_MONOTONIC, &progress_start);
}

void report_progress(const char *format, ...)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long long past_ns = (now.tv_sec - progress_start.tv_sec) * 1000000000ll +
                              (now.tv_nsec - progress_start.tv_nsec);
    if (past_ns < 1000000000ll || !isatty(STDERR_FILENO)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

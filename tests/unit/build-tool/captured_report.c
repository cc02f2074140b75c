// SPDX-License-Identifier: Apache-2.0
// cflags: -Ibuild-tool
/* captured_report.c - see captured_report.h. */
#include "captured_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "report.h"

char captured[1024];

void report_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(captured, sizeof(captured), format, arguments);
    va_end(arguments);
}

void report_error_at(const char *path, unsigned long line, unsigned long column, const char *format,
                     ...)
{
    va_list arguments;
    const int length = snprintf(captured, sizeof(captured), "%s:%lu:%lu: ", path, line, column);
    va_start(arguments, format);
    vsnprintf(captured + length, sizeof(captured) - (size_t)length, format, arguments);
    va_end(arguments);
}

void report_note(const char *format, ...)
{
    (void)format;
}

void report_progress_begin(void)
{
}

void report_progress(const char *format, ...)
{
    (void)format;
}

void report_progress_end(void)
{
}

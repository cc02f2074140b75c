/* SPDX-License-Identifier: Apache-2.0 */
/* syslog.c - log messages go to standard error, one line each, with their priority. */
#include <syslog.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024

static const char *log_name;
static int mask = LOG_UPTO(LOG_DEBUG);

void openlog(const char *name, int options, int facility)
{
    (void)options, (void)facility;
    log_name = name;
}

void closelog(void)
{
    log_name = NULL;
}

int setlogmask(int new_mask)
{
    const int before = mask;
    if (new_mask != 0) {
        mask = new_mask;
    }
    return before;
}

void vsyslog(int priority, const char *format, va_list arguments)
{
    static const char *const names[] = {"emerg",   "alert",  "crit", "err",
                                        "warning", "notice", "info", "debug"};
    char line[LINE_BYTES];
    if ((LOG_MASK(LOG_PRI(priority)) & mask) == 0) {
        return;
    }
    const int start = snprintf(line, sizeof(line), "%s%s%s: ", log_name != NULL ? log_name : "",
                               log_name != NULL ? " " : "", names[LOG_PRI(priority)]);
    size_t used = (size_t)start < sizeof(line) ? (size_t)start : sizeof(line) - 1;
    vsnprintf(line + used, sizeof(line) - used, format, arguments);
    used = strlen(line);
    used -= used == sizeof(line) - 1;
    if (used == 0 || line[used - 1] != '\n') {
        line[used++] = '\n';
    }
    write(STDERR_FILENO, line, used);
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h. */
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
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

/* ---- progress --------------------------------------------------------------------------------- */

static char step[256]; /* written while SIGALRM is blocked */

static void say_step(int signal_number)
{
    (void)signal_number;
    const int saved = errno;
    const ssize_t written = write(STDERR_FILENO, step, strlen(step));
    (void)written;
    step[0] = '\0';
    errno = saved;
}

static void set_alarm(long seconds)
{
    const struct itimerval once = {.it_value = {.tv_sec = seconds}};
    setitimer(ITIMER_REAL, &once, NULL);
}

void report_progress_begin(void)
{
    struct sigaction action = {.sa_handler = say_step, .sa_flags = SA_RESTART};
    clock_gettime(CLOCK_MONOTONIC, &progress_start);
    if (isatty(STDERR_FILENO)) {
        sigaction(SIGALRM, &action, NULL);
        set_alarm(1);
    }
}

void report_progress(const char *format, ...)
{
    struct timespec now;
    sigset_t alarm_only, before;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long long past_ns = (now.tv_sec - progress_start.tv_sec) * 1000000000ll +
                              (now.tv_nsec - progress_start.tv_nsec);
    if (!isatty(STDERR_FILENO)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, &before);
    const int length = vsnprintf(step, sizeof(step) - 1, format, arguments);
    va_end(arguments);
    if (length > 0) {
        strcpy(step + ((size_t)length < sizeof(step) - 2 ? (size_t)length : sizeof(step) - 2),
               "\n");
    }
    if (past_ns >= 1000000000ll) {
        say_step(0);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void report_progress_end(void)
{
    set_alarm(0);
    step[0] = '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - glibc's error(). The program's name is the guest's, as in err.c. */
#include <error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

unsigned int error_message_count;
int error_one_per_line;
void (*error_print_progname)(void);

static void print_name(void)
{
    char name[64];
    if (error_print_progname != NULL) {
        error_print_progname();
        return;
    }
    gethostname(name, sizeof(name));
    fprintf(stderr, "%s:", name);
}

static void finish(int status, int number, const char *format, va_list arguments)
{
    vfprintf(stderr, format, arguments);
    if (number != 0) {
        fprintf(stderr, ": %s", strerror(number));
    }
    fputc('\n', stderr);
    fflush(stderr);
    funlockfile(stderr);
    error_message_count++;
    if (status != 0) {
        exit(status);
    }
}

void error(int status, int number, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    flockfile(stderr);
    print_name();
    if (error_print_progname == NULL) {
        fputc(' ', stderr);
    }
    finish(status, number, format, arguments);
    va_end(arguments);
}

void error_at_line(int status, int number, const char *file, unsigned int line, const char *format,
                   ...)
{
    static const char *last_file;
    static unsigned int last_line;
    const bool is_same =
        line == last_line &&
        (file == last_file || (file != NULL && last_file != NULL && strcmp(file, last_file) == 0));
    if (error_one_per_line != 0 && is_same) {
        return;
    }
    last_file = file;
    last_line = line;
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    flockfile(stderr);
    print_name();
    if (file != NULL) {
        fprintf(stderr, "%s:%u: ", file, line);
    } else {
        fputc(' ', stderr);
    }
    finish(status, number, format, arguments);
    va_end(arguments);
}

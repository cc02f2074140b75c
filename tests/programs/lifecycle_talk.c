/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle_talk.c - see lifecycle_talk.h. */
#include "lifecycle_talk.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROMPT "\nmayfly> "
#define DETACH "\035"
#define ROOM (1u << 20)
#define TAIL 1500u
#define LINE 200u

static int input_fd, serial_fd;
static char text[ROOM]; /* since the last command, without control sequences */
static size_t used;
static enum { PLAIN, AFTER_RETURN, ESCAPE, SEQUENCE } state;
static bool after_return; /* a sequence that began behind a carriage return */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void talk_fail(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("lifecycle: ", stdout);
    vprintf(format, list);
    va_end(list);
    printf("\n-- the end of what was printed:\n%s\n", text + (used > TAIL ? used - TAIL : 0));
    exit(1);
}

static void add(char c)
{
    if (used + 1 >= ROOM) {
        talk_fail("too much output");
    }
    text[used++] = c;
    text[used] = 0;
}

/* CR ESC [K, with which the shell wipes its prompt, counts as a newline; other sequences as nothing. */
static void take(char c)
{
    switch (state) {
    case ESCAPE:
        state = c == '[' ? SEQUENCE : PLAIN;
        return;
    case SEQUENCE:
        if (c >= '@' && c <= '~') {
            state = PLAIN;
            if (c == 'K' && after_return) {
                add('\n');
            }
        }
        return;
    default:
        break;
    }
    if (c == '\033') {
        after_return = state == AFTER_RETURN;
        state = ESCAPE;
    } else if (c == '\r') {
        state = AFTER_RETURN;
    } else {
        state = PLAIN;
        if (c != 0) {
            add(c);
        }
    }
}

static void read_some(void)
{
    char part[4096];
    const ssize_t bytes = read(serial_fd, part, sizeof(part));

    if (bytes < 0) {
        talk_fail("the serial log cannot be read");
    }
    if (bytes == 0) {
        usleep(500);
    }
    for (ssize_t i = 0; i < bytes; i++) {
        take(part[i]);
    }
}

/* Where the text ends that has come, or will, from offset `from` on. */
static size_t wait_text(size_t from, const char *wanted)
{
    const double until = now_s() + TALK_LIMIT_S;
    const char *at;

    while ((at = strstr(text + from, wanted)) == NULL) {
        if (now_s() > until) {
            talk_fail("no `%s' within %d s", wanted, TALK_LIMIT_S);
        }
        read_some();
    }
    return (size_t)(at - text) + strlen(wanted);
}

void talk_wait(const char *wanted)
{
    (void)wait_text(0, wanted);
}

/* Waits until the output ends with the prompt, which begins at the returned offset or later. */
static size_t wait_prompt(size_t from)
{
    const double until = now_s() + TALK_LIMIT_S;
    const size_t bytes = sizeof(PROMPT) - 1;

    while (used < from + bytes || memcmp(text + used - bytes, PROMPT, bytes) != 0) {
        if (now_s() > until) {
            talk_fail("no prompt within %d s", TALK_LIMIT_S);
        }
        read_some();
    }
    return used - bytes;
}

static void send_text(const char *bytes)
{
    const size_t count = strlen(bytes);
    if (write(input_fd, bytes, count) != (ssize_t)count) {
        talk_fail("the input cannot be written");
    }
}

/* Types a line; returns the offset behind its echo's newline. */
static size_t type_line(const char *line)
{
    char echo[LINE + 2];

    used = 0;
    text[0] = 0;
    send_text(line);
    send_text("\r");
    snprintf(echo, sizeof(echo), "%s\n", line);
    return wait_text(0, echo);
}

void talk_open(const char *input, const char *serial)
{
    input_fd = open(input, O_WRONLY);
    serial_fd = open(serial, O_RDONLY);
    if (input_fd < 0 || serial_fd < 0) {
        talk_fail("%s and %s cannot be opened", input, serial);
    }
    (void)wait_prompt(0);
}

const char *talk_command(const char *format, ...)
{
    char line[LINE];
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    const size_t from = type_line(line);
    text[wait_prompt(from - 1)] = 0; /* nothing printed: the newline of the echo is the prompt's */
    if (getenv("LIFECYCLE_TRACE") != NULL) {
        printf("# %s -> %s\n", line, strlen(text) > from ? text + from : "");
    }
    return strlen(text) > from ? text + from : "";
}

/* Attaches to its console and gives it the line; returns the number that its answer begins with. */
static unsigned tell_guest(const char *guest, const char *command)
{
    static unsigned number;
    char line[LINE];

    snprintf(line, sizeof(line), "console %s", guest);
    (void)type_line(line);
    talk_wait("leaves it]\n");
    number++;
    snprintf(line, sizeof(line), "%u %s\n", number, command);
    send_text(line);
    return number;
}

const char *talk_guest(const char *guest, bool ends, const char *command)
{
    static char answer[LINE];
    char start[32];

    snprintf(start, sizeof(start), "=%u ", tell_guest(guest, command));
    const size_t from = wait_text(0, start);
    const size_t end = wait_text(from, "\n") - 1;
    snprintf(answer, sizeof(answer), "%.*s", (int)(end - from), text + from);
    if (!ends) {
        send_text(DETACH);
    }
    (void)wait_prompt(end);
    return answer;
}

void talk_guest_until(const char *guest, const char *command, const char *wanted)
{
    (void)tell_guest(guest, command);
    const size_t end = wait_text(0, wanted);
    send_text(DETACH);
    (void)wait_prompt(end);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - see console.h. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "interrupt.h"
#include "process.h"
#include "report.h"

#define TICK_MS 100 /* how late we may notice that a limit has passed */

/* What comes before the guest's own output, line by line. */
enum stage {
    STAGE_FIRMWARE, /* until hv says its name */
    STAGE_HV,       /* until hv has said what the machine has: then dom0 runs */
    STAGE_OPEN,     /* everything is passed on */
};

struct relay {
    const struct console *console;
    enum stage stage;
    struct buffer line;   /* the line that has not ended yet, while stage is not OPEN */
    bool carriage_return; /* a "\r" came last and was kept back */
    bool broken;          /* nobody reads our stdout any more */
};

static struct buffer held; /* console_show_held() */

/* ---- output -----------------------------------------------------------------------------------
 */

static void put(struct relay *relay, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0 && !relay->broken && !relay->console->discard) {
        const ssize_t done = write(STDOUT_FILENO, at, bytes);
        if (done < 0 && errno != EINTR && errno != EAGAIN) {
            relay->broken = true;
        }
        at += done > 0 ? done : 0;
        bytes -= done > 0 ? (size_t)done : 0;
    }
}

static void put_plain(struct relay *relay, const char *data, size_t bytes)
{
    struct buffer out = {0};
    for (size_t i = 0; i < bytes; i++) {
        if (relay->carriage_return && data[i] != '\n') {
            buffer_append(&out, "\r", 1);
        }
        relay->carriage_return = data[i] == '\r';
        if (!relay->carriage_return) {
            buffer_append(&out, &data[i], 1);
        }
    }
    put(relay, out.data, out.bytes);
    buffer_free(&out);
}

static void pass_on(struct relay *relay, const char *data, size_t bytes)
{
    if (relay->console->plain) {
        put_plain(relay, data, bytes);
    } else {
        put(relay, data, bytes);
    }
}

/*
 * hv/core/main.c prints "Mayfly hv VERSION" first and "... CPUs, TSC ..." last. A panic is shown
 * with all that came before it.
 */
static void end_of_line(struct relay *relay)
{
    buffer_append(&relay->line, "", 1);
    const char *line = (const char *)relay->line.data;
    const size_t bytes = relay->line.bytes - 1;
    buffer_append(&held, line, bytes);
    if (strstr(line, "Mayfly hv ") != NULL) {
        relay->stage = relay->console->guest_only ? STAGE_HV : STAGE_OPEN;
        buffer_free(&held);
        buffer_append(&held, line, bytes);
        if (relay->stage == STAGE_OPEN) {
            pass_on(relay, line, bytes);
            buffer_free(&held);
        }
    } else if (relay->stage == STAGE_HV && strstr(line, " CPUs, TSC ") != NULL) {
        relay->stage = STAGE_OPEN;
        buffer_free(&held);
    } else if (strstr(line, "PANIC") != NULL) {
        relay->stage = STAGE_OPEN;
        pass_on(relay, (const char *)held.data, held.bytes);
        buffer_free(&held);
    }
    relay->line.bytes = 0;
}

static void take(struct relay *relay, const char *data, size_t bytes)
{
    size_t at = 0;
    for (; at < bytes && relay->stage != STAGE_OPEN; at++) {
        buffer_append(&relay->line, &data[at], 1);
        if (data[at] == '\n') {
            end_of_line(relay);
        }
    }
    pass_on(relay, data + at, bytes - at);
}

void console_show_rest(void)
{
    if (held.bytes > 0) {
        fwrite(held.data, 1, held.bytes, stdout);
    }
    buffer_free(&held);
}

void console_show_held(void)
{
    bool escape = false; /* within "ESC [ ... letter" */
    for (size_t i = 0; i < held.bytes; i++) {
        const char c = (char)held.data[i];
        if (c == 27) {
            escape = true;
        } else if (!escape && c != '\r') {
            fputc(c, stderr);
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            escape = false;
        }
    }
    buffer_free(&held);
}

/* ---- QEMU's life ------------------------------------------------------------------------------
 */

struct life {
    pid_t pid;
    int pid_fd, out; /* out: its stdout; -1: at its end */
    long long start_ms;
    bool timed_out;
};

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static void kill_when_due(struct life *life, const struct relay *relay, int limit_ms)
{
    life->timed_out = limit_ms > 0 && now_ms() - life->start_ms >= limit_ms;
    if (life->timed_out || relay->broken || interrupt_pending() != 0) {
        kill(life->pid, SIGKILL);
    }
}

/* Returns when QEMU has ended and all that it wrote was passed on. */
static void follow(struct life *life, struct relay *relay, int limit_ms)
{
    char data[4096];
    bool ended = false;
    while (!ended || life->out >= 0) {
        struct pollfd fds[] = {{.fd = ended ? -1 : life->pid_fd, .events = POLLIN},
                               {.fd = life->out, .events = POLLIN}};
        if (interrupt_poll(fds, 2, limit_ms > 0 ? TICK_MS : -1) < 0) {
            fds[0].revents = fds[1].revents = 0;
        }
        if (fds[1].revents != 0) {
            const ssize_t got = read(life->out, data, sizeof(data));
            if (got > 0) {
                take(relay, data, (size_t)got);
            } else {
                close(life->out);
                life->out = -1;
            }
        }
        ended = ended || fds[0].revents != 0;
        if (!ended) {
            kill_when_due(life, relay, limit_ms);
        }
    }
}

int console_run(const struct strlist *argv, const struct console *console, int limit_ms)
{
    struct relay relay = {
        .console = console,
        .stage = console->guest_only || console->no_firmware ? STAGE_FIRMWARE : STAGE_OPEN,
    };
    struct termios terminal;
    int pipe_fds[2];
    buffer_free(&held);
    interrupt_catch();
    signal(SIGPIPE, SIG_IGN); /* relay.broken instead, so that everything is cleaned up */
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        report_error("cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    const bool has_terminal =
        tcgetattr(STDIN_FILENO, &terminal) == 0 && tcgetpgrp(STDIN_FILENO) == getpgrp();
    struct life life = {.out = pipe_fds[0], .start_ms = now_ms()};
    life.pid = process_start_guarded(argv, pipe_fds[1]);
    close(pipe_fds[1]);
    life.pid_fd = life.pid < 0 ? -1 : pidfd_open(life.pid, 0);
    if (life.pid_fd < 0) {
        close(pipe_fds[0]);
        return -1;
    }
    follow(&life, &relay, limit_ms);
    close(life.pid_fd);
    const int status = process_wait(life.pid);
    if (has_terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    }
    buffer_append(&held, relay.line.data, relay.line.bytes);
    buffer_free(&relay.line);
    return life.timed_out ? CONSOLE_TIMEOUT : relay.broken ? CONSOLE_UNREAD : status;
}

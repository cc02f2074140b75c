/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - see console.h. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "backlog.h"
#include "buffer.h"
#include "interrupt.h"
#include "process.h"
#include "report.h"

#define TICK_MS 100 /* how late we may notice that a limit has passed */

/* What comes before the guest's own output, line by line. */
enum stage {
    STAGE_FIRMWARE, /* until hv says its name */
    STAGE_HV,       /* until hv has said what the machine has */
    STAGE_UP,       /* dom0 runs */
};

struct relay {
    const struct console *console;
    enum stage stage;
    bool showing;         /* what comes is passed on; else it is held back */
    struct buffer line;   /* the line that has not ended yet, before STAGE_UP */
    bool carriage_return; /* a "\r" came last and was kept back */
    struct buffer out;    /* for our stdout, which did not take it yet */
    size_t out_at;        /* so much of it is written */
    int error;            /* of our stdout: nobody reads it any more (EPIPE), it is full, ... */
};

static struct buffer held; /* console_show_held() */

/* ---- output ---------------------------------------------------------------------------------- */

/*
 * What comes is kept until our stdout takes it: QEMU is not read meanwhile, so that its serial line
 * stands still, and the guest with it.
 */
static void put(struct relay *relay, const void *data, size_t bytes)
{
    if (relay->error == 0 && !relay->console->discard) {
        buffer_append(&relay->out, data, bytes);
    }
}

static bool has_output(const struct relay *relay)
{
    return relay->out_at < relay->out.bytes;
}

/* After poll() has said that stdout takes something: a pipe then takes PIPE_BUF without blocking. */
static void put_out(struct relay *relay)
{
    const size_t left = relay->out.bytes - relay->out_at;
    const ssize_t done =
        write(STDOUT_FILENO, relay->out.data + relay->out_at, left < PIPE_BUF ? left : PIPE_BUF);
    if (done < 0 && errno != EINTR && errno != EAGAIN) {
        relay->error = errno;
    }
    relay->out_at += done > 0 ? (size_t)done : 0;
    if (relay->error != 0 || !has_output(relay)) {
        relay->out.bytes = relay->out_at = 0;
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

/* hv/core/main.c prints "Mayfly hv VERSION" first and "... CPUs, TSC ..." last. */
static void end_of_line(struct relay *relay)
{
    const size_t bytes = relay->line.bytes;
    buffer_append(&relay->line, "", 1);
    const char *line = (const char *)relay->line.data;
    const bool was_showing = relay->showing;
    if (strstr(line, "Mayfly hv ") != NULL) {
        relay->stage = STAGE_HV;
        relay->showing = was_showing || !relay->console->guest_only;
        buffer_free(&held); /* the firmware's */
    } else if (relay->stage == STAGE_HV && strstr(line, " CPUs, TSC ") != NULL) {
        relay->stage = STAGE_UP;
        relay->showing = true;
        buffer_free(&held);
        relay->line.bytes = 0;
        return;
    } else if (strstr(line, "PANIC") != NULL) {
        relay->showing = true; /* with all that came before */
    }
    if (!was_showing) {
        buffer_append(&held, line, bytes);
    }
    if (relay->showing && !was_showing) {
        pass_on(relay, (const char *)held.data, held.bytes);
        buffer_free(&held);
    }
    relay->line.bytes = 0;
}

static void take(struct relay *relay, const char *data, size_t bytes)
{
    while (bytes > 0 && relay->stage != STAGE_UP) {
        const char *end = memchr(data, '\n', bytes);
        const size_t part = end == NULL ? bytes : (size_t)(end - data) + 1;
        buffer_append(&relay->line, data, part);
        if (relay->showing) {
            pass_on(relay, data, part);
        }
        if (end != NULL) {
            end_of_line(relay);
        }
        data += part;
        bytes -= part;
    }
    if (bytes > 0 && relay->console->guest_only) {
        put(relay, data, bytes); /* a guest's bytes are its own: it may well write a file */
    } else if (bytes > 0) {
        pass_on(relay, data, bytes);
    }
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

/* ---- input ------------------------------------------------------------------------------------ */

#define ESCAPE 0x10 /* of console-input = stream: dom0/conf.h */
#define END 0x04

struct input {
    int from, to; /* our stdin, -1: none (any more); QEMU's */
    bool is_stream;
    char data[512];
    size_t at, bytes; /* of data, not yet written */
};

/* A terminal of which we are not the foreground must not be read: that would stop us. */
static bool stdin_is_ours(void)
{
    return !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/*
 * There is no more input. QEMU's end of the pipe stays open: a serial line has no end of file, and
 * QEMU takes a hang-up of its stdin for one of its stdout, and then drops what that does not take.
 */
static void input_end(struct input *input)
{
    input->from = -1;
    input->bytes = 0;
}

/* There is no more to read: a stream's end is told. */
static void input_finish(struct input *input)
{
    static const char end[] = {ESCAPE, END};
    input_end(input);
    if (input->is_stream) {
        memcpy(input->data, end, sizeof(end));
        input->at = 0;
        input->bytes = sizeof(end);
    }
}

/* `bytes` of a stream are in the second half of the buffer: escaped, they may fill all of it. */
static size_t input_escape(struct input *input, size_t bytes)
{
    const char *const from = input->data + sizeof(input->data) / 2;
    size_t done = 0;
    for (size_t i = 0; i < bytes; i++) {
        const char c = from[i];
        if (c == ESCAPE) {
            input->data[done++] = ESCAPE;
        }
        input->data[done++] = c;
    }
    return done;
}

static void input_read(struct input *input)
{
    const size_t half = sizeof(input->data) / 2;
    char *const to = input->is_stream ? input->data + half : input->data;
    const ssize_t got = read(input->from, to, half);
    if (got > 0) {
        input->at = 0;
        input->bytes = input->is_stream ? input_escape(input, (size_t)got) : (size_t)got;
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        input_finish(input);
    }
}

static void input_write(struct input *input)
{
    const ssize_t done = write(input->to, input->data + input->at, input->bytes);
    if (done > 0) {
        input->at += (size_t)done;
        input->bytes -= (size_t)done;
    } else if (done < 0 && errno != EINTR && errno != EAGAIN) {
        input_end(input);
    }
}

/* What to wait for: room in QEMU's pipe when there is something to write, else something to read. */
static struct pollfd input_wait(const struct input *input, const struct relay *relay)
{
    if (input->bytes > 0) {
        return (struct pollfd){.fd = input->to, .events = POLLOUT};
    }
    return (struct pollfd){.fd = relay->stage == STAGE_UP ? input->from : -1, .events = POLLIN};
}

static void input_go_on(struct input *input)
{
    if (input->bytes > 0) {
        input_write(input);
    } else {
        input_read(input);
    }
}

/* ---- QEMU's life ------------------------------------------------------------------------------ */

struct life {
    pid_t pid;
    int pid_fd, out; /* out: its stdout; -1: at its end */
    struct input input;
    long long start_ms;
    bool timed_out, killed;
    bool is_up; /* it has written something: its ports are open */
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
    life->killed = life->timed_out || relay->error != 0 || interrupt_pending() != 0;
    if (life->killed) {
        kill(life->pid, SIGKILL);
    }
}

static void read_output(struct life *life, struct relay *relay)
{
    char data[4096];
    const ssize_t got = read(life->out, data, sizeof(data));
    if (got > 0) {
        if (!life->is_up) {
            life->is_up = true;
            backlog_widen(life->pid, life->pid_fd);
        }
        take(relay, data, (size_t)got);
    } else {
        close(life->out);
        life->out = -1;
    }
}

/* Whether there is more to do: what QEMU has written before we ended it need not be passed on. */
static bool goes_on(const struct life *life, const struct relay *relay, bool ended)
{
    return !ended || (!life->killed && (life->out >= 0 || has_output(relay)));
}

/* Returns when QEMU has ended and all that it wrote was passed on. */
static void follow(struct life *life, struct relay *relay, int limit_ms)
{
    bool ended = false;
    while (goes_on(life, relay, ended)) {
        struct pollfd fds[] = {{.fd = ended ? -1 : life->pid_fd, .events = POLLIN},
                               {.fd = has_output(relay) ? -1 : life->out, .events = POLLIN},
                               input_wait(&life->input, relay),
                               {.fd = has_output(relay) ? STDOUT_FILENO : -1, .events = POLLOUT}};
        if (interrupt_poll(fds, 4, limit_ms > 0 ? TICK_MS : -1) < 0) {
            fds[0].revents = fds[1].revents = fds[2].revents = fds[3].revents = 0;
        }
        if (fds[1].revents != 0) {
            read_output(life, relay);
        }
        if (fds[2].revents != 0) {
            input_go_on(&life->input);
        }
        if (fds[3].revents != 0) {
            put_out(relay);
        }
        ended = ended || fds[0].revents != 0;
        kill_when_due(life, relay, limit_ms);
    }
}

/* Starts QEMU with pipes as its stdout and, unless the terminal is to be its own, its stdin. */
static int begin(struct life *life, const struct strlist *argv, const struct console *console)
{
    const bool own_terminal = console->raw_input && isatty(STDIN_FILENO);
    int out[2], in[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) {
        report_error("cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    life->out = out[0];
    life->pid = process_start_guarded(argv, own_terminal ? -1 : in[0], out[1]);
    close(out[1]);
    close(in[0]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    life->input = (struct input){.from = STDIN_FILENO, .to = in[1], .is_stream = console->stream};
    if (own_terminal || !stdin_is_ours()) {
        input_end(&life->input);
    }
    life->pid_fd = life->pid < 0 ? -1 : pidfd_open(life->pid, 0);
    return life->pid_fd < 0 ? -1 : 0;
}

static int output_failed(int error)
{
    if (error == EPIPE) {
        return CONSOLE_UNREAD; /* `| head` has seen enough */
    }
    report_error("cannot write the output: %s", strerror(error));
    return CONSOLE_UNWRITTEN;
}

int console_run(const struct strlist *argv, const struct console *console, int limit_ms)
{
    struct relay relay = {
        .console = console,
        .showing = !console->guest_only && !console->no_firmware,
    };
    struct termios terminal;
    buffer_free(&held);
    interrupt_catch();
    signal(SIGPIPE, SIG_IGN); /* relay.error instead, so that everything is cleaned up */
    const bool has_terminal =
        tcgetattr(STDIN_FILENO, &terminal) == 0 && tcgetpgrp(STDIN_FILENO) == getpgrp();
    struct life life = {.start_ms = now_ms()};
    if (begin(&life, argv, console) != 0) {
        return -1;
    }
    follow(&life, &relay, limit_ms);
    close(life.input.to);
    close(life.pid_fd);
    const int status = process_wait(life.pid);
    if (has_terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    }
    if (!relay.showing) {
        buffer_append(&held, relay.line.data, relay.line.bytes);
    }
    buffer_free(&relay.line);
    buffer_free(&relay.out);
    return life.timed_out     ? CONSOLE_TIMEOUT
           : relay.error != 0 ? output_failed(relay.error)
                              : status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* serial.c - see serial.h. */
#include "shell/serial.h"

#include <stdint.h>
#include <string.h>

#include "mayfly/hypercall.h"
#include "shell/shell.h"
#include "tags.h"
#include "text/term.h"
#include "thread/idle.h"

#define DETACH 0x1d /* ctrl-] */
#define ESCAPE 0x10 /* DLE, of a stream */
#define END 0x04    /* EOT, behind it */
#define RETRY_NS (10 * MF_NS_PER_MS)

static bool has_shell;
static bool is_stream, is_escaped, has_ended; /* conf.h, console-input */
static char pending[256];                     /* typed, but the guest has not taken it yet */
static uint32_t pending_bytes;
static struct mf_timer retry;

void serial_attach(struct console *c)
{
    term_set_line(NULL);
    console_attach(c, true);
}

static void detach(void)
{
    console_attach(NULL, false);
    pending_bytes = 0;
    shell_prompt();
}

/* Gives the attached guest what is pending. Returns false when its ring is full. */
static bool push(struct console *c)
{
    const uint32_t done = console_type(c, pending, pending_bytes);
    pending_bytes -= done;
    memmove(pending, pending + done, pending_bytes);
    return pending_bytes == 0;
}

/* Takes the escapes of a stream out of what is pending. */
static void decode(void)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pending_bytes && !has_ended; i++) {
        const char c = pending[i];
        if (!is_escaped && c == ESCAPE) {
            is_escaped = true;
            continue;
        }
        has_ended = is_escaped && c == END;
        is_escaped = false;
        if (!has_ended) {
            pending[kept++] = c;
        }
    }
    pending_bytes = kept;
}

/* To the attached guest, up to ctrl-]. Returns the bytes used. */
static uint32_t feed_guest(struct console *c, const char *data, uint32_t bytes)
{
    const char *end = has_shell ? memchr(data, DETACH, bytes) : NULL;
    const uint32_t part = end == NULL ? bytes : (uint32_t)(end - data);
    memcpy(pending, data, part); /* nothing is pending here */
    for (uint32_t i = 0; i < part && has_shell; i++) {
        pending[i] = pending[i] == '\r' ? '\n' : pending[i]; /* the key Enter, as ICRNL does it */
    }
    pending_bytes = part;
    if (is_stream) {
        decode();
    }
    if (end != NULL) {
        push(c);
        detach();
        return part + 1;
    }
    return part;
}

static void feed(const char *data, uint32_t bytes)
{
    while (bytes > 0) {
        struct console *c = console_attached();
        uint32_t used = 1;
        if (c != NULL) {
            used = feed_guest(c, data, bytes);
        } else if (has_shell) {
            shell_feed(*data);
        }
        data += used;
        bytes -= used;
    }
}

/* Reads on as long as what is read can go somewhere. */
static void pump(void)
{
    char data[sizeof(pending)];
    for (;;) {
        struct console *c = console_attached();
        if (c == NULL) {
            pending_bytes = 0;
        } else if (pending_bytes > 0 && !push(c)) {
            mf_timer_set(&retry, mf_clock_deadline(RETRY_NS));
            return;
        }
        if (has_ended && c != NULL) {
            console_end_input(c);
            return;
        }
        const int64_t bytes = hv_console_read(data, sizeof(data));
        if (bytes <= 0) {
            return;
        }
        feed(data, (uint32_t)bytes);
    }
}

static void on_event(uint32_t tag, void *arg)
{
    (void)tag;
    (void)arg;
    pump();
}

static void on_retry(struct mf_timer *t)
{
    (void)t;
    pump();
}

void serial_init(bool shell, bool stream)
{
    static struct mf_event event = {TAG_SERIAL, 1, on_event, NULL, NULL};
    has_shell = shell;
    is_stream = stream;
    retry.expire = on_retry;
    mf_event_register(&event);
    if (hv_console_bind(TAG_SERIAL) < 0) {
        term_say("dom0: the serial line gives no input\n");
    }
    pump();
}

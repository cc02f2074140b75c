/* SPDX-License-Identifier: Apache-2.0 */
/* term.c - see term.h. */
#include "text/term.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "mayfly/hypercall.h"
#include "text/lineedit.h"
#include "thread/idle.h"

#define TEXT_BYTES 512
#define QUEUE_KEPT (TERM_QUEUE_BYTES / 2) /* not for a guest's console */
#define SOON_NS (1500 * 1000ul)           /* the line is asked again: 16 bytes take 1.4 ms... */
#define LATE_NS (16 * MF_NS_PER_MS)       /* ...less often while it does not move */
#define DEAD_NS (100 * MF_NS_PER_MS) /* a line that did not move for so long is not waited for */

static struct lineedit *line; /* borrows */

/* ---- the queue ------------------------------------------------------------------------------- */

static char queue[TERM_QUEUE_BYTES];
static uint32_t first, used; /* of the queue */
static uint64_t lost;        /* bytes, not told yet */
static bool is_dead;         /* the line was waited for in vain, and has not moved since */
static uint64_t retry_ns;
static void (*tell_room)(void), (*tell_drained)(void);

static void retry_expired(struct mf_timer *t);
static struct mf_timer retry = {.expire = retry_expired};

/* Writes what the line takes now. */
static uint32_t write_now(const char *data, uint32_t bytes)
{
    uint32_t done = 0;

    while (done < bytes) {
        const int64_t n = hv_console_write(data + done, bytes - done);
        if (n < 0) {
            return bytes; /* no console: nobody to tell */
        }
        if (n == 0) {
            break;
        }
        done += (uint32_t)n;
    }
    return done;
}

/* Returns whether anything went out. */
static bool flush(void)
{
    const uint32_t before = used;

    while (used != 0) {
        const uint32_t end = TERM_QUEUE_BYTES - first;
        const uint32_t part = used < end ? used : end;
        const uint32_t done = write_now(queue + first, part);
        first = (first + done) % TERM_QUEUE_BYTES;
        used -= done;
        if (done < part) {
            break;
        }
    }
    is_dead = is_dead && used == before;
    return used != before;
}

/* Queues what there is room for. */
static uint32_t append(const char *data, uint32_t bytes)
{
    uint32_t done = 0;

    if (used == 0) {
        first = 0; /* the queue's first page is in the cache */
    }
    while (done < bytes && used < TERM_QUEUE_BYTES) {
        queue[(first + used++) % TERM_QUEUE_BYTES] = data[done++];
    }
    if (!mf_timer_is_set(&retry)) {
        retry_ns = SOON_NS;
        mf_timer_set(&retry, mf_clock_deadline(retry_ns));
    }
    return done;
}

/* The queue is full. Returns whether there is room, after a while: a real line moves all the time. */
static bool wait_for_line(void)
{
    const uint64_t until_ns = mf_clock_deadline(DEAD_NS);

    while (!is_dead && !flush()) {
        is_dead = mf_clock_ns() >= until_ns;
        hv_yield();
    }
    return !is_dead;
}

void term_write(const char *data, uint32_t bytes)
{
    uint32_t done = used == 0 ? write_now(data, bytes) : 0;

    while (done < bytes) {
        done += append(data + done, bytes - done);
        if (done < bytes && !wait_for_line()) {
            lost += bytes - done;
            return;
        }
    }
}

uint32_t term_room(void)
{
    return used < TERM_QUEUE_BYTES - QUEUE_KEPT ? TERM_QUEUE_BYTES - QUEUE_KEPT - used : 0;
}

void term_lose(uint32_t bytes)
{
    lost += bytes;
}

void term_on_room(void (*has_room)(void))
{
    tell_room = has_room;
}

void term_drain(void (*then)(void))
{
    tell_drained = then;
    if (used == 0) {
        then();
    }
}

static void tell_lost(void)
{
    const uint64_t bytes = lost;

    lost = 0;
    term_say("\r\n[%llu bytes were lost here: the terminal did not take them]\n",
             (unsigned long long)bytes);
}

static void retry_expired(struct mf_timer *t)
{
    retry_ns = flush() ? SOON_NS : retry_ns < LATE_NS ? 2 * retry_ns : LATE_NS;
    if (lost != 0 && used < QUEUE_KEPT) {
        tell_lost();
    }
    if (tell_room != NULL && used == 0) {
        void (*const tell)(void) = tell_room;
        tell_room = NULL;
        tell();
    }
    if (used != 0) {
        mf_timer_set(t, mf_clock_deadline(retry_ns));
    } else if (tell_drained != NULL) {
        tell_drained();
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void write_formatted(const char *format, va_list args)
{
    char text[TEXT_BYTES];
    const int bytes = vsnprintf(text, sizeof(text), format, args);
    if (bytes > 0) {
        term_write(text, (uint32_t)bytes < sizeof(text) ? (uint32_t)bytes : sizeof(text) - 1);
    }
}

void term_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_formatted(format, args);
    va_end(args);
}

void term_begin(void)
{
    if (line != NULL) {
        lineedit_hide(line);
    }
}

void term_end(void)
{
    if (line != NULL) {
        lineedit_show(line);
    }
}

void term_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    term_begin();
    write_formatted(format, args);
    term_end();
    va_end(args);
}

void term_set_line(struct lineedit *e)
{
    line = e;
}

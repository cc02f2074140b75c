/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - see console.h. */
#include "guests/console.h"

#include <stdlib.h>
#include <string.h>

#include "files/ring.h"
#include "guests/infopage.h"
#include "mayfly/hypercall.h"
#include "text/term.h"
#include "time/clock.h"

#define FIRST_LOG_BYTES 256u

static struct console *attached;
static struct console *waiting; /* for the terminal; a list */

void console_open(struct console *c, void *window, const char *name, uint32_t port, bool may_show)
{
    static uint32_t serials;

    *c = (struct console){
        .window = window, .name = name, .port = port, .may_show = may_show, .serial = ++serials};
}

void console_inherit(struct console *c, struct console *parent)
{
    c->first = parent->first != NULL ? parent->first : parent;
    c->first_serial = parent->first != NULL ? parent->first_serial : parent->serial;
}

/* The first process's, if it is there. */
static struct console *first_of(struct console *c)
{
    return c->first != NULL && c->first->serial == c->first_serial ? c->first : c;
}

/* Whether the terminal shows what is written there. */
static bool is_on_terminal(struct console *c)
{
    return attached != NULL && (c == attached || first_of(c) == attached);
}

/* Makes room for `bytes` (at most half of CONSOLE_LOG_MAX): grows, then forgets the older half. */
static bool make_room(struct console *c, uint32_t bytes)
{
    while (bytes > (uint32_t)c->log_room - c->log_bytes && c->log_room < CONSOLE_LOG_MAX) {
        const uint32_t room = c->log_room == 0 ? FIRST_LOG_BYTES : c->log_room * 2u;
        char *const grown = realloc(c->log, room);
        if (grown == NULL) {
            break;
        }
        c->log = grown;
        c->log_room = (uint16_t)room;
    }
    if (bytes <= (uint32_t)c->log_room - c->log_bytes) {
        return true;
    }
    if (bytes > c->log_room / 2u) {
        return false;
    }
    const uint16_t cut = (uint16_t)(c->log_bytes - c->log_room / 2u);
    memmove(c->log, c->log + cut, (size_t)c->log_bytes - cut);
    c->log_bytes = (uint16_t)(c->log_bytes - cut);
    c->shown = (uint16_t)(c->shown > cut ? c->shown - cut : 0);
    return true;
}

/* Whether more may be shown in this second. */
static bool may_show_now(struct console *c)
{
    const uint16_t second = (uint16_t)(mf_clock_ns() / MF_NS_PER_S);
    if (second != c->second) {
        c->second = second;
        c->shown_in_second = 0;
    }
    return c->shown_in_second <= CONSOLE_SHOWN_MAX;
}

/* Name, text, newline; control characters become dots. */
static void show_line(struct console *c, const char *from, size_t bytes)
{
    char part[128];

    if (!may_show_now(c)) {
        return;
    }
    c->shown_in_second = (uint16_t)(c->shown_in_second + bytes);
    if (c->shown_in_second > CONSOLE_SHOWN_MAX) {
        term_printf("%s: [writes too much to be shown; `console %s` shows it]\n", c->name, c->name);
        return;
    }
    if (term_room() < sizeof(part) + bytes) {
        term_lose((uint32_t)bytes);
        return;
    }
    term_write(c->name, (uint32_t)strlen(c->name));
    term_write(": ", 2);
    for (size_t at = 0; at < bytes;) {
        uint32_t n = 0;
        for (; n < sizeof(part) && at < bytes; n++, at++) {
            part[n] = term_is_control(from, at) && from[at] != '\t' ? '.' : from[at];
        }
        term_write(part, n);
    }
    term_write("\n", 1);
}

/* Shows the complete lines that were not shown yet; `all`: the rest, too. */
static void show_lines(struct console *c, bool all)
{
    if (!c->may_show || c->shown == c->log_bytes ||
        (!all && memchr(c->log + c->shown, '\n', (size_t)c->log_bytes - c->shown) == NULL)) {
        return;
    }
    if (!may_show_now(c)) {
        c->shown = c->log_bytes;
        return;
    }
    term_begin();
    while (c->shown < c->log_bytes) {
        const char *from = c->log + c->shown;
        const size_t left = (size_t)c->log_bytes - c->shown;
        const char *end = memchr(from, '\n', left);
        if (end == NULL && !all) {
            break;
        }
        const size_t bytes = end == NULL ? left : (size_t)(end - from);
        show_line(c, from, bytes);
        c->shown = (uint16_t)(c->shown + bytes + (end != NULL));
    }
    term_end();
}

static void take_output(struct console *c, const char *data, uint32_t bytes)
{
    if (is_on_terminal(c)) {
        term_write(data, bytes);
    }
    if (make_room(c, bytes)) {
        memcpy(c->log + c->log_bytes, data, bytes);
        c->log_bytes = (uint16_t)(c->log_bytes + bytes);
    }
    if (is_on_terminal(c)) {
        c->shown = c->log_bytes;
    } else {
        show_lines(c, (uint32_t)c->log_bytes - c->shown > CONSOLE_LOG_MAX / 2);
    }
}

static void stop_waiting(struct console *c)
{
    struct console **link = &waiting;

    while (*link != NULL && *link != c) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = c->next;
    }
}

/* Each may have to wait again. */
static void terminal_has_room(void)
{
    struct console *c = waiting;

    waiting = NULL;
    for (struct console *next; c != NULL; c = next) {
        next = c->next;
        console_event(c);
    }
}

static void wait_for_terminal(struct console *c)
{
    stop_waiting(c);
    c->next = waiting;
    waiting = c;
    term_on_room(terminal_has_room);
}

/*
 * Moves what is in the ring now, but `most`. Bounded: a guest that goes on writing comes again by an
 * event.
 */
static void drain(struct console *c, uint32_t most)
{
    volatile struct mf_ring *const ring = &infopage_in(c->window)->console.out;
    const char *const data = (const char *)c->window + HV_INFO_PAGE + INFO_OUT;
    const uint32_t used = mf_ring_used(ring, INFO_OUT_BYTES);
    const bool was_full = used == INFO_OUT_BYTES;
    uint32_t left = used < most ? used : most;
    char part[INFO_OUT_BYTES / 2];

    if (left < used) {
        wait_for_terminal(c);
    }
    while (left > 0) {
        const size_t bytes = mf_ring_read(ring, data, INFO_OUT_BYTES, part,
                                          left < sizeof(part) ? left : sizeof(part));
        if (bytes == 0) {
            return;
        }
        take_output(c, part, (uint32_t)bytes);
        left -= (uint32_t)bytes;
    }
    if (was_full && most != 0) {
        hv_event_send(c->port);
    }
}

/* The terminal's guest waits for the terminal, with its family; others for nobody. */
static uint32_t room_for(struct console *c)
{
    return is_on_terminal(c) ? term_room() : INFO_OUT_BYTES;
}

void console_event(struct console *c)
{
    if (c->window == NULL) {
        return;
    }
    drain(c, room_for(c));
    /* Written while we read: the guest saw a ring that was not empty and sent nothing. */
    volatile struct mf_ring *const ring = &infopage_in(c->window)->console.out;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (mf_ring_used(ring, INFO_OUT_BYTES) != 0) {
        drain(c, room_for(c));
    }
}

void console_close(struct console *c)
{
    if (c->window != NULL) {
        drain(c, INFO_OUT_BYTES);
    }
    show_lines(c, true);
    stop_waiting(c);
    c->window = NULL;
    if (c == attached) {
        attached = NULL;
    }
}

void console_free(struct console *c)
{
    free(c->log);
    c->log = NULL;
    c->log_bytes = 0;
    c->log_room = 0;
    c->shown = 0;
}

void console_attach(struct console *c, bool show_log)
{
    attached = c;
    terminal_has_room(); /* others need not wait for it any more */
    if (c != NULL && show_log) {
        term_write(c->log, c->log_bytes);
    }
    if (c != NULL) {
        c->shown = c->log_bytes;
    }
}

struct console *console_attached(void)
{
    return attached;
}

uint32_t console_type(struct console *c, const char *data, uint32_t bytes)
{
    c = first_of(c)->window != NULL ? first_of(c) : c;
    if (c->window == NULL) {
        return bytes;
    }
    volatile struct mf_ring *const ring = &infopage_in(c->window)->console.in;
    char *const to = (char *)c->window + HV_INFO_PAGE + INFO_IN;
    const size_t done = mf_ring_write(ring, to, INFO_IN_BYTES, data, bytes);

    if (done > 0) { /* people type slowly: no need to find out whether the guest is awake */
        hv_event_send(c->port);
    }
    return (uint32_t)done;
}

void console_end_input(struct console *c)
{
    if (c->window != NULL) {
        struct mf_console *const console = &infopage_in(c->window)->console;
        __atomic_fetch_or(&console->flags, MF_CONSOLE_INPUT_END, __ATOMIC_RELEASE);
        hv_event_send(c->port);
    }
}

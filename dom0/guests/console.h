/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - consoles of guests: what a guest writes goes to its log (bounded, allocated when it
 * first writes), and to the terminal: raw while the terminal is attached to it, else as lines with
 * the guest's name in front, when output is shown. What is typed goes to the attached guest.
 *
 * The processes of a family have one terminal: that of the first one shows what all write, and what is
 * typed is the first one's, which the others ask for it.
 *
 * Lines are shown without control characters: a guest cannot steer the terminal, or pose as
 * another one. A guest that writes more than CONSOLE_SHOWN_MAX in a second is not shown until the
 * next.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mayfly/info.h"

#define CONSOLE_LOG_MAX 4096u
#define CONSOLE_SHOWN_MAX 8192u /* bytes per second */

struct console {
    void *window;     /* borrows: of the guest; NULL: closed */
    const char *name; /* borrows: of the guest */
    uint32_t port;    /* dom0's end */
    uint16_t log_bytes, log_room;
    uint16_t shown;           /* bytes of the log that were shown as lines */
    bool may_show;            /* lines of this guest may be shown */
    uint16_t second;          /* the low bits of the second in which... */
    uint16_t shown_in_second; /* ...so much was shown */
    uint32_t serial;          /* no other console ever had it */
    uint32_t first_serial;    /* of first, which may be another's by now */
    struct console *first;    /* borrows: of the family's first process; NULL: this one */
    struct console *next;     /* of those that wait for the terminal */
    char *log;                /* owns */
};

/** Starts with a fresh window. */
void console_open(struct console *c, void *window, const char *name, uint32_t port, bool may_show);

/** The guest of `c` was forked by that of `parent`. */
void console_inherit(struct console *c, struct console *parent);

/** The guest has written, or has taken input: an event came. */
void console_event(struct console *c);

/** Takes what the guest wrote last; the window is gone afterwards. The log stays. */
void console_close(struct console *c);

/** Frees the log. */
void console_free(struct console *c);

/** Attaches the terminal: shows the log of `c`, then everything raw. NULL: to no guest. */
void console_attach(struct console *c, bool show_log);

/** The attached console, or NULL. */
struct console *console_attached(void);

/** Nothing will be typed for it any more. */
void console_end_input(struct console *c);

/** Bytes typed for the attached console. Returns how many fit. */
uint32_t console_type(struct console *c, const char *data, uint32_t bytes);

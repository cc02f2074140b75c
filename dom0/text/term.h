/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term.h - dom0's terminal: the machine's serial line. Output only; serial.c hands input around.
 *
 * What the line does not take at once stands in a queue of TERM_QUEUE_BYTES and goes out from a
 * timer, so nothing waits for a slow line or a slow reader (`mayfly run ... | less`) but
 *   - a guest whose console the terminal is: no more is taken from it than there is room for
 *     (term_room()), so it blocks when its ring is full, as at a pipe;
 *   - a command that prints more than the queue holds: as long as the line moves.
 * What is printed while the queue is full and the line does not move is lost; how much is said once
 * it moves again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lineedit;

#define TERM_QUEUE_BYTES 16384u

/** Writes bytes as they are. */
void term_write(const char *data, uint32_t bytes);

/**
 * How much that comes from guests may be written now. Part of the queue is kept for what cannot wait.
 */
uint32_t term_room(void);

/** Counts bytes as lost that somebody did not even write, as there was no room. */
void term_lose(uint32_t bytes);

/** Whoever asked term_room() and got too little is called when there is some; one at a time. */
void term_on_room(void (*has_room)(void));

/** `then` is called, once, when all has gone out: at once, or from a timer. */
void term_drain(void (*then)(void));

/** Prints, at most 511 characters: the answer to a command. */
void term_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Prints something that nobody at the terminal asked for, at most 511 characters: the line being
 * edited is taken away meanwhile. The text ends with a newline.
 */
void term_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The line that is being edited; NULL: none. Borrows. */
void term_set_line(struct lineedit *e);

/** Brackets around several term_write() that nobody asked for. */
void term_begin(void);
void term_end(void);

/**
 * Whether text[at], of what a guest says, is not for a terminal: a control character, or the second
 * byte of one of U+0080 to U+009F in UTF-8, of which U+009B is as good as ESC [ to some.
 */
static inline bool term_is_control(const char *text, size_t at)
{
    const unsigned char b = (unsigned char)text[at];

    return b < ' ' || b == 0x7f ||
           (b >= 0x80 && b < 0xa0 && at > 0 && (unsigned char)text[at - 1] == 0xc2);
}

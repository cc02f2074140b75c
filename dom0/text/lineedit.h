/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lineedit.h - editing of one line on a terminal, and the lines before it. Fed byte by byte; writes
 * echo and redraws through a function. Debian has no such library for targets without termios.
 *
 * Keys: arrows, Home/End, Delete, Backspace; ctrl-A/E start/end, ctrl-B/F left/right, ctrl-D
 * delete, ctrl-K/U cut to end/start, ctrl-W cut word, ctrl-C drop the line, ctrl-L clear, ctrl-P/N
 * history.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINEEDIT_BYTES 512
#define LINEEDIT_HISTORY 32

enum lineedit_result {
    LINEEDIT_MORE,
    LINEEDIT_LINE,     /* `text` is a line */
    LINEEDIT_DROPPED,  /* by ctrl-C */
    LINEEDIT_COMPLETE, /* the tab key */
};

struct lineedit {
    void (*write)(const char *data, uint32_t bytes);
    const char *prompt;
    uint32_t bytes, cursor;
    uint32_t history_count, history_at; /* at: 0 is the line being edited, 1 the one before... */
    uint8_t escape;                     /* how much of an escape sequence has arrived */
    char escape_digit;
    char text[LINEEDIT_BYTES];   /* NUL-terminated */
    char edited[LINEEDIT_BYTES]; /* what was being edited before the history was looked at */
    char history[LINEEDIT_HISTORY][LINEEDIT_BYTES];
};

/** Starts a new line: shows the prompt. */
void lineedit_begin(struct lineedit *e);

/** Takes one byte from the terminal. */
enum lineedit_result lineedit_feed(struct lineedit *e, char c);

/** Something else is to be printed: takes prompt and line off the screen; then shows them again. */
void lineedit_hide(struct lineedit *e);
void lineedit_show(struct lineedit *e);

/** Inserts text at the cursor. */
void lineedit_insert(struct lineedit *e, const char *text, uint32_t bytes);

/* SPDX-License-Identifier: Apache-2.0 */
/* term.h - dom0's terminal: the machine's serial line. Output only; main.c hands input around. */
#pragma once

#include <stdint.h>

struct lineedit;

/** Writes bytes as they are. */
void term_write(const char *data, uint32_t bytes);

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

/* SPDX-License-Identifier: Apache-2.0 */
/* serial.h - what is typed on the serial line: to the shell, or to the guest that it is attached
 * to. */
#pragma once

#include <stdbool.h>

#include "guests/console.h"

/**
 * Registers for input. has_shell false: all goes to the attached guest, ctrl-] too. is_stream: it is
 * escaped, and ends, as conf.h says for console-input.
 */
void serial_init(bool has_shell, bool is_stream);

/** Attaches the terminal to a guest. */
void serial_attach(struct console *c);

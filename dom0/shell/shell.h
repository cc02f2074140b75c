/* SPDX-License-Identifier: Apache-2.0 */
/* shell.h - the commands that a person types on the serial line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Shows the prompt for the first time. */
void shell_start(void);

/** Whether a command is being waited for. */
bool shell_is_waiting(void);

/** One byte from the terminal. */
void shell_feed(char c);

/** The terminal has come back from a guest: shows the prompt. */
void shell_prompt(void);

/** The guest in this slot has ended; if the terminal was attached to it, it comes back. `is_news`: say
 * so. */
void shell_guest_ended(uint32_t slot, bool is_news);

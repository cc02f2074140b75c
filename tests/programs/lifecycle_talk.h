/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle_talk.h - how a test types into dom0's shell and into the console of a guest: the file
 * that holds the serial line's output, and the FIFO that is its input (tests/lib/system.bash).
 * What does not answer within TALK_LIMIT_S, and every write error, ends the program with status 1.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#define TALK_LIMIT_S 60

/** Opens both; waits for the shell's prompt. */
void talk_open(const char *input, const char *serial);

/** A command; returns what it printed, without the prompt. Valid until the next call. */
const char *talk_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Attaches to the console of `guest` and gives it one command (`tests/guest/programs/ledger.c`);
 * returns its answer, without the newline. `ends`: the guest ends with it.
 */
const char *talk_guest(const char *guest, bool ends, const char *command);

/** Gives it a command that it does not answer to; waits for `text` on the serial line. */
void talk_guest_until(const char *guest, const char *command, const char *text);

/** Waits for a text that was or will be printed since the last command was typed. */
void talk_wait(const char *text);

/** Ends the program: prints the message and the end of what was printed. */
_Noreturn void talk_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

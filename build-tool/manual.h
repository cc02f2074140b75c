/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manual.h - what the program says about itself: `mayfly --help`, man pages and the completion of
 * bash, all from the same descriptions (struct command).
 */
#pragma once

#include <stdio.h>

#include "command.h"

struct manual {
    const char *summary;
    const char *examples;                  /* lines, not indented */
    const struct command *const *commands; /* ends with NULL */
};

/** `mayfly --help`. */
void manual_print_help(const struct manual *manual, FILE *out);

/**
 * A man page on stdout (the macros of man(7)): of the program for "mayfly", of a command for
 * "mayfly-NAME". Returns -1 when there is no such command.
 */
int manual_print_page(const struct manual *manual, const char *page);

/** A script for bash on stdout that completes commands, options and files. */
void manual_print_completion(const struct manual *manual);

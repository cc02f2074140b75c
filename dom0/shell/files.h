/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h - the shell's commands on files of running and paused guests: files, cat, write, cp. The
 * guest's own runtime does the work (service.h), piece by piece.
 */
#pragma once

#include <stdbool.h>

/**
 * Carries out a command, words[0] being its name, and prints what comes of it. Returns false when
 * that is done; true: it calls done() later. The words must stay till then, and there must not be
 * another command.
 */
bool files_run(int count, char *const words[], void (*done)(void));

/** Ends the command under way after the piece that is being worked on. */
void files_cancel(void);

/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle.h - the shell's commands on templates and running guests: snapshot, clone, rollback,
 * warm, tree, remove. */
#pragma once

#include <stdbool.h>

/**
 * Carries out a command, words[0] being its name, and prints what comes of it. Returns false when
 * that is done; true: it waits for a guest and calls done() later. The words must stay till then,
 * and there must not be another command.
 */
bool lifecycle_run(int count, char *const words[], void (*done)(void));

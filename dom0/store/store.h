/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the shell's commands on saved templates: save, saved, restore, copy, forget. They work
 * on a thread of their own; everything else goes on meanwhile. A guest is saved by a snapshot of it.
 */
#pragma once

#include <stdbool.h>

/**
 * Begins a command, words[0] being its name; it prints what comes of it and then calls done().
 * Returns true. False: it could not begin, and said so. The words must stay till done(), and there
 * must not be another command that makes or removes templates.
 */
bool store_run(int count, char *const words[], void (*done)(void));

/** Ends a save or a restore that is under way, as if it had not begun; it still calls done(). */
void store_cancel(void);

/* SPDX-License-Identifier: Apache-2.0 */
/* lifecycle.h - the shell's commands on templates and running guests: snapshot, clone, rollback,
 * warm, tree, remove. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct guest;
struct launch_source;

/** What clones of a paused guest get; `handle`: of the guest, or of a frozen clone of it. */
void lifecycle_describe(const struct guest *g, uint32_t handle, struct launch_source *s);

/**
 * Carries out a command, words[0] being its name, and prints what comes of it. Returns false when
 * that is done; true: it waits for a guest and calls done() later. The words must stay till then,
 * and there must not be another command.
 */
bool lifecycle_run(int count, char *const words[], void (*done)(void));

/** As the command `snapshot GUEST`, but its name is not printed: see lifecycle_name(). */
bool lifecycle_snapshot(char *guest, void (*done)(void));

/** Ends a `warm` that waits for its guest, soon; other commands do not wait long. */
void lifecycle_cancel(void);

/**
 * Where a guest and a template can have the same name (an image's: template.h) it means the guest, and
 * `template:NAME` the template: returns NAME, or what it got.
 */
const char *lifecycle_template(const char *name);

/** What the last snapshot is called, or was to be; "": none. Borrows, till the next command. */
const char *lifecycle_name(void);

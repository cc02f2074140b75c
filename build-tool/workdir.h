/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workdir.h - the temporary folder of this run, and TMPDIR of what we start. It is removed when the
 * program ends by exit(); workdir_path() turns SIGINT, SIGTERM and SIGHUP into that (interrupt.h).
 * When the program is killed, a child that waits for that, and for the end of all that was started,
 * removes it.
 */
#pragma once

/** Makes the folder (below TMPDIR or /tmp) at the first call. NULL when that fails (reported). */
const char *workdir_path(void);

/** Removes it now, with all that is in it. */
void workdir_remove(void);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - the console: the rings of the info page, or, where there are none and the domain may
 * use it (dom0), the machine's serial line; else output vanishes and input never comes.
 */
#pragma once

#include <stddef.h>

#include "fd/fd.h"

/** The console as an open file: descriptors 0, 1 and 2, /dev/console. A static object. */
extern struct mf_open_file mf_console;

/** Writes all of it without letting another thread run: for faults and the end of the guest. */
void mf_console_write_now(const void *data, size_t bytes);

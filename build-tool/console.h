/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h - runs QEMU and passes on what the machine's serial line says, and what comes in on our
 * stdin. Input waits until hv is up: firmware would take it, and what the UART holds when hv starts
 * is lost.
 *
 * Who reads our stdout slowly makes the guest wait: what it does not take is not taken from QEMU, and
 * QEMU's serial line then stands still.
 */
#pragma once

#include <stdbool.h>

#include "strlist.h"

#define CONSOLE_TIMEOUT (-2)
#define CONSOLE_UNREAD (-3)    /* nobody reads our stdout any more */
#define CONSOLE_UNWRITTEN (-4) /* it cannot be written: reported */

struct console {
    bool raw_input;   /* a terminal belongs to QEMU, which passes on each key, not lines */
    bool discard;     /* the serial line is not to be seen */
    bool no_firmware; /* hold back what the firmware says, unless hv does not come up */
    bool guest_only;  /* likewise, and what hv says while it boots */
    bool plain;       /* "\r\n" becomes "\n": for files and pipes */
    bool stream;      /* our stdin is no terminal: dom0 is told of its end (dom0/conf.h) */
};

/**
 * Runs the command until it ends, `limit_ms` pass (0: no limit) or a signal asks us to end
 * (interrupt.h); QEMU is then killed: nothing of it is kept. The terminal is left as it was.
 * Returns QEMU's exit status (128 + signal), CONSOLE_TIMEOUT, CONSOLE_UNREAD, CONSOLE_UNWRITTEN,
 * or -1 when it did not start (reported).
 */
int console_run(const struct strlist *argv, const struct console *console, int limit_ms);

/**
 * For a machine that ran and ended as it should: what hv and all behind it said, on stdout, if it
 * was held back (guest_only) to the end because hv's last line of the boot never came.
 */
void console_show_rest(void);

/** What was held back (guest_only) and never shown, on stderr: for when the machine did not
 * boot. */
void console_show_held(void);

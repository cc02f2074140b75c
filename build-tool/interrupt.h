/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP as an orderly end. Once caught, they are blocked but
 * while we wait for something (interrupt_poll()), so no code of ours is ever cut in the middle.
 */
#pragma once

#include <poll.h>

/** From now on they no longer end the program at once. May be called again. */
void interrupt_catch(void);

/** The signal that asked us to end, or 0. */
int interrupt_pending(void);

/** poll() during which they may arrive; a negative timeout waits without an end. */
int interrupt_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

/** Ends the program the way the signal would have, if there was one. For the end of main(). */
void interrupt_finish(void);

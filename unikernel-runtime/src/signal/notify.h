/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - struct sigevent: how timers and asynchronous I/O tell the application. */
#pragma once

#include <signal.h>
#include <stdbool.h>

/** Whether the kind of notice, the signal or the function are such as POSIX allows. */
bool mf_notice_is_valid(const struct sigevent *event);

/** SIGEV_THREAD: starts a detached thread that runs the function. Returns 0 or a negative errno. */
int mf_notice_thread(const struct sigevent *event);

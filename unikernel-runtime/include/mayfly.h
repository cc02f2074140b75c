/* SPDX-License-Identifier: Apache-2.0 */
/* mayfly.h - what a guest can say that POSIX has no words for. */
#pragma once

#include <sys/cdefs.h>

__BEGIN_DECLS
/**
 * Tells dom0 that the application serves now. The first accept() or epoll_wait() says so too; later
 * calls do nothing.
 */
void mf_ready(void);

/**
 * Has fn(arg) called when this guest finds itself to be a clone of a running one (or rolled back):
 * before the program goes on, after its network has new addresses and its connections are reset.
 * Functions are called in the order of registration, for ever, on the stack of whatever thread
 * notices first; they must not block. In clones of clones they are called again. Returns 0, or -1
 * with errno ENOMEM.
 */
int mf_on_clone(void (*fn)(void *), void *arg);
__END_DECLS

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
__END_DECLS

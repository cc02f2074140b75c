/* SPDX-License-Identifier: Apache-2.0 */
/* ucontext.h - contexts of execution on stacks of one's own (POSIX.1-2001). */
#pragma once

#include <signal.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
int getcontext(ucontext_t *context);
/* Six arguments at most may be wider than int (System V ABI); uc_link NULL ends the thread. */
void makecontext(ucontext_t *context, void (*function)(void), int argc, ...);
int setcontext(const ucontext_t *context);
int swapcontext(ucontext_t *__restrict old, const ucontext_t *__restrict next);
__END_DECLS

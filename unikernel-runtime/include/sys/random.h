/* SPDX-License-Identifier: Apache-2.0 */
/* sys/random.h - random bytes, as Linux has it (getrandom(2)). */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2

__BEGIN_DECLS
int getentropy(void *buffer, size_t bytes);
ssize_t getrandom(void *buffer, size_t bytes, unsigned int flags);
__END_DECLS

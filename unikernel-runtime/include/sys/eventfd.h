/* SPDX-License-Identifier: Apache-2.0 */
/* sys/eventfd.h - a counter behind a descriptor, as Linux has it (eventfd(2)). */
#pragma once

#include <stdint.h>
#include <sys/cdefs.h>

#define EFD_SEMAPHORE 0x1
#define EFD_NONBLOCK 0x4000 /* newlib's O_NONBLOCK */
#define EFD_CLOEXEC 0x40000 /* newlib's O_CLOEXEC */

typedef uint64_t eventfd_t;

__BEGIN_DECLS
int eventfd(unsigned int value, int flags);
int eventfd_read(int fd, eventfd_t *value);
int eventfd_write(int fd, eventfd_t value);
__END_DECLS

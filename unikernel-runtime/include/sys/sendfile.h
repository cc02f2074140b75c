/* SPDX-License-Identifier: Apache-2.0 */
/* sys/sendfile.h - from one descriptor to another, as Linux has it (sendfile(2)). */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS
ssize_t sendfile(int out, int in, off_t *offset, size_t bytes);
__END_DECLS

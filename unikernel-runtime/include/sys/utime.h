/* SPDX-License-Identifier: Apache-2.0 */
/* sys/utime.h - times of a file; newlib's <utime.h> is this. */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

struct utimbuf {
    time_t actime;
    time_t modtime;
};

__BEGIN_DECLS
int utime(const char *path, const struct utimbuf *times);
__END_DECLS

/* SPDX-License-Identifier: Apache-2.0 */
/* sys/prctl.h - what of Linux' prctl() has a meaning in a guest; all else fails with EINVAL. */
#pragma once

#include <sys/cdefs.h>

#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_SET_NAME 15 /* of the calling thread: 15 characters, more are left out */
#define PR_GET_NAME 16 /* to a buffer of 16 bytes */
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39

__BEGIN_DECLS
int prctl(int option, ...);
__END_DECLS

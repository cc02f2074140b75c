/* SPDX-License-Identifier: Apache-2.0 */
/* sys/un.h - names of AF_UNIX sockets (POSIX.1-2008; abstract names and autobind as Linux has them). */
#pragma once

#include <sys/socket.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108]; /* abstract: the first byte is NUL; the length says where the name ends */
};

#define SUN_LEN(address)                                                                           \
    (__builtin_offsetof(struct sockaddr_un, sun_path) + strlen((address)->sun_path))

/* Who includes this gets AF_UNIX linked: socket() finds it only when it is there. */
__asm__(".globl mf_unix_open");

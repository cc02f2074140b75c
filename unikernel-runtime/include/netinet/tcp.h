/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/tcp.h - options of TCP sockets, Linux numbers. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define SOL_TCP 6

#define TCP_NODELAY 1
#define TCP_MAXSEG 2
#define TCP_KEEPIDLE 4
#define TCP_KEEPINTVL 5
#define TCP_KEEPCNT 6

/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/ip.h - values of the IP_TOS option. */
#pragma once

#include <netinet/in.h>

#define IPTOS_LOWDELAY 0x10
#define IPTOS_THROUGHPUT 0x08
#define IPTOS_RELIABILITY 0x04
#define IPTOS_MINCOST 0x02

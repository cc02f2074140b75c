/* SPDX-License-Identifier: Apache-2.0 */
/* netinet/udp.h - options of UDP sockets. */
#pragma once

#define SOL_UDP 17

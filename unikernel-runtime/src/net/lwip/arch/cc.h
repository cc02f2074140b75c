/* SPDX-License-Identifier: Apache-2.0 */
/* cc.h - the compiler and the C library, as lwIP wants to know them. */
#pragma once

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LWIP_NO_UNISTD_H 1
#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1
#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif

#define lwip_htons(x) __builtin_bswap16((u16_t)(x))
#define lwip_htonl(x) __builtin_bswap32((u32_t)(x))

typedef unsigned long sys_prot_t;

uint32_t mf_net_random(void);
void mf_net_panic(const char *message) __attribute__((noreturn));
uint16_t mf_checksum_add(const void *data, int bytes);

#define LWIP_RAND() mf_net_random()
#define LWIP_PLATFORM_DIAG(x)                                                                      \
    do {                                                                                           \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x) mf_net_panic(x)

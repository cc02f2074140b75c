/* SPDX-License-Identifier: Apache-2.0 */
/* service.h - well-known ports by name. */
#pragma once

#include <stdint.h>

struct mf_service {
    const char *name;
    uint16_t port;
    uint8_t protocols; /* 1: tcp, 2: udp */
};

/** protocol: "tcp", "udp" or NULL (either). NULL when there is none. */
const struct mf_service *mf_service_by_name(const char *name, const char *protocol);
const struct mf_service *mf_service_by_port(uint16_t port, const char *protocol);

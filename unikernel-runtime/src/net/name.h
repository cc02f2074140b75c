/* SPDX-License-Identifier: Apache-2.0 */
/* name.h - from a host's name to addresses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mf_name_address {
    int family; /* AF_INET, AF_INET6 */
    uint8_t bytes[16];
};

/**
 * Looks `name` up; blocks for DNS. family: AF_UNSPEC for both. is_numeric: numbers only. Returns
 * how many of addresses[0..max) it filled in, or a negative EAI_*.
 */
int mf_name_find(const char *name, int family, bool is_numeric, struct mf_name_address *addresses,
                 int max);

/** "Any" (to listen) or the loopback (to connect) in addresses[0..2). Returns how many. */
int mf_name_default(int family, bool is_passive, struct mf_name_address *addresses);

/** The name of one of our own addresses: "localhost" or the guest's. False: not ours, or no room. */
bool mf_name_of_address(int family, const void *address, char *name, size_t bytes);

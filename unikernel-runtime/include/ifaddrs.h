/* SPDX-License-Identifier: Apache-2.0 */
/* ifaddrs.h - the addresses of the network interfaces, as Linux and the BSDs have it. */
#pragma once

#include <sys/cdefs.h>
#include <sys/socket.h>

struct ifaddrs {
    struct ifaddrs *ifa_next;
    char *ifa_name;
    unsigned int ifa_flags; /* IFF_* of net/if.h */
    struct sockaddr *ifa_addr;
    struct sockaddr *ifa_netmask;
    struct sockaddr *ifa_dstaddr; /* the broadcast address of an IPv4 one, or NULL */
    void *ifa_data;               /* NULL */
};

#define ifa_broadaddr ifa_dstaddr

__BEGIN_DECLS
void freeifaddrs(struct ifaddrs *list);
int getifaddrs(struct ifaddrs **list);
__END_DECLS

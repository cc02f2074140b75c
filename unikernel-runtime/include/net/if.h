/* SPDX-License-Identifier: Apache-2.0 */
/* net/if.h - network interfaces by name and number (POSIX.1-2008): 1 is "lo", 2 is "eth0". */
#pragma once

#include <sys/cdefs.h>
#include <sys/socket.h>

#define IF_NAMESIZE 16
#define IFNAMSIZ IF_NAMESIZE

#define IFF_UP 0x1
#define IFF_BROADCAST 0x2
#define IFF_LOOPBACK 0x8
#define IFF_RUNNING 0x40

#define IFF_MULTICAST 0x1000

struct ifreq {
    char ifr_name[IFNAMSIZ];
    union {
        struct sockaddr ifr_addr;
        struct sockaddr ifr_dstaddr;
        struct sockaddr ifr_broadaddr;
        struct sockaddr ifr_netmask;
        struct sockaddr ifr_hwaddr;
        short ifr_flags;
        int ifr_ifindex;
        int ifr_metric;
        int ifr_mtu;
        char *ifr_data;
    };
};

struct ifconf {
    int ifc_len; /* bytes */
    union {
        char *ifc_buf;
        struct ifreq *ifc_req;
    };
};

struct if_nameindex {
    unsigned int if_index;
    char *if_name;
};

__BEGIN_DECLS
void if_freenameindex(struct if_nameindex *list);
char *if_indextoname(unsigned int index, char *name);
struct if_nameindex *if_nameindex(void);
unsigned int if_nametoindex(const char *name);
__END_DECLS

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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interface.c - net/if.h and ifaddrs.h. There are at most two interfaces; their numbers are lwIP's,
 * their names those that programs know from Linux.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/netif.h"
#include "net/net.h"
#include "start/info.h"

#define INTERFACES_MAX 2

static const char *const names[] = {NULL, "lo", "eth0"}; /* by number */

static struct netif *find_interface(unsigned int number)
{
    mf_net_start();
    return number == 0 || number > INTERFACES_MAX ? NULL : netif_get_by_index((u8_t)number);
}

/* ---- net/if.h ----------------------------------------------------------------------------- */

unsigned int if_nametoindex(const char *name)
{
    for (unsigned int i = 1; i <= INTERFACES_MAX; i++) {
        if (strcmp(names[i], name) == 0 && find_interface(i) != NULL) {
            return i;
        }
    }
    errno = ENODEV;
    return 0;
}

char *if_indextoname(unsigned int index, char *name)
{
    if (find_interface(index) == NULL) {
        errno = ENXIO;
        return NULL;
    }
    return strcpy(name, names[index]);
}

struct if_nameindex *if_nameindex(void)
{
    struct if_nameindex *const list = calloc(INTERFACES_MAX + 1, sizeof(*list));
    size_t count = 0;

    if (list == NULL) {
        errno = ENOBUFS;
        return NULL;
    }
    for (unsigned int i = 1; i <= INTERFACES_MAX; i++) {
        if (find_interface(i) != NULL) {
            list[count].if_index = i;
            list[count++].if_name = (char *)(uintptr_t)names[i];
        }
    }
    return list;
}

void if_freenameindex(struct if_nameindex *list)
{
    free(list);
}

/* ---- ifaddrs.h ---------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* One entry of the list, with all that it points to. */
struct entry {
    struct ifaddrs info; /* first */
    union address address, mask, broadcast;
};

static struct entry *make_entry(const struct netif *netif)
{
    struct entry *const e = calloc(1, sizeof(*e));

    if (e == NULL) {
        return NULL;
    }
    const bool is_loopback = netif_get_index(netif) == 1;
    e->info.ifa_name = (char *)(uintptr_t)names[netif_get_index(netif)];
    e->info.ifa_flags = IFF_UP | IFF_RUNNING | (is_loopback ? IFF_LOOPBACK : IFF_BROADCAST);
    e->info.ifa_addr = &e->address.any;
    e->info.ifa_netmask = &e->mask.any;
    return e;
}

static struct entry *make_ip4_entry(const struct netif *netif)
{
    struct entry *const e = make_entry(netif);
    const uint32_t address = ip4_addr_get_u32(netif_ip4_addr(netif));
    const uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(netif));

    if (e == NULL) {
        return NULL;
    }
    e->address.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = address};
    e->mask.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = mask};
    if ((e->info.ifa_flags & IFF_BROADCAST) != 0) {
        e->broadcast.in =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = address | ~mask};
        e->info.ifa_broadaddr = &e->broadcast.any;
    }
    return e;
}

static unsigned int prefix_bits(const ip6_addr_t *address)
{
    if (ip6_addr_isloopback(address)) {
        return 128;
    }
    return ip6_addr_islinklocal(address) ? 64 : mf_info()->net.ip6_prefix;
}

static struct entry *make_ip6_entry(const struct netif *netif, s8_t index)
{
    struct entry *const e = make_entry(netif);
    const ip6_addr_t *const address = netif_ip6_addr(netif, index);
    uint8_t *mask;

    if (e == NULL) {
        return NULL;
    }
    e->address.in6.sin6_family = AF_INET6;
    e->address.in6.sin6_scope_id = ip6_addr_zone(address);
    memcpy(&e->address.in6.sin6_addr, address->addr, 16);
    e->mask.in6.sin6_family = AF_INET6;
    mask = (uint8_t *)&e->mask.in6.sin6_addr;
    for (unsigned int bit = 0; bit < prefix_bits(address); bit++) {
        mask[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
    }
    return e;
}

/* Appends the addresses of one interface. Returns false when there is no memory. */
static bool add_addresses(struct ifaddrs ***link, const struct netif *netif)
{
    for (s8_t i = -1; i < LWIP_IPV6_NUM_ADDRESSES; i++) { /* -1: the IPv4 one */
        if (i < 0 ? ip4_addr_isany_val(*netif_ip4_addr(netif))
                  : !ip6_addr_isvalid(netif_ip6_addr_state(netif, i))) {
            continue;
        }
        struct entry *const e = i < 0 ? make_ip4_entry(netif) : make_ip6_entry(netif, i);
        if (e == NULL) {
            return false;
        }
        **link = &e->info;
        *link = &e->info.ifa_next;
    }
    return true;
}

int getifaddrs(struct ifaddrs **list)
{
    struct ifaddrs **link = list;

    *list = NULL;
    for (unsigned int i = 1; i <= INTERFACES_MAX; i++) {
        const struct netif *const netif = find_interface(i);
        if (netif != NULL && !add_addresses(&link, netif)) {
            freeifaddrs(*list);
            errno = ENOMEM;
            return -1;
        }
    }
    return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
    while (list != NULL) {
        struct ifaddrs *const next = list->ifa_next;
        free(list);
        list = next;
    }
}

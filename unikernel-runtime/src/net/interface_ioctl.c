/* SPDX-License-Identifier: Apache-2.0 */
/* interface_ioctl.c - the old way to ask for interfaces, by ioctl() on a socket: netdevice(7). */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lwip/netif.h"
#include "net/socket.h"

#define ARPHRD_ETHER 1
#define ARPHRD_LOOPBACK 772
#define LOOPBACK_MTU 65536

static void put_address(struct sockaddr *to, uint32_t address)
{
    const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    memcpy(to, &in, sizeof(in));
}

static void put_hardware_address(struct ifreq *r, const struct netif *netif, bool is_loopback)
{
    memset(&r->ifr_hwaddr, 0, sizeof(r->ifr_hwaddr));
    r->ifr_hwaddr.sa_family = is_loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
    memcpy(r->ifr_hwaddr.sa_data, netif->hwaddr, is_loopback ? 0 : sizeof(netif->hwaddr));
}

static int answer(unsigned long request, struct ifreq *r, const struct netif *netif)
{
    const uint32_t address = ip4_addr_get_u32(netif_ip4_addr(netif));
    const uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(netif));
    const bool is_loopback = netif_get_index(netif) == 1;

    switch (request) {
    case SIOCGIFFLAGS:
        r->ifr_flags = IFF_UP | IFF_RUNNING | (is_loopback ? IFF_LOOPBACK : IFF_BROADCAST);
        return 0;
    case SIOCGIFADDR:
        put_address(&r->ifr_addr, address);
        return address != 0 ? 0 : -EADDRNOTAVAIL;
    case SIOCGIFNETMASK:
        put_address(&r->ifr_netmask, mask);
        return address != 0 ? 0 : -EADDRNOTAVAIL;
    case SIOCGIFBRDADDR:
        put_address(&r->ifr_broadaddr, is_loopback ? 0 : address | ~mask);
        return address != 0 ? 0 : -EADDRNOTAVAIL;
    case SIOCGIFMTU:
        r->ifr_mtu = is_loopback ? LOOPBACK_MTU : netif->mtu;
        return 0;
    case SIOCGIFMETRIC:
        r->ifr_metric = 0;
        return 0;
    case SIOCGIFHWADDR:
        put_hardware_address(r, netif, is_loopback);
        return 0;
    default: /* SIOCGIFINDEX */
        r->ifr_ifindex = netif_get_index(netif);
        return 0;
    }
}

/* Those that have an IPv4 address. Without a buffer: how long it would have to be. */
static int list(struct ifconf *c)
{
    int bytes = 0;

    for (unsigned int i = 1; netif_get_by_index((u8_t)i) != NULL; i++) {
        const struct netif *const netif = netif_get_by_index((u8_t)i);
        if (ip4_addr_isany_val(*netif_ip4_addr(netif))) {
            continue;
        }
        if (c->ifc_req != NULL) {
            if (c->ifc_len - bytes < (int)sizeof(struct ifreq)) {
                break;
            }
            struct ifreq *const r = (struct ifreq *)(void *)(c->ifc_buf + bytes);
            memset(r, 0, sizeof(*r));
            if_indextoname(i, r->ifr_name);
            put_address(&r->ifr_addr, ip4_addr_get_u32(netif_ip4_addr(netif)));
        }
        bytes += (int)sizeof(struct ifreq);
    }
    c->ifc_len = bytes;
    return 0;
}

int mf_interface_ioctl(unsigned long request, void *arg)
{
    struct ifreq *const r = arg;

    switch (request) {
    case SIOCGIFCONF:
        return list(arg);
    case SIOCGIFNAME:
        return if_indextoname((unsigned int)r->ifr_ifindex, r->ifr_name) == NULL ? -ENODEV : 0;
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFBRDADDR:
    case SIOCGIFMTU:
    case SIOCGIFMETRIC:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
        break;
    default:
        return -ENOTTY;
    }
    r->ifr_name[IFNAMSIZ - 1] = '\0';
    const unsigned int index = if_nametoindex(r->ifr_name);
    return index == 0 ? -ENODEV : answer(request, r, netif_get_by_index((u8_t)index));
}

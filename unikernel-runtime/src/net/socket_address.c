/* SPDX-License-Identifier: Apache-2.0 */
/* socket_address.c - between struct sockaddr and lwIP's addresses. See socket.h. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lwip/netif.h"
#include "net/socket.h"

#undef s6_addr /* lwIP has none, but its headers use our names */

static const uint8_t v4_mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void mf_address_of_ip6(const struct in6_addr *from, uint32_t scope, ip_addr_t *address)
{
    const uint8_t *const bytes = (const uint8_t *)from;

    if (memcmp(bytes, v4_mapped_prefix, sizeof(v4_mapped_prefix)) == 0) {
        memcpy(ip_2_ip4(address), bytes + sizeof(v4_mapped_prefix), 4);
        IP_SET_TYPE(address, IPADDR_TYPE_V4);
        return;
    }
    ip6_addr_t *const to = ip_2_ip6(address);
    memcpy(to->addr, bytes, 16);
    ip6_addr_clear_zone(to);
    if (ip6_addr_islinklocal(to) && scope != 0) {
        ip6_addr_set_zone(to, (u8_t)scope);
    }
    IP_SET_TYPE(address, IPADDR_TYPE_V6);
}

int mf_address_read(const struct mf_socket *s, const struct sockaddr *from, socklen_t bytes,
                    ip_addr_t *address, uint16_t *port)
{
    if (from == NULL || bytes < sizeof(sa_family_t)) {
        return -EINVAL;
    }
    memset(address, 0, sizeof(*address));
    if (from->sa_family == AF_INET && s->domain == AF_INET) {
        struct sockaddr_in in;
        if (bytes < sizeof(in)) {
            return -EINVAL;
        }
        memcpy(&in, from, sizeof(in));
        ip_2_ip4(address)->addr = in.sin_addr.s_addr;
        IP_SET_TYPE(address, IPADDR_TYPE_V4);
        *port = ntohs(in.sin_port);
        return 0;
    }
    if (from->sa_family == AF_INET6 && s->domain == AF_INET6) {
        struct sockaddr_in6 in6;
        if (bytes < sizeof(in6)) {
            return -EINVAL;
        }
        memcpy(&in6, from, sizeof(in6));
        mf_address_of_ip6(&in6.sin6_addr, in6.sin6_scope_id, address);
        *port = ntohs(in6.sin6_port);
        return IP_IS_V4(address) && s->options.v6_only ? -EINVAL : 0;
    }
    return -EAFNOSUPPORT;
}

static void write_ip6(const ip_addr_t *address, struct sockaddr_in6 *to)
{
    uint8_t *const bytes = (uint8_t *)&to->sin6_addr;

    if (IP_IS_V4(address)) {
        memcpy(bytes, v4_mapped_prefix, sizeof(v4_mapped_prefix));
        memcpy(bytes + sizeof(v4_mapped_prefix), ip_2_ip4(address), 4);
        return;
    }
    memcpy(bytes, ip_2_ip6(address)->addr, 16);
    to->sin6_scope_id = ip6_addr_zone(ip_2_ip6(address));
}

void mf_address_write(const struct mf_socket *s, const ip_addr_t *address, uint16_t port,
                      struct sockaddr *to, socklen_t *bytes)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const void *from = &in;
    socklen_t length = sizeof(in);

    if (to == NULL || bytes == NULL) {
        return;
    }
    if (s->domain == AF_INET6) {
        write_ip6(address, &in6);
        from = &in6;
        length = sizeof(in6);
    } else {
        in.sin_addr.s_addr = ip_2_ip4(address)->addr;
    }
    memcpy(to, from, length < *bytes ? length : *bytes);
    *bytes = length;
}

bool mf_address_is_local(const ip_addr_t *address)
{
    struct netif *netif;

    if (ip_addr_isany(address) || ip_addr_isloopback(address) || ip_addr_ismulticast(address)) {
        return true;
    }
    NETIF_FOREACH(netif)
    {
        if (IP_IS_V4(address)) {
            if (ip4_addr_cmp(ip_2_ip4(address), netif_ip4_addr(netif))) {
                return true;
            }
        } else if (netif_get_ip6_addr_match(netif, ip_2_ip6(address)) >= 0) {
            return true;
        }
    }
    return false;
}

uint8_t mf_address_type(const struct mf_socket *s)
{
    if (s->domain == AF_INET) {
        return IPADDR_TYPE_V4;
    }
    return s->options.v6_only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
}

const ip_addr_t *mf_address_any(const struct mf_socket *s)
{
    const uint8_t type = mf_address_type(s);

    return type == IPADDR_TYPE_V4   ? IP4_ADDR_ANY
           : type == IPADDR_TYPE_V6 ? IP6_ADDR_ANY
                                    : IP_ANY_TYPE;
}

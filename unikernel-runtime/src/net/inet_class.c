/* SPDX-License-Identifier: Apache-2.0 */
/* inet_class.c - addresses by classes of networks, as 4.3BSD had it and old programs ask for it. */
#include <arpa/inet.h>
#include <ctype.h>

/* How many bits the host has. */
static unsigned int host_bits(in_addr_t address)
{
    return (address & 0x80000000u) == 0 ? 24 : (address & 0x40000000u) == 0 ? 16 : 8;
}

in_addr_t inet_netof(struct in_addr address)
{
    const in_addr_t a = ntohl(address.s_addr);
    return a >> host_bits(a);
}

in_addr_t inet_lnaof(struct in_addr address)
{
    const in_addr_t a = ntohl(address.s_addr);
    return a & ((1u << host_bits(a)) - 1);
}

struct in_addr inet_makeaddr(in_addr_t network, in_addr_t host)
{
    const unsigned int bits = network < 0x80 ? 24 : network < 0x10000 ? 16 : 8;
    return (struct in_addr){htonl(network << bits | (host & ((1u << bits) - 1)))};
}

/* One to four numbers with dots between them, the last one in the lowest byte; host order. */
in_addr_t inet_network(const char *text)
{
    struct in_addr address;
    unsigned int dots = 0;

    for (const char *at = text; *at != '\0'; at++) {
        dots += *at == '.';
        if (*at == '.' && (at == text || at[1] == '\0')) {
            return INADDR_NONE;
        }
    }
    if (dots > 3 || isspace((unsigned char)*text) || inet_aton(text, &address) == 0) {
        return INADDR_NONE;
    }
    const in_addr_t a = ntohl(address.s_addr);
    if (dots == 3 || dots == 0) {
        return a;
    }
    /* inet_aton() has put the last number into all bytes that were left. */
    const in_addr_t last = dots == 1 ? a & 0xffffffu : a & 0xffffu;
    const in_addr_t first = dots == 1 ? a >> 24 : a >> 16;
    return last > 0xff ? INADDR_NONE : first << 8 | last;
}

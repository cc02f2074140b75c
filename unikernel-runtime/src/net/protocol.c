/* SPDX-License-Identifier: Apache-2.0 */
/* protocol.c - getprotobyname() and getprotobynumber() (POSIX.1-2008 netdb.h). */
#include <netdb.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *alias;
    int number;
} protocols[] = {
    {"ip", "IP", IPPROTO_IP},       {"icmp", "ICMP", IPPROTO_ICMP},
    {"tcp", "TCP", IPPROTO_TCP},    {"udp", "UDP", IPPROTO_UDP},
    {"ipv6", "IPv6", IPPROTO_IPV6}, {"ipv6-icmp", "IPv6-ICMP", IPPROTO_ICMPV6},
};

#define COUNT (sizeof(protocols) / sizeof(protocols[0]))

/* The static structure that POSIX allows. */
static struct protoent *answer(size_t i)
{
    static char *aliases[2];
    static struct protoent entry;

    aliases[0] = (char *)(uintptr_t)protocols[i].alias;
    entry = (struct protoent){
        .p_name = (char *)(uintptr_t)protocols[i].name,
        .p_aliases = aliases,
        .p_proto = protocols[i].number,
    };
    return &entry;
}

struct protoent *getprotobyname(const char *name)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(protocols[i].name, name) == 0 || strcmp(protocols[i].alias, name) == 0) {
            return answer(i);
        }
    }
    return NULL;
}

struct protoent *getprotobynumber(int number)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (protocols[i].number == number) {
            return answer(i);
        }
    }
    return NULL;
}

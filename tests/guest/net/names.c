// SPDX-License-Identifier: Apache-2.0
// memory: 64M
// timeout: 60
/* Names and addresses that need nobody else: numbers, localhost, services. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static int count_of(const struct addrinfo *list)
{
    int n = 0;
    for (; list != NULL; list = list->ai_next) {
        n++;
    }
    return n;
}

static void test_getaddrinfo(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    const struct sockaddr_in *in;
    char host[64], service[16];

    tap_equal(getaddrinfo("10.1.2.3", "80", &hints, &list), 0, "a number");
    in = (const struct sockaddr_in *)(const void *)list->ai_addr;
    tap_equal(count_of(list), 1, "one answer");
    tap_check(in->sin_family == AF_INET && in->sin_port == htons(80) &&
                  in->sin_addr.s_addr == inet_addr("10.1.2.3"),
              "the address and the port");
    tap_check(list->ai_protocol == IPPROTO_TCP && list->ai_addrlen == sizeof(*in), "and the rest");
    tap_equal(getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), service,
                          sizeof(service), NI_NUMERICHOST),
              0, "getnameinfo");
    tap_check(strcmp(host, "10.1.2.3") == 0 && strcmp(service, "http") == 0, "%s %s", host,
              service);
    tap_equal(getnameinfo(list->ai_addr, list->ai_addrlen, host, 4, NULL, 0, NI_NUMERICHOST),
              EAI_OVERFLOW, "no room for the name");
    freeaddrinfo(list);
    tap_equal(getaddrinfo("::1", "domain", NULL, &list), 0, "an IPv6 number, a service by name");
    tap_equal(count_of(list), 2, "for TCP and for UDP");
    tap_equal(list->ai_family, AF_INET6, "AF_INET6");
    freeaddrinfo(list);
    tap_equal(getaddrinfo("localhost", "http", &hints, &list), 0, "localhost");
    tap_equal(count_of(list), 2, "has two addresses");
    freeaddrinfo(list);
    hints.ai_flags = AI_PASSIVE | AI_CANONNAME;
    hints.ai_family = AF_INET;
    tap_equal(getaddrinfo(NULL, "8080", &hints, &list), EAI_BADFLAGS,
              "a name is wanted of nothing");
    hints.ai_flags = AI_PASSIVE;
    tap_equal(getaddrinfo(NULL, "8080", &hints, &list), 0, "AI_PASSIVE");
    in = (const struct sockaddr_in *)(const void *)list->ai_addr;
    tap_equal(in->sin_addr.s_addr, INADDR_ANY, "gives any");
    freeaddrinfo(list);
    hints.ai_flags = AI_CANONNAME;
    tap_equal(getaddrinfo("localhost", NULL, &hints, &list), 0, "AI_CANONNAME");
    tap_check(list->ai_canonname != NULL, "gives a name");
    freeaddrinfo(list);
}

static void test_errors(void)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list;

    tap_equal(getaddrinfo("localhost", NULL, &hints, &list), EAI_NONAME, "AI_NUMERICHOST");
    tap_equal(getaddrinfo(NULL, NULL, NULL, &list), EAI_NONAME, "neither host nor service");
    tap_equal(getaddrinfo("127.0.0.1", "nonsense", NULL, &list), EAI_SERVICE, "no such service");
    tap_equal(
        getaddrinfo("127.0.0.1", "http", &(struct addrinfo){.ai_flags = AI_NUMERICSERV}, &list),
        EAI_NONAME, "a service by name where a number must be");
    tap_equal(
        getaddrinfo("127.0.0.1", "http", &(struct addrinfo){.ai_socktype = SOCK_DGRAM}, &list),
        EAI_SERVICE, "no such service by UDP");
    tap_equal(getaddrinfo("127.0.0.1", NULL, &(struct addrinfo){.ai_family = 77}, &list),
              EAI_FAMILY, "no such family");
    tap_equal(getaddrinfo("127.0.0.1", NULL, &(struct addrinfo){.ai_socktype = 77}, &list),
              EAI_SOCKTYPE, "no such type");
    tap_equal(getaddrinfo("", NULL, NULL, &list), EAI_NONAME, "an empty name");
    tap_check(strcmp(gai_strerror(EAI_NONAME), "Name or service not known") == 0, "gai_strerror");
}

static void test_old_functions(void)
{
    const struct hostent *h = gethostbyname("localhost");
    char own[64];

    tap_check(h != NULL && h->h_addrtype == AF_INET && h->h_length == 4 &&
                  memcmp(h->h_addr_list[0], "\x7f\0\0\1", 4) == 0 && h->h_addr_list[1] == NULL,
              "gethostbyname");
    gethostname(own, sizeof(own));
    tap_check(gethostbyname(own) != NULL, "our own name: %s", own);
    const struct servent *s = getservbyname("https", "tcp");
    tap_check(s != NULL && ntohs((uint16_t)s->s_port) == 443, "getservbyname");
    s = getservbyport(htons(53), "udp");
    tap_check(s != NULL && strcmp(s->s_name, "domain") == 0, "getservbyport");
    tap_check(getservbyname("http", "udp") == NULL, "not by that protocol");
    tap_check(strcmp(inet_ntoa((struct in_addr){htonl(0x01020304)}), "1.2.3.4") == 0, "inet_ntoa");
}

static void test_interfaces(void)
{
    char name[IF_NAMESIZE];
    struct ifaddrs *list;
    bool has_loopback = false;
    struct if_nameindex *index = if_nameindex();

    tap_equal(if_nametoindex("lo"), 1, "lo is the first interface");
    tap_equal(if_nametoindex("nothing"), 0, "no such interface");
    tap_check(if_indextoname(1, name) != NULL && strcmp(name, "lo") == 0, "if_indextoname");
    tap_check(index != NULL && index[0].if_index == 1, "if_nameindex");
    if_freenameindex(index);
    tap_equal(getifaddrs(&list), 0, "getifaddrs");
    for (const struct ifaddrs *a = list; a != NULL; a = a->ifa_next) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a->ifa_addr;
        has_loopback |= in->sin_family == AF_INET &&
                        in->sin_addr.s_addr == inet_addr("127.0.0.1") &&
                        (a->ifa_flags & IFF_LOOPBACK) != 0;
    }
    tap_check(has_loopback, "the loopback has its address");
    freeifaddrs(list);
}

int main(void)
{
    test_getaddrinfo();
    test_errors();
    test_old_functions();
    test_interfaces();
    return tap_done();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - see service.h; getservbyname() and getservbyport() (POSIX.1-2008 netdb.h). */
#include "net/service.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#define TCP 1
#define UDP 2

static const struct mf_service services[] = {
    {"echo", 7, TCP | UDP},    {"discard", 9, TCP | UDP}, {"ftp", 21, TCP},
    {"ssh", 22, TCP},          {"telnet", 23, TCP},       {"smtp", 25, TCP},
    {"domain", 53, TCP | UDP}, {"tftp", 69, UDP},         {"http", 80, TCP},
    {"pop3", 110, TCP},        {"ntp", 123, UDP},         {"imap2", 143, TCP},
    {"snmp", 161, UDP},        {"https", 443, TCP | UDP}, {"syslog", 514, UDP},
    {"submission", 587, TCP},  {"ldaps", 636, TCP},       {"imaps", 993, TCP},
    {"pop3s", 995, TCP},       {"mysql", 3306, TCP},      {"postgresql", 5432, TCP},
    {"http-alt", 8080, TCP},
};

static bool has_protocol(const struct mf_service *s, const char *protocol)
{
    if (protocol == NULL) {
        return true;
    }
    return (strcmp(protocol, "tcp") == 0 && (s->protocols & TCP) != 0) ||
           (strcmp(protocol, "udp") == 0 && (s->protocols & UDP) != 0);
}

const struct mf_service *mf_service_by_name(const char *name, const char *protocol)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].name, name) == 0 && has_protocol(&services[i], protocol)) {
            return &services[i];
        }
    }
    return NULL;
}

const struct mf_service *mf_service_by_port(uint16_t port, const char *protocol)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (services[i].port == port && has_protocol(&services[i], protocol)) {
            return &services[i];
        }
    }
    return NULL;
}

/* The static structure that POSIX allows. */
static struct servent *answer(const struct mf_service *s, const char *protocol)
{
    static char *no_aliases[1];
    static struct servent entry;

    if (s == NULL) {
        return NULL;
    }
    const char *const own = (s->protocols & TCP) != 0 ? "tcp" : "udp";
    entry = (struct servent){
        .s_name = (char *)(uintptr_t)s->name,
        .s_aliases = no_aliases,
        .s_port = htons(s->port),
        .s_proto = (char *)(uintptr_t)(protocol != NULL ? protocol : own),
    };
    return &entry;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    return answer(mf_service_by_name(name, protocol), protocol);
}

struct servent *getservbyport(int port, const char *protocol)
{
    return answer(mf_service_by_port(ntohs((uint16_t)port), protocol), protocol);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdb.c - names and addresses (POSIX.1-2008 netdb.h): numbers, "localhost", the guest's own name,
 * /etc/hosts of the image, then DNS. There is no reverse look-up: getnameinfo() answers with
 * numbers.
 */
#include <netdb.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/name.h"
#include "net/net.h"
#include "net/service.h"

#define CANDIDATES_MAX 8 /* addresses of one name that are looked at */

/* One answer, as one allocation: freeaddrinfo() frees the structures one by one. */
struct answer {
    struct addrinfo info; /* first */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address;
};

static const struct kind {
    int type, protocol;
} kinds[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}};

/* ---- the two halves of a question ------------------------------------------------------------ */

static int check_hints(const struct addrinfo *hints, const char *host)
{
    const int known = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL |
                      AI_ADDRCONFIG | AI_NUMERICSERV;

    if ((hints->ai_flags & ~known) != 0 ||
        (host == NULL && (hints->ai_flags & AI_CANONNAME) != 0)) {
        return EAI_BADFLAGS;
    }
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET &&
        hints->ai_family != AF_INET6) {
        return EAI_FAMILY;
    }
    return 0;
}

static bool is_wanted(const struct kind *kind, const struct addrinfo *hints)
{
    return (hints->ai_socktype == 0 || hints->ai_socktype == kind->type) &&
           (hints->ai_protocol == 0 || hints->ai_protocol == kind->protocol);
}

/* Port of `service` for one kind of socket, in host order; negative: it has none. */
static int find_port(const char *service, const struct kind *kind, int flags)
{
    char *end;

    if (service == NULL) {
        return 0;
    }
    const unsigned long port = strtoul(service, &end, 10);
    if (*service >= '0' && *service <= '9' && *end == '\0') {
        return port <= 65535 ? (int)port : -1;
    }
    if ((flags & AI_NUMERICSERV) != 0) {
        return -1;
    }
    const struct mf_service *const s =
        mf_service_by_name(service, kind->type == SOCK_STREAM ? "tcp" : "udp");
    return s == NULL ? -1 : s->port;
}

/* ---- answers ------------------------------------------------------------------------------ */

static struct addrinfo *make_answer(const struct mf_name_address *address, const struct kind *kind,
                                    int port)
{
    struct answer *const a = calloc(1, sizeof(*a));

    if (a == NULL) {
        return NULL;
    }
    a->info.ai_family = address->family;
    a->info.ai_socktype = kind->type;
    a->info.ai_protocol = kind->protocol;
    a->info.ai_addr = &a->address.any;
    if (address->family == AF_INET) {
        a->info.ai_addrlen = sizeof(a->address.in);
        a->address.in.sin_family = AF_INET;
        a->address.in.sin_port = htons((uint16_t)port);
        memcpy(&a->address.in.sin_addr, address->bytes, 4);
    } else {
        a->info.ai_addrlen = sizeof(a->address.in6);
        a->address.in6.sin6_family = AF_INET6;
        a->address.in6.sin6_port = htons((uint16_t)port);
        memcpy(&a->address.in6.sin6_addr, address->bytes, 16);
    }
    return &a->info;
}

/* Appends the answers for one address. Returns 0 or EAI_*. */
static int add_answers(struct addrinfo ***link, const struct mf_name_address *address,
                       const char *service, const struct addrinfo *hints, bool *has_port)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!is_wanted(&kinds[i], hints)) {
            continue;
        }
        const int port = find_port(service, &kinds[i], hints->ai_flags);
        if (port < 0) {
            continue;
        }
        *has_port = true;
        struct addrinfo *const info = make_answer(address, &kinds[i], port);
        if (info == NULL) {
            return EAI_MEMORY;
        }
        **link = info;
        *link = &info->ai_next;
    }
    return 0;
}

static int add_all(struct addrinfo **list, const struct mf_name_address *addresses, int count,
                   const char *service, const struct addrinfo *hints)
{
    bool has_port = false;

    for (int i = 0; i < count; i++) {
        const int error = add_answers(&list, &addresses[i], service, hints, &has_port);
        if (error != 0) {
            return error;
        }
    }
    if (has_port) {
        return 0;
    }
    if (!is_wanted(&kinds[0], hints) && !is_wanted(&kinds[1], hints)) {
        return EAI_SOCKTYPE;
    }
    return (hints->ai_flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
}

static int add_canonical_name(struct addrinfo *first, const char *host)
{
    first->ai_canonname = strdup(host);
    return first->ai_canonname == NULL ? EAI_MEMORY : 0;
}

/* AI_V4MAPPED: IPv4 addresses as IPv6 ones. */
static int find_mapped(const char *host, bool is_numeric, struct mf_name_address *addresses,
                       int max)
{
    const int count = mf_name_find(host, AF_INET, is_numeric, addresses, max);

    for (int i = 0; i < count; i++) {
        uint8_t *const bytes = addresses[i].bytes;
        memmove(bytes + 12, bytes, 4);
        memset(bytes, 0, 10);
        memset(bytes + 10, 0xff, 2);
        addresses[i].family = AF_INET6;
    }
    return count;
}

static int find_host(const char *host, const struct addrinfo *hints,
                     struct mf_name_address *addresses)
{
    const bool is_numeric = (hints->ai_flags & AI_NUMERICHOST) != 0;
    int count = mf_name_find(host, hints->ai_family, is_numeric, addresses, CANDIDATES_MAX);

    if (hints->ai_family != AF_INET6 || (hints->ai_flags & AI_V4MAPPED) == 0) {
        return count;
    }
    if (count < 0 || ((hints->ai_flags & AI_ALL) != 0 && count < CANDIDATES_MAX)) {
        const int before = count < 0 ? 0 : count;
        const int more = find_mapped(host, is_numeric, addresses + before, CANDIDATES_MAX - before);
        count = more > 0 ? before + more : count;
    }
    return count;
}

int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    static const struct addrinfo no_hints = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    struct mf_name_address addresses[CANDIDATES_MAX];
    struct addrinfo *first = NULL;

    if (hints == NULL) {
        hints = &no_hints;
    }
    if (host == NULL && service == NULL) {
        return EAI_NONAME;
    }
    int error = check_hints(hints, host);
    if (error != 0) {
        return error;
    }
    const int count = host == NULL ? mf_name_default(hints->ai_family,
                                                     (hints->ai_flags & AI_PASSIVE) != 0, addresses)
                                   : find_host(host, hints, addresses);
    if (count < 0) {
        return count;
    }
    error = add_all(&first, addresses, count, service, hints);
    if (error == 0 && (hints->ai_flags & AI_CANONNAME) != 0) {
        error = add_canonical_name(first, host);
    }
    if (error != 0) {
        freeaddrinfo(first);
        return error;
    }
    *list = first;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *const next = list->ai_next;
        free(list->ai_canonname);
        free(list);
        list = next;
    }
}

const char *gai_strerror(int error)
{
    static const struct {
        int error;
        const char *text;
    } row[] = {
        {0, "Success"},
        {EAI_BADFLAGS, "Bad value for ai_flags"},
        {EAI_NONAME, "Name or service not known"},
        {EAI_AGAIN, "Temporary failure in name resolution"},
        {EAI_FAIL, "Non-recoverable failure in name resolution"},
        {EAI_NODATA, "No address associated with hostname"},
        {EAI_ADDRFAMILY, "Address family for hostname not supported"},
        {EAI_FAMILY, "ai_family not supported"},
        {EAI_SOCKTYPE, "ai_socktype not supported"},
        {EAI_SERVICE, "Servname not supported for ai_socktype"},
        {EAI_MEMORY, "Memory allocation failure"},
        {EAI_SYSTEM, "System error"},
        {EAI_OVERFLOW, "Result too large for supplied buffer"},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (row[i].error == error) {
            return row[i].text;
        }
    }
    return "Unknown error";
}

/* ---- the other way -------------------------------------------------------------------------- */

static int write_host(int family, const void *address, char *host, socklen_t bytes, int flags)
{
    if ((flags & NI_NUMERICHOST) == 0 && mf_name_of_address(family, address, host, bytes)) {
        return 0;
    }
    if ((flags & NI_NAMEREQD) != 0) {
        return EAI_NONAME;
    }
    return inet_ntop(family, address, host, bytes) == NULL ? EAI_OVERFLOW : 0;
}

static int write_service(uint16_t port, char *service, socklen_t bytes, int flags)
{
    const struct mf_service *const s =
        (flags & NI_NUMERICSERV) != 0
            ? NULL
            : mf_service_by_port(port, (flags & NI_DGRAM) != 0 ? "udp" : "tcp");
    const int length =
        s == NULL ? snprintf(service, bytes, "%u", port) : snprintf(service, bytes, "%s", s->name);
    return length >= 0 && (socklen_t)length < bytes ? 0 : EAI_OVERFLOW;
}

// NOLINTNEXTLINE(readability-function-size): POSIX gives it seven parameters
int getnameinfo(const struct sockaddr *restrict address, socklen_t address_bytes,
                char *restrict host, socklen_t host_bytes, char *restrict service,
                socklen_t service_bytes, int flags)
{
    const struct sockaddr_in *const in = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *const in6 = (const struct sockaddr_in6 *)(const void *)address;
    const bool is_ip4 = address->sa_family == AF_INET && address_bytes >= sizeof(*in);

    if (!is_ip4 && (address->sa_family != AF_INET6 || address_bytes < sizeof(*in6))) {
        return EAI_FAMILY;
    }
    if ((host == NULL || host_bytes == 0) && (service == NULL || service_bytes == 0)) {
        return EAI_NONAME;
    }
    int error = 0;
    if (host != NULL && host_bytes > 0) {
        error = write_host(address->sa_family,
                           is_ip4 ? (const void *)&in->sin_addr : (const void *)&in6->sin6_addr,
                           host, host_bytes, flags);
    }
    if (error == 0 && service != NULL && service_bytes > 0) {
        error = write_service(ntohs(is_ip4 ? in->sin_port : in6->sin6_port), service, service_bytes,
                              flags);
    }
    return error;
}

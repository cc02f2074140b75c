/* SPDX-License-Identifier: Apache-2.0 */
/* hostent.c - gethostbyname(), for programs from before POSIX.1-2001: one static answer. */
#include <netdb.h>

#include <string.h>
#include <sys/socket.h>

#include "net/name.h"

#define ADDRESSES_MAX 4

int h_errno;

static struct mf_name_address addresses[ADDRESSES_MAX];
static char *list[ADDRESSES_MAX + 1], *no_aliases[1];
static char own_name[NI_MAXHOST];
static struct hostent entry;

/* The static structure that POSIX.1-2001 allows, with `count` of addresses[]. */
static struct hostent *answer(const char *name, int family, int count)
{
    for (int i = 0; i <= ADDRESSES_MAX; i++) {
        list[i] = i < count ? (char *)addresses[i].bytes : NULL;
    }
    if (name != own_name) {
        strncpy(own_name, name, sizeof(own_name) - 1); /* mf_name_find() has bounded it */
    }
    entry = (struct hostent){
        .h_name = own_name,
        .h_aliases = no_aliases,
        .h_addrtype = family,
        .h_length = family == AF_INET ? 4 : 16,
        .h_addr_list = list,
    };
    return &entry;
}

static struct hostent *fail(int error)
{
    h_errno = error;
    return NULL;
}

struct hostent *gethostbyname2(const char *name, int family)
{
    if (family != AF_INET && family != AF_INET6) {
        return fail(NO_RECOVERY);
    }
    const int count = mf_name_find(name, family, false, addresses, ADDRESSES_MAX);
    if (count < 0) {
        return fail(count == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND);
    }
    return answer(name, family, count);
}

struct hostent *gethostbyname(const char *name)
{
    return gethostbyname2(name, AF_INET);
}

struct hostent *gethostbyaddr(const void *address, socklen_t bytes, int family)
{
    if ((family != AF_INET || bytes != 4) && (family != AF_INET6 || bytes != 16)) {
        return fail(NO_RECOVERY);
    }
    if (!mf_name_of_address(family, address, own_name, sizeof(own_name))) {
        return fail(HOST_NOT_FOUND);
    }
    addresses[0].family = family;
    memcpy(addresses[0].bytes, address, bytes);
    return answer(own_name, family, 1);
}

const char *hstrerror(int error)
{
    static const char *const text[] = {"Resolver Error 0 (no error)", "Unknown host",
                                       "Host name lookup failure", "Unknown server error",
                                       "No address associated with name"};
    return error >= 0 && error <= NO_DATA ? text[error] : "Unknown resolver error";
}

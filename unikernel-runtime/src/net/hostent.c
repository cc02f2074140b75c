/* SPDX-License-Identifier: Apache-2.0 */
/* hostent.c - gethostbyname(), for programs from before POSIX.1-2001: one static answer. */
#include <netdb.h>

#include <string.h>
#include <sys/socket.h>

#include "net/name.h"

#define ADDRESSES_MAX 4

int h_errno;

struct hostent *gethostbyname(const char *name)
{
    static struct mf_name_address addresses[ADDRESSES_MAX];
    static char *list[ADDRESSES_MAX + 1], *no_aliases[1];
    static char own_name[256];
    static struct hostent entry;
    const int count = mf_name_find(name, AF_INET, false, addresses, ADDRESSES_MAX);

    if (count < 0) {
        h_errno = count == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND;
        return NULL;
    }
    for (int i = 0; i <= ADDRESSES_MAX; i++) {
        list[i] = i < count ? (char *)addresses[i].bytes : NULL;
    }
    strncpy(own_name, name, sizeof(own_name) - 1); /* mf_name_find() has bounded it */
    entry = (struct hostent){
        .h_name = own_name,
        .h_aliases = no_aliases,
        .h_addrtype = AF_INET,
        .h_length = 4,
        .h_addr_list = list,
    };
    return &entry;
}

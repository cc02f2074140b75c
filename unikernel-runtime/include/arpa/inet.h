/* SPDX-License-Identifier: Apache-2.0 */
/* arpa/inet.h - Internet addresses as text (POSIX.1-2008). */
#pragma once

#include <netinet/in.h>

__BEGIN_DECLS
in_addr_t inet_addr(const char *text);
int inet_aton(const char *text, struct in_addr *address);
char *inet_ntoa(struct in_addr address);
const char *inet_ntop(int family, const void *__restrict address, char *__restrict text,
                      socklen_t bytes);
in_addr_t inet_lnaof(struct in_addr address);
struct in_addr inet_makeaddr(in_addr_t network, in_addr_t host);
in_addr_t inet_netof(struct in_addr address);
in_addr_t inet_network(const char *text);
int inet_pton(int family, const char *__restrict text, void *__restrict address);
__END_DECLS

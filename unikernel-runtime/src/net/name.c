/* SPDX-License-Identifier: Apache-2.0 */
/* name.c - see name.h. */
#include "net/name.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lwip/dns.h"
#include "lwip/netif.h"
#include "net/net.h"
#include "start/clone.h"
#include "thread/thread.h"

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_BYTES_MAX 4096 /* the rest of a longer file is not read */
#define QUERY_SECONDS 30u    /* lwIP gives up earlier: DNS_MAX_RETRIES */
#define NAME_BYTES_MAX 255u  /* RFC 1035, 2.3.4 */

static bool is_wanted(int family, int wanted)
{
    return wanted == AF_UNSPEC || wanted == family;
}

/* ---- without asking anybody ------------------------------------------------------------------ */

static bool read_number(const char *text, int wanted, struct mf_name_address *address)
{
    for (int i = 0; i < 2; i++) {
        const int family = i == 0 ? AF_INET : AF_INET6;
        if (is_wanted(family, wanted) && inet_pton(family, text, address->bytes) == 1) {
            address->family = family;
            return true;
        }
    }
    struct in_addr in; /* 127.1 and the like */
    if (is_wanted(AF_INET, wanted) && inet_aton(text, &in) != 0) {
        address->family = AF_INET;
        memcpy(address->bytes, &in, sizeof(in));
        return true;
    }
    return false;
}

int mf_name_default(int family, bool is_passive, struct mf_name_address *addresses)
{
    const uint32_t ip4 = htonl(is_passive ? INADDR_ANY : INADDR_LOOPBACK);
    int count = 0;

    memset(addresses, 0, 2 * sizeof(*addresses));
    if (is_wanted(AF_INET6, family)) {
        addresses[count].family = AF_INET6;
        addresses[count++].bytes[15] = is_passive ? 0 : 1;
    }
    if (is_wanted(AF_INET, family)) {
        addresses[count].family = AF_INET;
        memcpy(addresses[count++].bytes, &ip4, sizeof(ip4));
    }
    return count;
}

static bool is_own_name(const char *name)
{
    char own[NAME_BYTES_MAX + 1];

    return strcasecmp(name, "localhost") == 0 ||
           (gethostname(own, sizeof(own)) == 0 && strcasecmp(name, own) == 0);
}

/* Does the rest of a line of the hosts file hold `name` as a word? */
static bool line_has_name(char *line, const char *name)
{
    char *rest;

    for (char *word = strtok_r(line, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (strcasecmp(word, name) == 0) {
            return true;
        }
    }
    return false;
}

static int find_in_hosts(const char *name, int family, struct mf_name_address *addresses, int max)
{
    char text[HOSTS_BYTES_MAX + 1];
    char *rest;
    int count = 0;
    const int fd = open(HOSTS_FILE, O_RDONLY);

    if (fd < 0) {
        return 0;
    }
    const ssize_t length = read(fd, text, HOSTS_BYTES_MAX);
    close(fd);
    text[length < 0 ? 0 : length] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && count < max;
         line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, "#")] = '\0';
        line += strspn(line, " \t");
        const size_t number = strcspn(line, " \t");
        if (line[number] == '\0') {
            continue;
        }
        line[number] = '\0';
        if (read_number(line, family, &addresses[count]) &&
            line_has_name(line + number + 1, name)) {
            count++;
        }
    }
    return count;
}

/* ---- the other way -------------------------------------------------------------------------- */

bool mf_name_of_address(int family, const void *address, char *name, size_t bytes)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    const bool is_loopback =
        family == AF_INET ? *(const uint8_t *)address == 127 : memcmp(address, loopback6, 16) == 0;

    if (is_loopback) {
        return strlcpy(name, "localhost", bytes) < bytes;
    }
    const struct netif *const netif = mf_net_interface();
    if (netif == NULL) {
        return false;
    }
    const bool is_own = family == AF_INET
                            ? memcmp(netif_ip4_addr(netif), address, 4) == 0
                            : memcmp(netif_ip6_addr(netif, 1)->addr, address, 16) == 0;
    return is_own && gethostname(name, bytes) == 0;
}

/* ---- DNS ---------------------------------------------------------------------------------- */

struct query {
    struct mf_waitq waiting;
    bool is_done, is_found;
    ip_addr_t address;
};

static void on_answer(const char *name, const ip_addr_t *address, void *arg)
{
    struct query *const q = arg;
    (void)name;

    q->is_done = true;
    if (address != NULL) {
        q->is_found = true;
        q->address = *address;
    }
    mf_waitq_wake_all(&q->waiting);
}

/* Returns 1, 0 (no such name, no answer) or a negative EAI_*. */
static int ask_dns(const char *name, int family, struct mf_name_address *address)
{
    struct query q = {0};

    mf_critical_enter();
    mf_net_tick_for(QUERY_SECONDS);
    const err_t error = dns_gethostbyname_addrtype(name, &q.address, on_answer, &q,
                                                   family == AF_INET ? LWIP_DNS_ADDRTYPE_IPV4
                                                                     : LWIP_DNS_ADDRTYPE_IPV6);
    if (error == ERR_INPROGRESS) {
        mf_net_kick();
    }
    mf_critical_leave();
    if (error == ERR_INPROGRESS) {
        while (!q.is_done) { /* also after a signal: lwIP holds a pointer to q */
            mf_thread_wait(&q.waiting, MF_NEVER);
        }
    } else if (error == ERR_OK) {
        q.is_found = true;
    } else {
        return error == ERR_MEM ? EAI_AGAIN : EAI_NONAME;
    }
    if (!q.is_found) {
        return 0;
    }
    address->family = family;
    if (family == AF_INET) {
        memcpy(address->bytes, ip_2_ip4(&q.address), 4);
    } else {
        memcpy(address->bytes, ip_2_ip6(&q.address)->addr, 16);
    }
    return 1;
}

static bool has_ip6(void)
{
    const struct netif *const netif = mf_net_interface();
    return netif != NULL && ip6_addr_isvalid(netif_ip6_addr_state(netif, 1));
}

static int find_by_dns(const char *name, int family, struct mf_name_address *addresses, int max)
{
    int count = 0, error = EAI_NONAME;

    mf_net_start();
    if (ip_addr_isany(dns_getserver(0))) {
        return EAI_AGAIN; /* nobody to ask */
    }
    for (int i = 0; i < 2 && count < max; i++) {
        const int one = i == 0 ? AF_INET : AF_INET6;
        if (!is_wanted(one, family) || (one == AF_INET6 && family == AF_UNSPEC && !has_ip6())) {
            continue;
        }
        const int r = ask_dns(name, one, &addresses[count]);
        count += r > 0 ? 1 : 0;
        error = r < 0 ? r : error;
    }
    return count > 0 ? count : error;
}

int mf_name_find(const char *name, int family, bool is_numeric, struct mf_name_address *addresses,
                 int max)
{
    memset(addresses, 0, (size_t)max * sizeof(*addresses));
    if (read_number(name, family, addresses)) {
        return 1;
    }
    if (read_number(name, AF_UNSPEC, addresses)) {
        return EAI_ADDRFAMILY; /* a number of the other family */
    }
    const size_t length = strlen(name);
    if (is_numeric || length == 0 || length > NAME_BYTES_MAX) {
        return EAI_NONAME;
    }
    const int count = find_in_hosts(name, family, addresses, max);
    if (count > 0) {
        return count;
    }
    if (is_own_name(name)) {
        return mf_name_default(family, false, addresses);
    }
    return find_by_dns(name, family, addresses, max);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reattach.c - see reattach.h. The packets of the parent were in its window; where they lay there are
 * zeroes now. A zeroed pbuf has no references and no successor, so lwIP leaves it alone when it frees
 * it (LWIP_NOASSERT); nothing else is done with one.
 */
#include "net/reattach.h"

#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "net/netfront.h"
#include "net/socket.h"

/* What has come in was in the parent's window, which is not ours. The packets are not looked at. */
static void lose_received(struct mf_socket *s)
{
    s->rx_first = NULL;
    s->rx_last = NULL;
    s->rx_bytes = 0;
    s->rx_offset = 0;
}

static void reset_sockets(void)
{
    for (struct mf_socket *s = mf_sockets; s != NULL; s = s->list_next) {
        if (s->type == SOCK_STREAM) {
            mf_tcp_lose(s);
        }
        lose_received(s);
    }
    while (tcp_active_pcbs != NULL) {
        tcp_abandon(tcp_active_pcbs, 0);
    }
    while (tcp_tw_pcbs != NULL) {
        tcp_abandon(tcp_tw_pcbs, 0);
    }
}

/* Half a datagram is of no use; time makes lwIP throw it away. */
static void lose_fragments(void)
{
    for (unsigned int i = 0; i <= IP_REASS_MAXAGE || i <= IPV6_REASS_MAXAGE; i++) {
        ip_reass_tmr();
        ip6_reass_tmr();
    }
}

static void lose_looped(struct netif *netif)
{
    netif->loop_first = NULL;
    netif->loop_last = NULL;
    netif->loop_cnt_current = 0;
}

static void rename_sockets(const ip_addr_t *from, const ip_addr_t *to)
{
    for (struct mf_socket *s = mf_sockets; s != NULL; s = s->list_next) {
        if (ip_addr_cmp(&s->local, from)) {
            s->local = *to;
        }
    }
}

bool mf_net_reattach(const struct mf_info *info, struct netif *loopback, struct netif *front)
{
    if (front != NULL) {
        netfront_detach();
    }
    reset_sockets();
    lose_fragments();
    lose_looped(loopback);
    if (front == NULL) {
        return false;
    }
    lose_looped(front);
    const ip_addr_t old4 = *netif_ip_addr4(front), old6 = *netif_ip_addr6(front, 1);
    if (!netfront_attach(info)) {
        return false;
    }
    rename_sockets(&old4, netif_ip_addr4(front));
    rename_sockets(&old6, netif_ip_addr6(front, 1));
    return true;
}

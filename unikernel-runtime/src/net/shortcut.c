/* SPDX-License-Identifier: Apache-2.0 */
/* shortcut.c - see shortcut.h. Does what ethernet_input(), ip4_input() and ip4_output_if() do. */
#include "net/shortcut.h"

#include <stdint.h>
#include <string.h>

#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip_hooks.h"
#include "net/checksum.h"

#define HEADERS (SIZEOF_ETH_HDR + IP_HLEN)
#define VHL 0x45 /* IPv4 without options */

/* The sum of an IP header without options. */
static inline uint16_t header_sum(const struct ip_hdr *ip)
{
    uint32_t words[IP_HLEN / 4];
    uint64_t sum = 0;

    memcpy(words, ip, sizeof(words));
    for (unsigned int i = 0; i < IP_HLEN / 4; i++) {
        sum += words[i];
    }
    return mf_checksum_fold(sum);
}

/* Not 0, a multicast or a broadcast; what only looks like one of another network goes the long way. */
static inline bool is_one_host(uint32_t address, const struct netif *netif)
{
    return lwip_ntohl(address) - 1 < 0xdfffffffu &&
           (address | netif_ip4_netmask(netif)->addr) != UINT32_MAX;
}

bool mf_shortcut_input(struct pbuf *p, struct netif *netif)
{
    const uint8_t *const frame = p->payload;
    const struct ip_hdr *const ip = (const struct ip_hdr *)(const void *)(frame + SIZEOF_ETH_HDR);

    if (p->len < HEADERS + TCP_HLEN || (frame[0] & 1) != 0 || frame[12] != 0x08 ||
        frame[13] != 0x00 || IPH_PROTO(ip) != IP_PROTO_TCP || ip->_v_hl != VHL ||
        (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)) != 0 ||
        lwip_ntohs(IPH_LEN(ip)) != p->tot_len - SIZEOF_ETH_HDR ||
        ip->dest.addr != netif_ip4_addr(netif)->addr || !is_one_host(ip->src.addr, netif) ||
        header_sum(ip) != 0xffff) {
        return false;
    }
    p->if_idx = netif_get_index(netif);
    p->payload = (uint8_t *)p->payload + HEADERS;
    p->len = (u16_t)(p->len - HEADERS);
    p->tot_len = (u16_t)(p->tot_len - HEADERS);
    ip_addr_copy_from_ip4(ip_data.current_iphdr_dest, ip->dest);
    ip_addr_copy_from_ip4(ip_data.current_iphdr_src, ip->src);
    ip_data.current_netif = netif;
    ip_data.current_input_netif = netif;
    ip_data.current_ip4_header = ip;
    ip_data.current_ip_header_tot_len = IP_HLEN;
    tcp_input(p, netif);
    ip_data.current_netif = NULL;
    ip_data.current_input_netif = NULL;
    ip_data.current_ip4_header = NULL;
    ip_data.current_ip_header_tot_len = 0;
    return true;
}

err_t mf_shortcut_output(struct pbuf *p, const struct tcp_pcb *pcb, struct netif *netif,
                         const struct eth_addr *gateway)
{
    if (pbuf_add_header(p, HEADERS) != 0) {
        return ERR_BUF;
    }
    struct eth_hdr *const eth = p->payload;
    struct ip_hdr *const ip = (struct ip_hdr *)(void *)((uint8_t *)p->payload + SIZEOF_ETH_HDR);

    memcpy(&eth->dest, gateway, sizeof(eth->dest));
    memcpy(&eth->src, netif->hwaddr, sizeof(eth->src));
    eth->type = PP_HTONS(ETHTYPE_IP);
    ip->_v_hl = VHL;
    IPH_TOS_SET(ip, pcb->tos);
    IPH_LEN_SET(ip, lwip_htons((u16_t)(p->tot_len - SIZEOF_ETH_HDR)));
    IPH_ID_SET(ip, lwip_htons(ip_id));
    ip_id++;
    IPH_OFFSET_SET(ip, 0);
    IPH_TTL_SET(ip, pcb->ttl);
    IPH_PROTO_SET(ip, IP_PROTO_TCP);
    IPH_CHKSUM_SET(ip, 0);
    ip->src.addr = ip_2_ip4(&pcb->local_ip)->addr;
    ip->dest.addr = ip_2_ip4(&pcb->remote_ip)->addr;
    IPH_CHKSUM_SET(ip, (u16_t)~header_sum(ip));
    return netif->linkoutput(netif, p);
}

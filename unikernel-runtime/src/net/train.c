/* SPDX-License-Identifier: Apache-2.0 */
/* train.c - see train.h. */
#include "net/train.h"

#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "lwip_hooks.h"
#include "mayfly/layout.h"
#include "net/checksum.h"
#include "net/memory.h"
#include "net/netfront.h"
#include "net/shortcut.h"

#define TRAIN_BYTES 32000 /* of one packet, at most */

struct mf_train mf_train;

/* Data and nothing else of importance: PSH is for the last. In one pbuf that dom0 can read. */
static bool is_plain(const struct tcp_seg *seg)
{
    return (TCPH_FLAGS(seg->tcphdr) & ~TCP_PSH) == TCP_ACK && TCPH_HDRLEN(seg->tcphdr) == 5 &&
           seg->p->next == NULL && mf_packet_is_shared(seg->p->payload, seg->p->len);
}

static bool may_go_on(const struct tcp_seg *seg, const struct tcp_pcb *pcb)
{
    const struct mf_train *const t = &mf_train;

    return t->count > 0 && t->pcb == pcb && lwip_ntohl(seg->tcphdr->seqno) == t->next &&
           t->count < VIRTQ_CHAIN_MAX && seg->len <= t->segment_bytes &&
           t->bytes + seg->len <= TRAIN_BYTES && is_plain(seg);
}

static void go_on(const struct tcp_seg *seg)
{
    struct mf_train *const t = &mf_train;
    const uintptr_t data = (uintptr_t)(seg->tcphdr + 1);

    t->pieces[t->count] =
        (struct virtq_segment){.address = data - HV_WINDOW0_VA, .bytes = seg->len};
    t->pbufs[t->count++] = seg->p;
    pbuf_ref(seg->p);
    t->pcb = seg->len < t->segment_bytes ? NULL : t->pcb;
    t->next += seg->len;
    t->bytes = (uint16_t)(t->bytes + seg->len);
    t->tcp->ackno = seg->tcphdr->ackno;
    t->tcp->wnd = seg->tcphdr->wnd;
    t->tcp->_hdrlen_rsvd_flags |= seg->tcphdr->_hdrlen_rsvd_flags;
}

err_t mf_tcp_emit(struct tcp_seg *seg, struct tcp_pcb *pcb, struct netif *netif)
{
    struct mf_train *const t = &mf_train;

    if (may_go_on(seg, pcb)) {
        go_on(seg);
        return ERR_OK;
    }
    bool can_cut;
    const struct eth_addr *const gateway = netfront_way_out(netif, &pcb->remote_ip, &can_cut);
    const bool may_start = seg->len == pcb->mss && gateway != NULL && can_cut && is_plain(seg);
    t->may_start = may_start ? seg->p : NULL;
    const err_t error = gateway != NULL ? mf_shortcut_output(seg->p, pcb, netif, gateway)
                                        : ip_output_if(seg->p, &pcb->local_ip, &pcb->remote_ip,
                                                       pcb->ttl, pcb->tos, IP_PROTO_TCP, netif);
    t->may_start = NULL;
    if (may_start && t->count == 1 && t->pbufs[0] == seg->p) {
        t->pcb = pcb;
        t->tcp = seg->tcphdr;
        t->next = lwip_ntohl(seg->tcphdr->seqno) + seg->len;
        t->segment_bytes = seg->len;
        t->bytes = IP_HLEN + TCP_HLEN + seg->len;
    }
    return error;
}

void mf_train_finish(struct virtio_net_hdr *h)
{
    struct mf_train *const t = &mf_train;
    struct ip_hdr *const ip = (struct ip_hdr *)(void *)((uint8_t *)t->tcp - IP_HLEN);

    IPH_LEN_SET(ip, lwip_htons(t->bytes));
    IPH_CHKSUM_SET(ip, 0);
    IPH_CHKSUM_SET(ip, (u16_t)~mf_checksum_add(ip, IP_HLEN));
    h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    h->gso_size = t->segment_bytes;
    h->hdr_len = SIZEOF_ETH_HDR + IP_HLEN + TCP_HLEN;
}

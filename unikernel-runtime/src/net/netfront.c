/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netfront.c - see netfront.h. Two virtqueues over window slot 0, in which an address is a window
 * offset and, as slot 0 lies at address 0, also the guest's own pointer.
 *
 * Receive   Buffers of the packet area are posted; what arrives goes up without a copy, as a pbuf
 *           that refers to the buffer, and a fresh buffer is posted in its place. When the
 *           application leaves so much unread that the area runs out, packets are copied to the
 * heap instead, so that the ring never runs dry. Send      lwIP builds packets in the packet area
 * (memory.c), with room for the virtio header in front: they are sent where they lie and held by a
 * reference until the device is done. What lies elsewhere, or in too many pieces, is copied once.
 * Events    The device is told at once when one request is being answered, but only after a batch
 *           when several packets came in together, and never later than the next poll.
 */
#include "net/netfront.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/ip4.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ethernet.h"
#include "mayfly/hypercall.h"
#include "net/memory.h"
#include "net/net.h"
#include "net/offload.h"
#include "net/shortcut.h"
#include "net/tcp_ack.h"
#include "net/train.h"
#include "netif/ethernet.h"
#include "thread/idle.h"
#include "virtq/virtio_net.h"
#include "virtq/virtq.h"

#define NOINLINE __attribute__((noinline))
#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))
#define LARGE_BYTES 32512 /* the longest IP packet, between guests */
#define RX_LEAST (HEADER_BYTES + SIZEOF_ETH_HDR + IP_HLEN) /* what is shorter is nothing */
#define RX_BUFFERS_FIRST 64u /* posted at first: a datagram of 64 KiB in fragments fits */
#define RX_RUNS 16u          /* among those posted, while large packets come in */
#define POLL_BUDGET 256u     /* packets taken in one poll: other pollers want to run, too */
#define DEFER_US 100u        /* a notification waits for others at most this long in a busy guest */
#define RESOLVE_SECONDS 20u  /* ARP and ND timers run this long after a look-up */

/* A received packet that lwIP or the application still reads. */
struct rx_packet {
    struct pbuf_custom custom; /* first: lwIP gives its address back */
    void *buffer;
};

static struct netfront {
    struct netif *netif;
    struct virtq_driver rx, tx;
    uint32_t port;
    uint32_t features;
    uint16_t mtu_inside; /* to other guests, TCP only; 0: as to anybody */
    uint32_t rx_runs;    /* posted: runs of memory.h */
    uint32_t rx_target;  /* buffers to keep posted */
    uint8_t *spare;      /* a run for copies when there is no memory; NULL: none */
    bool spare_is_sent;
    bool tx_was_full;    /* lwIP could not send: it is to try again */
    uint32_t defer_left; /* chains that may still be added without a notification */
    uint64_t defer_until_tsc;
    uint64_t defer_tsc; /* DEFER_US */
    struct eth_addr gateway;
    ip6_addr_t ip6_network; /* the subnet of ip6_prefix bits */
    uint8_t ip6_prefix;
} nf;

/* By the buffer's place in the window; owns. Of 32 KiB only what is used is ever touched. */
static struct rx_packet *packets;

/* ---- receive ------------------------------------------------------------------------------ */

static uint32_t rx_posted(void)
{
    return (uint32_t)nf.rx.size - nf.rx.free_count;
}

/* `room`: what the buffer has. The token is its address, + 1 for a run. */
static inline void rx_post(void *buffer, uint32_t room)
{
    const bool is_run = room == MF_RUN_BYTES;
    const struct virtq_segment segment = {.address = (uintptr_t)buffer - HV_WINDOW0_VA,
                                          .bytes = room};
    if (!virtq_driver_add(&nf.rx, &segment, 0, 1, (uint8_t *)buffer + is_run)) {
        mf_packet_free(buffer);
        return;
    }
    nf.rx_runs += is_run;
}

/* The same, where it is rare. */
static COLD void rx_repost(void *buffer, uint32_t room)
{
    rx_post(buffer, room);
}

/* *bytes: written to *buffer, and `room` is what it has. */
static bool rx_take(void **buffer, uint32_t *bytes, uint32_t *room)
{
    void *token;

    if (!virtq_driver_take(&nf.rx, &token, bytes)) {
        return false;
    }
    const uint32_t is_run = (uintptr_t)token & 1;
    *buffer = (uint8_t *)token - is_run;
    *room = is_run != 0 ? MF_RUN_BYTES : MF_PACKET_BYTES;
    nf.rx_runs -= is_run;
    return true;
}

static void rx_fill(void)
{
    while (rx_posted() < nf.rx_target) {
        void *const buffer = mf_packet_alloc();
        if (buffer == NULL) {
            break;
        }
        rx_post(buffer, MF_PACKET_BYTES);
    }
}

static void rx_packet_free(struct pbuf *p)
{
    mf_packet_free(((struct rx_packet *)(void *)p)->buffer);
}

/* A pbuf for `bytes` at `data` in `buffer`; a copy when there is no `other` buffer to post. */
static inline struct pbuf *rx_wrap(void *buffer, uint32_t room, uint8_t *data, uint16_t bytes,
                                   void *other, uint32_t other_room)
{
    if (other != NULL) {
        struct rx_packet *const packet = &packets[(uintptr_t)buffer / MF_PACKET_BYTES];
        /* As pbuf_alloced_custom() does it, which is a call with six arguments. */
        packet->custom.pbuf = (struct pbuf){.payload = data,
                                            .tot_len = bytes,
                                            .len = bytes,
                                            .type_internal = PBUF_REF,
                                            .flags = PBUF_FLAG_IS_CUSTOM,
                                            .ref = 1,
                                            .if_idx = NETIF_NO_INDEX};
        packet->custom.custom_free_function = rx_packet_free;
        packet->buffer = buffer;
        rx_post(other, other_room);
        return &packet->custom.pbuf;
    }
    struct pbuf *const p = pbuf_alloc(PBUF_RAW, bytes, PBUF_RAM);
    if (p != NULL) {
        memcpy(p->payload, data, bytes);
    }
    rx_repost(buffer, room);
    return p;
}

/* Fragments are put together by functions that count seconds. */
static void rx_watch_fragments(const uint8_t *frame)
{
    const uint8_t *const ip = frame + SIZEOF_ETH_HDR;

    if ((frame[12] == 0x08 && frame[13] == 0x00 && ((ip[6] & 0x3f) != 0 || ip[7] != 0)) ||
        (frame[12] == 0x86 && frame[13] == 0xdd && ip[6] == 44)) {
        mf_net_tick_for(IP_REASS_MAXAGE + 1);
    }
}

/* Of a large packet: a run is to be posted, as more of them are likely to come. */
static NOINLINE struct pbuf *rx_wrap_large(void *buffer, uint32_t room, uint8_t *data,
                                           uint16_t bytes)
{
    uint32_t other_room = MF_RUN_BYTES;
    void *other = nf.rx_runs < RX_RUNS ? mf_packet_alloc_run() : NULL;

    if (other == NULL) {
        other_room = MF_PACKET_BYTES;
        other = mf_packet_alloc();
    }
    return rx_wrap(buffer, room, data, bytes, other, other_room);
}

/* A packet of more than one buffer, or in a run: the first, and `more` that it goes on in. */
static NOINLINE struct pbuf *rx_large(void *buffer, uint32_t room, uint32_t written,
                                      unsigned int more)
{
    struct pbuf *const p = rx_wrap_large(buffer, room, (uint8_t *)buffer + HEADER_BYTES,
                                         (uint16_t)(written - HEADER_BYTES));
    struct pbuf *last = p;
    uint32_t total = p != NULL ? p->tot_len : 0, bytes;

    for (; more > 0 && rx_take(&buffer, &bytes, &room); more--) {
        if (last == NULL || bytes > room || total + bytes > UINT16_MAX) {
            rx_repost(buffer, room);
            last = NULL;
            continue;
        }
        total += bytes;
        last->next = rx_wrap_large(buffer, room, buffer, (uint16_t)bytes);
        last = last->next;
    }
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        q->tot_len = (uint16_t)total;
        total -= q->len;
    }
    if (p != NULL && (last == NULL || more > 0)) {
        pbuf_free(p);
        return NULL;
    }
    return p;
}

static void rx_input(void *buffer, uint32_t written, uint32_t room)
{
    uint8_t *const bytes = buffer;
    const struct virtio_net_hdr *const header = buffer;

    if (written < RX_LEAST || written > room) {
        rx_repost(buffer, room);
        return;
    }
    const bool is_good =
        (header->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) != 0 &&
        (nf.features & MF_NET_F_CSUM) != 0;
    const unsigned int check = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
    const unsigned int flags = nf.netif->chksum_flags;
    NETIF_SET_CHECKSUM_CTRL(nf.netif, (u16_t)(is_good ? flags & ~check : flags | check));
    const uint32_t more =
        header->num_buffers > 1 && nf.mtu_inside != 0 ? header->num_buffers - 1u : 0;
    struct pbuf *const p =
        more > 0 || written > MF_PACKET_BYTES
            ? rx_large(buffer, room, written, more)
            : rx_wrap(buffer, room, bytes + HEADER_BYTES, (uint16_t)(written - HEADER_BYTES),
                      mf_packet_alloc(), MF_PACKET_BYTES);
    if (p == NULL) {
        return; /* no memory: lost, as on any wire */
    }
    if (mf_shortcut_input(p, nf.netif)) {
        return;
    }
    rx_watch_fragments(p->payload);
    if (nf.netif->input(p, nf.netif) != ERR_OK) {
        pbuf_free(p);
    }
}

static unsigned int rx_poll(void)
{
    unsigned int count = 0;
    void *buffer;
    uint32_t bytes, room;

    while (count < POLL_BUDGET && rx_take(&buffer, &bytes, &room)) {
        mf_tcp_set_more(virtq_driver_has_used(&nf.rx));
        rx_input(buffer, bytes, room);
        count++;
    }
    if (count == 0) {
        return 0;
    }
    mf_tcp_send_acks();
    if (count > nf.rx_target / 2 && nf.rx_target < nf.rx.size) {
        nf.rx_target *= 2;
    }
    rx_fill();
    if (virtq_driver_publish(&nf.rx)) {
        hv_event_send(nf.port);
    }
    return count;
}

/* ---- send --------------------------------------------------------------------------------- */

static void tx_copy_free(uint8_t *buffer)
{
    if (buffer == nf.spare) {
        nf.spare_is_sent = false;
    } else {
        mf_packet_free(buffer);
    }
}

/*
 * Tokens: a pbuf that we hold a reference of, or the address + 1 of a buffer with a copy. In a train
 * each segment has one, + 2 in all but the last.
 */
static void tx_reclaim(void)
{
    void *token;
    uint32_t bytes;

    while (virtq_driver_take(&nf.tx, &token, &bytes)) {
        if (((uintptr_t)token & 1) != 0) {
            tx_copy_free((uint8_t *)token - 1);
            continue;
        }
        for (uint16_t at = nf.tx.free_head; ((uintptr_t)token & 2) != 0;) {
            pbuf_free((struct pbuf *)(void *)((uint8_t *)token - 2));
            at = nf.tx.slots[at].next;
            token = nf.tx.slots[at].token;
        }
        pbuf_free(token);
    }
}

/*
 * Describes a packet where it lies, the virtio header in front of its first pbuf. Returns the
 * number of segments, or 0 when it has to be copied.
 */
static unsigned int tx_describe(struct pbuf *p, struct virtq_segment *segments)
{
    const bool has_room =
        (p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS) != 0 &&
        (uint8_t *)p->payload - (uint8_t *)p >= (ptrdiff_t)(sizeof(struct pbuf) + HEADER_BYTES);
    unsigned int count = 0;

    if (!has_room) {
        return 0;
    }
    for (const struct pbuf *q = p; q != NULL; q = q->next) {
        const uint32_t before = q == p ? HEADER_BYTES : 0;
        const uintptr_t address = (uintptr_t)q->payload - before;
        const uint32_t bytes = q->len + before;
        if (bytes == 0) {
            continue;
        }
        if (count == VIRTQ_CHAIN_MAX || !mf_packet_is_shared((void *)address, bytes)) {
            return 0;
        }
        segments[count++] =
            (struct virtq_segment){.address = address - HV_WINDOW0_VA, .bytes = bytes};
    }
    return count;
}

/* Adds a chain; when the ring is full, once more after what was sent has been taken back. */
static bool tx_add(const struct virtq_segment *segments, unsigned int count, void *token)
{
    if (!virtq_driver_add(&nf.tx, segments, count, 0, token)) {
        tx_reclaim();
        return virtq_driver_add(&nf.tx, segments, count, 0, token);
    }
    return true;
}

static bool tx_in_place(struct pbuf *p, const struct virtq_segment *segments, unsigned int count)
{
    struct virtio_net_hdr *const header =
        (struct virtio_net_hdr *)(void *)((uint8_t *)p->payload - HEADER_BYTES);

    *header = (struct virtio_net_hdr){0};
    if ((nf.features & MF_NET_F_CSUM) != 0) {
        mf_offload(header, p->payload, p->tot_len);
    }
    pbuf_ref(p);
    if (!tx_add(segments, count, p)) {
        pbuf_free(p);
        return false;
    }
    return true;
}

/*
 * A buffer for a copy. Without memory the spare one, which is back soon: something can always be
 * sent, so that what holds the memory goes.
 */
static uint8_t *tx_copy_alloc(uint32_t bytes)
{
    uint8_t *const buffer = bytes <= MF_PACKET_BYTES ? mf_packet_alloc() : mf_packet_alloc_run();

    if (buffer != NULL || nf.spare_is_sent) {
        return buffer;
    }
    nf.spare_is_sent = nf.spare != NULL;
    return nf.spare;
}

static bool tx_copied(struct pbuf *p)
{
    const uint32_t bytes = HEADER_BYTES + p->tot_len;
    uint8_t *const buffer = bytes <= MF_RUN_BYTES ? tx_copy_alloc(bytes) : NULL;

    if (buffer == NULL) {
        return false;
    }
    struct virtio_net_hdr header = {0};
    pbuf_copy_partial(p, buffer + HEADER_BYTES, p->tot_len, 0);
    if ((nf.features & MF_NET_F_CSUM) != 0) {
        mf_offload(&header, buffer + HEADER_BYTES, p->tot_len);
    }
    memcpy(buffer, &header, sizeof(header));
    const struct virtq_segment segment = {.address = (uintptr_t)buffer - HV_WINDOW0_VA,
                                          .bytes = bytes};
    if (!tx_add(&segment, 1, buffer + 1)) {
        tx_copy_free(buffer);
        return false;
    }
    return true;
}

/* There is room: nothing else has been sent since it began. */
static NOINLINE void tx_train(void)
{
    struct mf_train *const t = &mf_train;
    uint8_t *const frame = t->pbufs[0]->payload;
    struct virtio_net_hdr *const header = (struct virtio_net_hdr *)(void *)(frame - HEADER_BYTES);
    uint16_t at = nf.tx.free_head;

    *header = (struct virtio_net_hdr){0};
    if (t->count > 1) {
        mf_train_finish(header);
    }
    mf_offload(header, frame, SIZEOF_ETH_HDR + t->bytes);
    if (virtq_driver_add(&nf.tx, t->pieces, t->count, 0, NULL)) {
        for (unsigned int i = 0; i < t->count; i++, at = nf.tx.slots[at].next) {
            nf.tx.slots[at].token = (uint8_t *)t->pbufs[i] + (i + 1 < t->count ? 2 : 0);
        }
    }
    t->count = 0;
}

static inline void tx_train_leaves(void)
{
    if (mf_train.count > 0) {
        tx_train();
    }
}

const struct eth_addr *netfront_way_out(const struct netif *netif, const ip_addr_t *to,
                                        bool *can_cut)
{
    const uint32_t features = MF_NET_F_CUT | MF_NET_F_CSUM;

    *can_cut = (~nf.features & features) == 0;
    return netif == nf.netif && !IP_IS_V6_VAL(*to) &&
                   !ip4_addr_netcmp(ip_2_ip4(to), netif_ip4_addr(netif), netif_ip4_netmask(netif))
               ? &nf.gateway
               : NULL;
}

/* The first one of a train, if there is room for the longest. */
static bool tx_begin_train(struct pbuf *p, const struct virtq_segment *piece)
{
    if (nf.tx.free_count < VIRTQ_CHAIN_MAX) {
        tx_reclaim();
    }
    if (nf.tx.free_count < VIRTQ_CHAIN_MAX) {
        return false;
    }
    pbuf_ref(p);
    mf_train.pieces[0] = *piece;
    mf_train.pbufs[0] = p;
    mf_train.count = 1;
    return true;
}

static err_t tx_output(struct netif *netif, struct pbuf *p)
{
    struct virtq_segment segments[VIRTQ_CHAIN_MAX];
    (void)netif;

    tx_train_leaves();
    const unsigned int count = tx_describe(p, segments);
    if (p == mf_train.may_start && count == 1 && tx_begin_train(p, segments)) {
        return ERR_OK;
    }
    if (count > 0 ? tx_in_place(p, segments, count) : tx_copied(p)) {
        return ERR_OK;
    }
    nf.tx_was_full = true;
    return ERR_MEM;
}

/* ---- next hops ----------------------------------------------------------------------------- */

/* What leaves the subnet goes to dom0; only neighbours have to be asked for. */
static err_t output_ip4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    if (ip4_addr_netcmp(to, netif_ip4_addr(netif), netif_ip4_netmask(netif)) ||
        ip4_addr_ismulticast(to) || ip4_addr_isbroadcast(to, netif)) {
        if (!ip4_addr_cmp(to, netif_ip4_gw(netif))) {
            mf_net_tick_for(RESOLVE_SECONDS);
            return etharp_output(netif, p, to);
        }
    }
    return ethernet_output(netif, p, (struct eth_addr *)(void *)netif->hwaddr, &nf.gateway,
                           ETHTYPE_IP);
}

static bool is_in_ip6_subnet(const ip6_addr_t *to)
{
    const uint32_t words = nf.ip6_prefix / 32u;
    const uint32_t rest = nf.ip6_prefix % 32u;

    for (uint32_t i = 0; i < words; i++) {
        if (to->addr[i] != nf.ip6_network.addr[i]) {
            return false;
        }
    }
    const uint32_t mask = rest == 0 ? 0 : ~0u << (32 - rest);
    return rest == 0 || ((lwip_htonl(to->addr[words] ^ nf.ip6_network.addr[words])) & mask) == 0;
}

static err_t output_ip6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
    if (ip6_addr_islinklocal(to) || ip6_addr_ismulticast(to) || is_in_ip6_subnet(to)) {
        mf_net_tick_for(RESOLVE_SECONDS);
        return ethip6_output(netif, p, to);
    }
    return ethernet_output(netif, p, (struct eth_addr *)(void *)netif->hwaddr, &nf.gateway,
                           ETHTYPE_IPV6);
}

u16_t mf_tcp_mtu(u16_t mtu, const struct netif *netif, const ip_addr_t *to)
{
    if (nf.mtu_inside == 0 || netif != nf.netif) {
        return mtu;
    }
    const ip4_addr_t *const to4 = ip_2_ip4(to);
    const bool is_inside =
        IP_IS_V6(to) ? ip6_addr_islinklocal(ip_2_ip6(to)) || is_in_ip6_subnet(ip_2_ip6(to))
                     : ip4_addr_netcmp(to4, netif_ip4_addr(netif), netif_ip4_netmask(netif)) &&
                           !ip4_addr_cmp(to4, netif_ip4_gw(netif));
    return is_inside ? nf.mtu_inside : mtu;
}

#define RUNS_PER_WRITE 4 /* the longest write, 64 KiB, in segments of any length */

u16_t mf_tcp_segment_max(u16_t mss)
{
    const u16_t usual = TCP_MSS - 20; /* by IPv6, too, what is no large packet */

    return mss > TCP_MSS && mf_packet_runs_left() < RUNS_PER_WRITE ? usual : mss;
}

/* ---- polling ------------------------------------------------------------------------------ */

unsigned int netfront_poll(void)
{
    if (virtq_driver_has_used(&nf.tx)) {
        tx_reclaim();
        if (nf.tx_was_full) {
            nf.tx_was_full = false;
            tcp_txnow();
        }
    }
    const unsigned int count = rx_poll();
    if (count > 1) {
        nf.defer_left = count;
        nf.defer_until_tsc = __builtin_ia32_rdtsc() + nf.defer_tsc;
    } else {
        nf.defer_left = 0;
    }
    return count;
}

void netfront_flush(void)
{
    tx_train_leaves();
    if (virtq_driver_publish(&nf.tx)) {
        hv_event_send(nf.port);
    }
}

void netfront_kick(void)
{
    if (nf.tx.avail_next == nf.tx.avail_told && mf_train.count == 0) {
        return;
    }
    if (nf.defer_left > 0 && __builtin_ia32_rdtsc() < nf.defer_until_tsc) {
        nf.defer_left--;
        return;
    }
    netfront_flush();
}

bool netfront_prepare(void)
{
    bool has_work = virtq_driver_want_events(&nf.rx);

    if (nf.tx_was_full) {
        const uint16_t in_flight = (uint16_t)(nf.tx.avail_told - nf.tx.used_next);
        has_work |= virtq_driver_want_events_after(&nf.tx, (uint16_t)(in_flight / 2 + 1));
    }
    return has_work;
}

/* The idle loop polls after every event: there is nothing else to do. */
static void take_event(uint32_t tag, void *arg)
{
    (void)tag;
    (void)arg;
}

/* ---- start -------------------------------------------------------------------------------- */

static COLD err_t init_netif(struct netif *netif)
{
    const struct mf_info *const info = netif->state;

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = info->net.mtu;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, info->net.mac, ETH_HWADDR_LEN);
    /* Up from the start, not by netif_set_up(): dom0 knows us, there is nobody to announce us
     * to. */
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_UP |
                   NETIF_FLAG_LINK_UP;
    netif->output = output_ip4;
    netif->output_ip6 = output_ip6;
    netif->linkoutput = tx_output;
    if ((nf.features & MF_NET_F_CSUM) != 0) {
        NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP);
    }
    return ERR_OK;
}

static COLD void set_ip6(const struct mf_net *net)
{
    ip6_addr_t address;

    memcpy(address.addr, net->ip6, sizeof(net->ip6));
    ip6_addr_clear_zone(&address);
    nf.ip6_network = address;
    nf.ip6_prefix = net->ip6_prefix;
    netif_create_ip6_linklocal_address(nf.netif, 1);
    netif_ip6_addr_set_state(nf.netif, 0, IP6_ADDR_PREFERRED);
    if (net->ip6_prefix != 0) {
        netif_ip6_addr_set(nf.netif, 1, &address);
        netif_ip6_addr_set_state(nf.netif, 1, IP6_ADDR_PREFERRED);
    }
}

static COLD void read_ip4(const struct mf_net *net, ip4_addr_t *address, ip4_addr_t *mask,
                          ip4_addr_t *gateway)
{
    memcpy(address, net->ip4, sizeof(net->ip4));
    memcpy(gateway, net->ip4_gateway, sizeof(net->ip4_gateway));
    mask->addr = net->ip4_prefix == 0 ? 0 : lwip_htonl(~0u << (32 - net->ip4_prefix));
}

static COLD void add_netif(const struct mf_info *info)
{
    const struct mf_net *const net = &info->net;
    ip4_addr_t address, mask, gateway;

    read_ip4(net, &address, &mask, &gateway);
    memcpy(&nf.gateway, net->gateway_mac, sizeof(nf.gateway));
    netif_add(nf.netif, &address, &mask, &gateway, (void *)(uintptr_t)info, init_netif,
              ethernet_input);
    set_ip6(net);
    netif_set_default(nf.netif);
}

static COLD bool is_sound(const struct mf_info *info)
{
    const struct mf_net *const net = &info->net;

    return info->magic == MF_INFO_MAGIC && net->port != MF_NO_PORT && net->rx.size != 0 &&
           net->tx.size != 0 && net->ip4_prefix <= 32 && net->ip6_prefix <= 128 &&
           net->mtu >= 1280 && net->mtu + SIZEOF_ETH_HDR + HEADER_BYTES <= MF_PACKET_BYTES &&
           net->buffers % HV_PAGE_BYTES == 0 && net->buffers < HV_WINDOW_BYTES &&
           net->buffers_bytes <= HV_WINDOW_BYTES - net->buffers;
}

_Static_assert(LARGE_BYTES + SIZEOF_ETH_HDR + HEADER_BYTES + sizeof(struct pbuf) + 64 <=
                   MF_RUN_BYTES,
               "a segment is built in one buffer");

/* What the device is like; says what we take. */
static COLD void use_device(const struct mf_info *info)
{
    struct mf_net *const own = &((struct mf_info *)(uintptr_t)info)->net;

    nf.port = info->net.port;
    nf.features = info->net.features;
    nf.mtu_inside = 0;
    nf.rx_runs = 0;
    if ((nf.features & MF_NET_F_LARGE) != 0 && info->net.mtu_inside > info->net.mtu) {
        nf.mtu_inside = LWIP_MIN(info->net.mtu_inside, LARGE_BYTES);
        own->accepted = MF_NET_F_LARGE;
    }
    nf.rx_target = info->net.rx.size < RX_BUFFERS_FIRST ? info->net.rx.size : RX_BUFFERS_FIRST;
}

static COLD void use_buffers(const struct mf_net *net)
{
    mf_packet_area((void *)(uintptr_t)net->buffers, net->buffers_bytes);
    nf.spare = mf_packet_alloc_run();
    nf.spare_is_sent = false;
}

static COLD bool start_queue(struct virtq_driver *q, const struct mf_virtq *where)
{
    const struct virtq_place place = {
        .desc = where->desc, .avail = where->avail, .used = where->used, .size = where->size};
    struct virtq_slot *const slots = malloc(place.size * sizeof(*slots));

    if (slots == NULL) {
        return false;
    }
    virtq_driver_init(q, (void *)(uintptr_t)HV_WINDOW0_VA, &place, slots, true);
    return true;
}

COLD bool netfront_start(const struct mf_info *info, struct netif *netif)
{
    static struct mf_event event = {.first_tag = MF_TAG_NET, .count = 1, .handle = take_event};

    packets = malloc(HV_WINDOW_BYTES / MF_PACKET_BYTES * sizeof(*packets));
    if (packets == NULL || !is_sound(info) || !start_queue(&nf.rx, &info->net.rx) ||
        !start_queue(&nf.tx, &info->net.tx)) {
        return false;
    }
    const volatile struct hv_time_page *const time =
        (const volatile struct hv_time_page *)(uintptr_t)HV_TIME_PAGE;
    nf.defer_tsc = time->tsc_khz * DEFER_US / 1000;
    nf.netif = netif;
    use_device(info);
    use_buffers(&info->net);
    add_netif(info);
    mf_event_register(&event);
    rx_fill();
    if (virtq_driver_publish(&nf.rx)) {
        hv_event_send(nf.port);
    }
    return true;
}

/* ---- in a clone --------------------------------------------------------------------------- */

static COLD err_t drop_output(struct netif *netif, struct pbuf *p)
{
    (void)netif;
    (void)p;
    return ERR_OK;
}

COLD void netfront_detach(void)
{
    nf.netif->linkoutput = drop_output;
    mf_train.count = 0;
    nf.netif->flags &= (u8_t)~NETIF_FLAG_LINK_UP;
    mf_packet_area_forget();
    etharp_cleanup_netif(nf.netif);
    nd6_cleanup_netif(nf.netif);
}

/* The queues are as large as before: their slots are reused. */
static COLD void restart_queue(struct virtq_driver *q, const struct mf_virtq *where)
{
    const struct virtq_place place = {
        .desc = where->desc, .avail = where->avail, .used = where->used, .size = where->size};
    virtq_driver_init(q, (void *)(uintptr_t)HV_WINDOW0_VA, &place, q->slots, true);
}

COLD bool netfront_attach(const struct mf_info *info)
{
    const struct mf_net *const net = &info->net;
    ip4_addr_t address, mask, gateway;

    if (!is_sound(info) || net->rx.size != nf.rx.size || net->tx.size != nf.tx.size) {
        return false;
    }
    restart_queue(&nf.rx, &net->rx);
    restart_queue(&nf.tx, &net->tx);
    use_device(info);
    nf.tx_was_full = false;
    nf.defer_left = 0;
    use_buffers(net);
    memcpy(nf.netif->hwaddr, net->mac, ETH_HWADDR_LEN);
    memcpy(&nf.gateway, net->gateway_mac, sizeof(nf.gateway));
    read_ip4(net, &address, &mask, &gateway);
    netif_set_addr(nf.netif, &address, &mask, &gateway); /* the link is down: announces nothing */
    set_ip6(net);
    nf.netif->linkoutput = tx_output;
    nf.netif->flags |= NETIF_FLAG_LINK_UP;
    rx_fill();
    if (virtq_driver_publish(&nf.rx)) {
        hv_event_send(nf.port);
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* packet.c - see packet.h. */
#include "net/packet.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/sums.h"

#define REPLY_TTL 64

/* The transport headers that dom0 knows: their least size and where the checksum is. */
static uint32_t header_bytes(uint8_t protocol)
{
    switch (protocol) {
    case IP_PROTOCOL_TCP:
        return TCP_BYTES;
    case IP_PROTOCOL_UDP:
        return UDP_BYTES;
    case IP_PROTOCOL_ICMP:
    case IP_PROTOCOL_ICMP6:
        return ICMP_BYTES;
    default:
        return 0;
    }
}

uint8_t *packet_checksum(const struct packet *p)
{
    switch (p->protocol) {
    case IP_PROTOCOL_TCP:
        return p->transport + TCP_CHECKSUM;
    case IP_PROTOCOL_UDP:
        return p->transport + UDP_CHECKSUM;
    case IP_PROTOCOL_ICMP:
    case IP_PROTOCOL_ICMP6:
        return p->transport + ICMP_CHECKSUM;
    default:
        return NULL;
    }
}

/* Fills in the transport part, which starts at `offset` of the frame. */
static bool parse_transport(struct frame *f, struct packet *p, uint32_t offset)
{
    p->frame = f;
    p->transport = f->head + offset;
    p->transport_head = f->head_bytes - offset;
    p->transport_bytes = frame_bytes(f) - offset;
    if (p->fragment) {
        return !f->needs_csum;
    }
    if (p->transport_head < header_bytes(p->protocol)) {
        return false;
    }
    const uint8_t *checksum = packet_checksum(p);
    if (f->needs_csum && (checksum == NULL || f->csum_start != offset ||
                          checksum != f->head + offset + f->csum_offset)) {
        return false;
    }
    if (p->protocol == IP_PROTOCOL_TCP) {
        const uint32_t bytes = (p->transport[TCP_OFFSET] >> 4) * 4u;
        return bytes >= TCP_BYTES && bytes <= p->transport_head;
    }
    return true;
}

bool packet_parse_ip4(struct frame *f, struct packet *p)
{
    uint8_t *ip = f->head + ETH_BYTES;
    if (f->head_bytes < ETH_BYTES + IP4_BYTES || ip[IP4_VERSION_IHL] >> 4 != 4) {
        return false;
    }
    const uint32_t ihl = (ip[IP4_VERSION_IHL] & 0xfu) * 4u;
    const uint32_t total = get16(ip + IP4_TOTAL_BYTES);
    if (ihl < IP4_BYTES || total < ihl || total > frame_bytes(f) - ETH_BYTES ||
        f->head_bytes < ETH_BYTES + ihl) {
        return false;
    }
    if (total != frame_bytes(f) - ETH_BYTES) {
        frame_trim(f, ETH_BYTES + total);
    }
    p->ip = ip;
    p->protocol = ip[IP4_PROTOCOL];
    p->fragment = (get16(ip + IP4_FRAGMENT) & IP4_FRAGMENT_MASK) != 0;
    p->src = get32(ip + IP4_SRC);
    p->dst = get32(ip + IP4_DST);
    return parse_transport(f, p, ETH_BYTES + ihl);
}

bool packet_parse_ip6(struct frame *f, struct packet *p)
{
    uint8_t *ip = f->head + ETH_BYTES;
    if (f->head_bytes < ETH_BYTES + IP6_BYTES || ip[IP6_VERSION] >> 4 != 6) {
        return false;
    }
    const uint32_t payload = get16(ip + IP6_PAYLOAD_BYTES);
    if (payload > frame_bytes(f) - ETH_BYTES - IP6_BYTES) {
        return false;
    }
    if (payload != frame_bytes(f) - ETH_BYTES - IP6_BYTES) {
        frame_trim(f, ETH_BYTES + IP6_BYTES + payload);
    }
    p->ip = ip;
    p->protocol = ip[IP6_NEXT];
    p->fragment = false;
    p->src = 0;
    p->dst = 0;
    return parse_transport(f, p, ETH_BYTES + IP6_BYTES);
}

/* The checksum of the transport header if there is one that covers addresses and ports. */
static uint8_t *covering_checksum(const struct packet *p)
{
    uint8_t *field = NULL;
    if (p->protocol == IP_PROTOCOL_TCP) {
        field = p->transport + TCP_CHECKSUM;
    } else if (p->protocol == IP_PROTOCOL_UDP) {
        field = p->transport + UDP_CHECKSUM;
        if (get16(field) == 0) { /* none was computed */
            return NULL;
        }
    }
    return field;
}

static void put_checksum(const struct packet *p, uint8_t *field, uint16_t value)
{
    put16(field, value == 0 && p->protocol == IP_PROTOCOL_UDP ? 0xffffu : value);
}

void packet_set_ip4(struct packet *p, uint32_t offset, uint32_t ip)
{
    const bool needs_csum = p->frame->needs_csum;
    const uint32_t from = get32(p->ip + offset);
    uint8_t *field = needs_csum ? packet_checksum(p) : covering_checksum(p);

    put32(p->ip + offset, ip);
    put16(p->ip + IP4_CHECKSUM, checksum_update32(get16(p->ip + IP4_CHECKSUM), from, ip));
    if (needs_csum && p->protocol != IP_PROTOCOL_ICMP) {
        put16(field, checksum_resum32(get16(field), from, ip));
    } else if (field != NULL && p->protocol != IP_PROTOCOL_ICMP) {
        put_checksum(p, field, checksum_update32(get16(field), from, ip));
    }
    *(offset == IP4_SRC ? &p->src : &p->dst) = ip;
}

/* In memory order: one's complement sums are the same in any (RFC 1071, 2B). */
static uint16_t load16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static void store16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof(v));
}

/* What a field that is not complemented becomes when `change` is added to what it sums up. */
static inline uint16_t resum(uint16_t sum, uint64_t change)
{
    change += sum;
    change = (change & 0xffffffffu) + (change >> 32);
    change = (change & 0xffffu) + (change >> 16);
    return checksum_fold((uint32_t)change);
}

static inline void update(uint8_t *field, uint64_t change)
{
    store16(field, (uint16_t)~resum((uint16_t)~load16(field), change));
}

void packet_set_end(struct packet *p, uint32_t offset, uint32_t ip, uint16_t port)
{
    uint8_t *const address = p->ip + offset;
    uint8_t *const place = p->transport + (offset == IP4_SRC ? 0 : 2);
    uint8_t *const field = packet_checksum(p);
    uint32_t from;

    memcpy(&from, address, sizeof(from));
    uint64_t change = (uint64_t)(uint32_t)~from + __builtin_bswap32(ip);
    put32(address, ip);
    update(p->ip + IP4_CHECKSUM, change);
    *(offset == IP4_SRC ? &p->src : &p->dst) = ip;
    if (p->frame->needs_csum) {
        store16(field, resum(load16(field), change)); /* the pseudo header's: without ports */
        put16(place, port);
        return;
    }
    change += (uint64_t)(uint16_t)~load16(place) + __builtin_bswap16(port);
    put16(place, port);
    if (p->protocol == IP_PROTOCOL_TCP) {
        update(field, change);
    } else if (load16(field) != 0) { /* 0: none was computed (RFC 768) */
        update(field, change);
        store16(field, load16(field) == 0 ? 0xffffu : load16(field));
    }
}

bool packet_age_ip4(struct packet *p)
{
    uint8_t *const ttl = p->ip + IP4_TTL, *const field = p->ip + IP4_CHECKSUM;

    if (*ttl <= 1) {
        return false;
    }
    --*ttl;
    const uint32_t sum = load16(field) + 1u; /* TTL is the low half of its word in memory */
    store16(field, (uint16_t)(sum + (sum >> 16)));
    return true;
}

void packet_put_ip4(uint8_t *ip, uint32_t src, uint32_t dst, uint8_t protocol, uint32_t bytes)
{
    memset(ip, 0, IP4_BYTES);
    ip[IP4_VERSION_IHL] = 0x45;
    put16(ip + IP4_TOTAL_BYTES, (uint16_t)(IP4_BYTES + bytes));
    ip[IP4_TTL] = REPLY_TTL;
    ip[IP4_PROTOCOL] = protocol;
    put32(ip + IP4_SRC, src);
    put32(ip + IP4_DST, dst);
    put16(ip + IP4_CHECKSUM, (uint16_t)~checksum_sum(ip, IP4_BYTES));
}

void packet_turn_mac(struct frame *f)
{
    uint8_t mac[ETH_MAC_BYTES];
    memcpy(mac, f->head + ETH_DST, sizeof(mac));
    memcpy(f->head + ETH_DST, f->head + ETH_SRC, sizeof(mac));
    memcpy(f->head + ETH_SRC, mac, sizeof(mac));
}

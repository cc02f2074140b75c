/* SPDX-License-Identifier: Apache-2.0 */
/* echo.c - see echo.h. */
#include "net/echo.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/sums.h"

#define NS_HOP_LIMIT 255
#define NA_BYTES 32 /* with the target's link-layer address */
#define OPTION_TARGET_MAC 0x0201u

static void turn_ip4(struct packet *p)
{
    uint8_t src[4];
    memcpy(src, p->ip + IP4_SRC, 4); /* the sum in the header stays what it is */
    memcpy(p->ip + IP4_SRC, p->ip + IP4_DST, 4);
    memcpy(p->ip + IP4_DST, src, 4);
}

static void turn_ip6(struct packet *p)
{
    uint8_t src[16];
    memcpy(src, p->ip + IP6_SRC, 16);
    memcpy(p->ip + IP6_SRC, p->ip + IP6_DST, 16);
    memcpy(p->ip + IP6_DST, src, 16);
}

/* Changes the ICMP type, whose word is (type << 8 | code). */
static void set_type(const struct frame *f, struct packet *p, uint8_t type)
{
    const uint16_t from = get16(p->transport);
    uint8_t *field = packet_checksum(p);

    p->transport[ICMP_TYPE] = type;
    if (!f->needs_csum) {
        put16(field, checksum_update16(get16(field), from, get16(p->transport)));
    }
}

bool echo_answer_ip4(struct frame *f, struct packet *p)
{
    if (p->protocol != IP_PROTOCOL_ICMP || p->fragment || get16(p->transport) != ICMP_ECHO << 8) {
        return false;
    }
    turn_ip4(p);
    set_type(f, p, ICMP_ECHO_REPLY);
    packet_turn_mac(f);
    return true;
}

bool echo_answer_ip6(struct frame *f, struct packet *p)
{
    if (p->protocol != IP_PROTOCOL_ICMP6 || get16(p->transport) != ICMP6_ECHO << 8) {
        return false;
    }
    turn_ip6(p);
    set_type(f, p, ICMP6_ECHO_REPLY);
    packet_turn_mac(f);
    return true;
}

/* The checksum of an ICMPv6 packet that lies wholly in head[] (RFC 8200, 8.1). */
static void put_icmp6_checksum(struct packet *p, uint32_t bytes)
{
    uint32_t sum = checksum_sum(p->ip + IP6_SRC, 32) + bytes + IP_PROTOCOL_ICMP6;
    put16(p->transport + ICMP_CHECKSUM, 0);
    sum += checksum_sum(p->transport, bytes);
    put16(p->transport + ICMP_CHECKSUM, (uint16_t)~checksum_fold(sum));
}

static bool is_solicitation(const struct packet *p)
{
    return p->protocol == IP_PROTOCOL_ICMP6 && get16(p->transport) == ICMP6_NS << 8 &&
           p->ip[IP6_HOP_LIMIT] == NS_HOP_LIMIT && p->transport_head >= ICMP6_ND_OPTIONS;
}

bool echo_answer_neighbour(const struct plan *plan, uint32_t guest, struct frame *f,
                           struct packet *p)
{
    static const uint8_t unspecified[16];
    uint8_t target[16], mac[6];

    if (!is_solicitation(p) || memcmp(p->ip + IP6_SRC, unspecified, 16) == 0) {
        return false;
    }
    memcpy(target, p->transport + ICMP6_ND_TARGET, sizeof(target));
    const uint32_t target_guest = plan_guest_of_ip6(plan, target);
    if (plan_ip6_is_gateway(plan, target)) {
        plan_gateway_mac(mac);
    } else if (target_guest != PLAN_NO_GUEST && target_guest != guest) {
        plan_guest_mac(target_guest, mac);
    } else {
        return false;
    }
    packet_turn_mac(f);
    memcpy(f->head + ETH_SRC, mac, sizeof(mac));
    put16(p->ip + IP6_PAYLOAD_BYTES, NA_BYTES);
    memcpy(p->ip + IP6_DST, p->ip + IP6_SRC, 16);
    memcpy(p->ip + IP6_SRC, target, 16);
    put16(p->transport, ICMP6_NA << 8);
    put32(p->transport + ICMP_ID, ICMP6_NA_SOLICITED_OVERRIDE);
    put16(p->transport + ICMP6_ND_OPTIONS, OPTION_TARGET_MAC);
    memcpy(p->transport + ICMP6_ND_OPTIONS + 2, mac, sizeof(mac));
    frame_reset(f, ETH_BYTES + IP6_BYTES + NA_BYTES);
    put_icmp6_checksum(p, NA_BYTES);
    return true;
}

bool echo_refuse_tcp(struct frame *f, struct packet *p)
{
    uint8_t *tcp = p->transport;
    if (p->protocol != IP_PROTOCOL_TCP || p->fragment || (tcp[TCP_FLAGS] & TCP_RST) != 0) {
        return false;
    }
    const uint32_t header = (tcp[TCP_OFFSET] >> 4) * 4u;
    const uint32_t counted = p->transport_bytes - header + ((tcp[TCP_FLAGS] & TCP_SYN) != 0) +
                             ((tcp[TCP_FLAGS] & TCP_FIN) != 0);
    const uint32_t next = get32(tcp + TCP_SEQUENCE) + counted;
    const uint32_t sequence = (tcp[TCP_FLAGS] & TCP_ACK) != 0 ? get32(tcp + TCP_ACKNOWLEDGED) : 0;
    const uint16_t src = get16(tcp + TCP_SRC), dst = get16(tcp + TCP_DST);

    tcp = f->head + ETH_BYTES + IP4_BYTES; /* options of the request are left out */
    frame_reset(f, ETH_BYTES + IP4_BYTES + TCP_BYTES);
    packet_turn_mac(f);
    packet_put_ip4(p->ip, p->dst, p->src, IP_PROTOCOL_TCP, TCP_BYTES);
    memset(tcp, 0, TCP_BYTES);
    put16(tcp + TCP_SRC, dst);
    put16(tcp + TCP_DST, src);
    put32(tcp + TCP_SEQUENCE, sequence);
    put32(tcp + TCP_ACKNOWLEDGED, next);
    tcp[TCP_OFFSET] = TCP_BYTES / 4 << 4;
    tcp[TCP_FLAGS] = TCP_RST | TCP_ACK;
    const uint16_t pseudo = checksum_pseudo4(p->dst, p->src, IP_PROTOCOL_TCP, TCP_BYTES);
    put16(tcp + TCP_CHECKSUM,
          (uint16_t)~checksum_fold((uint32_t)pseudo + checksum_sum(tcp, TCP_BYTES)));
    return true;
}

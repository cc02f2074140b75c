// SPDX-License-Identifier: Apache-2.0
// cflags: -Idom0 -Iunikernel-runtime/src
/* packets.h - builds packets and checks their checksums from first principles, for dom0's tests. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "net/bytes.h"
#include "net/frame.h"
#include "net/headers.h"
#include "virtq/virtio_net.h"

struct wire {
    struct virtio_net_hdr hdr;
    uint8_t data[2048];
    uint32_t bytes; /* of data[] */
};

/* The sum of 16-bit words, byte by byte, as RFC 1071 says it. */
static inline uint32_t slow_sum(const uint8_t *p, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        sum += (i & 1) == 0 ? (uint32_t)p[i] << 8 : p[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static inline uint32_t slow_pseudo4(const uint8_t *ip, uint32_t bytes)
{
    return slow_sum(ip + IP4_SRC, 8) + ip[IP4_PROTOCOL] + bytes;
}

static inline uint16_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint32_t checksum_place(uint8_t protocol)
{
    return protocol == IP_PROTOCOL_TCP
               ? TCP_CHECKSUM
               : (protocol == IP_PROTOCOL_UDP ? UDP_CHECKSUM : ICMP_CHECKSUM);
}

/* Fills in both checksums of the IPv4 packet in w, or only the pseudo header's sum. */
static inline void wire_sum(struct wire *w, bool partial)
{
    uint8_t *ip = w->data + ETH_BYTES;
    const uint32_t ihl = (ip[0] & 15u) * 4;
    const uint32_t bytes = get16(ip + IP4_TOTAL_BYTES) - ihl;
    uint8_t *l4 = ip + ihl, *field = l4 + checksum_place(ip[IP4_PROTOCOL]);
    const uint32_t pseudo = ip[IP4_PROTOCOL] == IP_PROTOCOL_ICMP ? 0 : slow_pseudo4(ip, bytes);

    put16(ip + IP4_CHECKSUM, 0);
    put16(ip + IP4_CHECKSUM, (uint16_t)~fold(slow_sum(ip, ihl)));
    put16(field, 0);
    if (partial) {
        put16(field, fold(pseudo));
        w->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        w->hdr.csum_start = (uint16_t)(ETH_BYTES + ihl);
        w->hdr.csum_offset = (uint16_t)checksum_place(ip[IP4_PROTOCOL]);
    } else {
        put16(field, (uint16_t)~fold(fold(pseudo) + slow_sum(l4, bytes)));
    }
}

/* Whether both checksums of the IPv4 packet at `frame` are right. */
static inline bool sums_are_right(const uint8_t *frame)
{
    const uint8_t *ip = frame + ETH_BYTES;
    const uint32_t ihl = (ip[0] & 15u) * 4;
    const uint32_t bytes = get16(ip + IP4_TOTAL_BYTES) - ihl;
    const uint32_t pseudo = ip[IP4_PROTOCOL] == IP_PROTOCOL_ICMP ? 0 : slow_pseudo4(ip, bytes);
    return fold(slow_sum(ip, ihl)) == 0xffff &&
           fold(fold(pseudo) + slow_sum(ip + ihl, bytes)) == 0xffff;
}

/* An IPv4 packet from ends[0] to ends[1] with `payload` bytes behind a transport header of the usual size. */
static inline void wire_ip4(struct wire *w, const uint8_t dst_mac[6], const uint8_t src_mac[6],
                            const uint32_t ends[2], uint8_t protocol, uint32_t payload)
{
    uint8_t *ip = w->data + ETH_BYTES, *l4 = ip + IP4_BYTES;
    const uint32_t header = protocol == IP_PROTOCOL_TCP ? TCP_BYTES : UDP_BYTES;

    memset(w, 0, sizeof(*w));
    memcpy(w->data + ETH_DST, dst_mac, 6);
    memcpy(w->data + ETH_SRC, src_mac, 6);
    put16(w->data + ETH_TYPE, ETH_TYPE_IP4);
    ip[IP4_VERSION_IHL] = 0x45;
    put16(ip + IP4_TOTAL_BYTES, (uint16_t)(IP4_BYTES + header + payload));
    ip[IP4_TTL] = 64;
    ip[IP4_PROTOCOL] = protocol;
    put32(ip + IP4_SRC, ends[0]);
    put32(ip + IP4_DST, ends[1]);
    if (protocol == IP_PROTOCOL_TCP) {
        l4[TCP_OFFSET] = 5 << 4;
        l4[TCP_FLAGS] = TCP_ACK;
    } else if (protocol == IP_PROTOCOL_UDP) {
        put16(l4 + UDP_LENGTH, (uint16_t)(UDP_BYTES + payload));
    }
    for (uint32_t i = 0; i < payload; i++) {
        l4[header + i] = (uint8_t)(i * 7 + 3);
    }
    w->bytes = ETH_BYTES + IP4_BYTES + header + payload;
}

static inline void wire_ports(struct wire *w, uint16_t src, uint16_t dst)
{
    put16(w->data + ETH_BYTES + IP4_BYTES, src);
    put16(w->data + ETH_BYTES + IP4_BYTES + 2, dst);
}

/* Loads it in pieces of `step` bytes (0: one piece). */
static inline bool wire_load(struct wire *w, struct frame *f, uint32_t step)
{
    struct virtq_piece pieces[VIRTQ_CHAIN_MAX];
    const uint32_t bytes = (uint32_t)sizeof(w->hdr) + w->bytes;
    uint8_t *data = (uint8_t *)w;
    uint32_t count = 0, at = 0;
    while (at < bytes && count < VIRTQ_CHAIN_MAX) {
        uint32_t part =
            step == 0 || count == VIRTQ_CHAIN_MAX - 1 || step > bytes - at ? bytes - at : step;
        pieces[count++] = (struct virtq_piece){data + at, part};
        at += part;
    }
    return frame_load(f, pieces, count);
}

/* What a receiver that takes no partial checksums gets. */
static inline void wire_store(const struct frame *f, struct wire *w)
{
    const struct virtq_piece piece = {(uint8_t *)w, (uint32_t)(sizeof(w->hdr) + sizeof(w->data))};
    w->bytes = frame_store(f, &piece, 1, true) - (uint32_t)sizeof(w->hdr);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* offload.c - see offload.h. */
#include "net/offload.h"

#include <stddef.h>
#include <string.h>

#include "lwip/ip.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/tcp.h"
#include "net/checksum.h"

/* The sum of the pseudo header (RFC 793, 3.1; RFC 8200, 8.1), folded, in memory order. */
static uint16_t pseudo_header_sum(const uint8_t *addresses, int bytes, uint32_t tcp_bytes)
{
    return mf_checksum_fold((uint64_t)mf_checksum_add(addresses, bytes) +
                            lwip_htons((uint16_t)tcp_bytes) + lwip_htons(IP_PROTO_TCP));
}

void mf_offload(struct virtio_net_hdr *header, uint8_t *frame, uint32_t total)
{
    uint8_t *const ip = frame + SIZEOF_ETH_HDR;
    uint32_t ip_bytes;
    uint16_t sum;

    if (frame[12] == 0x08 && frame[13] == 0x00 && ip[9] == IP_PROTO_TCP) {
        ip_bytes = (ip[0] & 0xfu) * 4;
        sum = pseudo_header_sum(ip + 12, 8, total - SIZEOF_ETH_HDR - ip_bytes);
    } else if (frame[12] == 0x86 && frame[13] == 0xdd && ip[6] == IP_PROTO_TCP) {
        ip_bytes = 40;
        sum = pseudo_header_sum(ip + 8, 32, total - SIZEOF_ETH_HDR - ip_bytes);
    } else {
        return; /* lwIP has computed it, or there is none */
    }
    header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header->csum_start = (uint16_t)(SIZEOF_ETH_HDR + ip_bytes);
    header->csum_offset = offsetof(struct tcp_hdr, chksum);
    memcpy(ip + ip_bytes + header->csum_offset, &sum, sizeof(sum));
}

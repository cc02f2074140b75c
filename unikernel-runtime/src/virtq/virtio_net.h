/* SPDX-License-Identifier: Apache-2.0 */
/* virtio_net.h - the header before each packet of a network queue (virtio 1.2, section 5.1.6). */
#pragma once

#include <stdint.h>

#define VIRTIO_NET_HDR_F_NEEDS_CSUM                                                                \
    0x1u /* sum [csum_start, end), store at csum_start + csum_offset */
#define VIRTIO_NET_HDR_F_DATA_VALID 0x2u /* the checksum has been verified */

#define VIRTIO_NET_HDR_GSO_NONE 0u
#define VIRTIO_NET_HDR_GSO_TCPV4 1u
#define VIRTIO_NET_HDR_GSO_TCPV6 4u

struct virtio_net_hdr {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t num_buffers; /* receive buffers that the packet lies in; 1 in what is sent */
};

_Static_assert(sizeof(struct virtio_net_hdr) == 12, "virtio 1.2, 5.1.6");

/* SPDX-License-Identifier: Apache-2.0 */
/* offload.h - TCP checksums that the device computes (MF_NET_F_CSUM). */
#pragma once

#include <stdint.h>

#include "virtq/virtio_net.h"

/**
 * Leaves the checksum of a TCP segment to the device: puts the pseudo header's sum there and says
 * so in the virtio header. `frame` holds all headers; `total` is the packet's length, Ethernet header
 * included. Other packets are left alone.
 */
void mf_offload(struct virtio_net_hdr *header, uint8_t *frame, uint32_t total);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train.h - TCP segments of one connection that leave the machine one behind the other, handed to
 * dom0 as one frame, which it cuts (MF_NET_F_CUT): what is done for each frame is done once. lwIP
 * knows nothing of it: each segment is built, confirmed and repeated alone.
 *
 * The first segment of full length is kept when it comes to be sent, headers and all; of the next
 * ones only the data goes along. The train leaves before anything else does, and at the next
 * notification of dom0 (netfront.c).
 */
#pragma once

#include <stdint.h>

#include "lwip/pbuf.h"
#include "virtq/virtio_net.h"
#include "virtq/virtq.h"

struct tcp_hdr;
struct tcp_pcb;

struct mf_train {
    const struct pbuf *may_start;                 /* being sent: the driver may keep it */
    const struct tcp_pcb *pcb;                    /* whose segments; NULL: the last one is there */
    struct tcp_hdr *tcp;                          /* the first one's header */
    uint32_t next;                                /* sequence number */
    uint16_t segment_bytes;                       /* of all but the last one */
    uint16_t bytes;                               /* of the packet */
    unsigned int count;                           /* segments; 0: there is no train */
    struct virtq_segment pieces[VIRTQ_CHAIN_MAX]; /* the first one's headers in the first */
    struct pbuf *pbufs[VIRTQ_CHAIN_MAX];          /* a reference of each */
};

extern struct mf_train mf_train;

/** Makes the train's first packet, of more than one, say what the train is, in its headers and *h. */
void mf_train_finish(struct virtio_net_hdr *h);

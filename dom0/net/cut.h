/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cut.h - a TCP segment that a guest hands over as one frame (MF_NET_F_CUT, mayfly/info.h), as the
 * frames that leave the machine: all have its headers, and so much of its data as frame->segment_bytes
 * says. FIN and PSH are the last one's; each has an IP identification of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"
#include "net/packet.h"

#define CUT_MAX 32 /* frames of one */

struct cut {
    const struct frame *frame;         /* borrows */
    uint32_t header_bytes, done, left; /* of all headers; of its data */
    struct frame_cursor data;
    struct virtq_piece pieces[1 + VIRTQ_CHAIN_MAX]; /* where the data lies */
};

/** How many frames leave the machine for this one, which cut_is_sound() has seen. */
uint32_t cut_frames(const struct frame *f);

/** Whether what the guest said about cutting its frame, if anything, can be done. */
bool cut_is_sound(const struct packet *p);

/** Begins with a frame of which cut_frames() says more than one. */
void cut_begin(struct cut *c, const struct frame *f);

/**
 * Writes a struct virtio_net_hdr and the next frame to `to`, which has room for the longest.
 * `finish_csum`: computes its TCP checksum, else leaves that to the card. `id`: its identification.
 * Returns the bytes written, or 0: that was all.
 */
uint32_t cut_next(struct cut *c, uint8_t *to, bool finish_csum, uint16_t id);

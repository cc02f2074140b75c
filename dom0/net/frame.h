/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - an Ethernet frame on its way through dom0.
 *
 * The source can be a guest's memory, which changes under our hands. So the first bytes (all
 * headers) are copied to `head` once; everything is decided and rewritten there. The rest is never
 * looked at and is copied once, from where it lies to where it goes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "virtq/virtq.h"

#define FRAME_HEAD_BYTES                                                                           \
    160                      /* Ethernet, longest IPv4 header, longest TCP header, and some more   \
                              */
#define FRAME_MAX_BYTES 1514 /* Ethernet header and MTU: what may leave the machine */
#define FRAME_MTU_INSIDE 32512
#define FRAME_LARGE_BYTES (14 + FRAME_MTU_INSIDE) /* between guests that take it (mayfly/info.h) */

struct frame {
    uint32_t head_bytes; /* valid in head[] */
    uint32_t rest_bytes; /* behind them, in rest[] */
    uint32_t rest_count;
    bool needs_csum; /* sum of [csum_start, end), complemented, is to go to csum_start + csum_offset
                      */
    bool csum_valid; /* the receiver need not check */
    uint16_t
        segment_bytes; /* data of each frame that it is to leave the machine as (cut.h); 0: as it is */
    uint16_t csum_start, csum_offset; /* from the start of the frame; both inside of head[] */
    struct virtq_piece rest[VIRTQ_CHAIN_MAX]; /* borrows */
    uint8_t *data; /* all of it as it came, when it lies in one piece; borrows. Else NULL */
    uint8_t head[FRAME_HEAD_BYTES];
};

/* A place in a list of pieces. */
struct frame_cursor {
    const struct virtq_piece *piece, *end;
    uint32_t offset; /* in *piece */
};

/** Copies up to `bytes` out of the pieces and moves on. Returns what there was. */
uint32_t frame_read(struct frame_cursor *c, void *to, uint32_t bytes);

static inline uint32_t frame_bytes(const struct frame *f)
{
    return f->head_bytes + f->rest_bytes;
}

/** Too long for the world outside. */
static inline bool frame_is_large(const struct frame *f)
{
    return frame_bytes(f) > FRAME_MAX_BYTES;
}

/**
 * Takes a frame in from `count` pieces (at most VIRTQ_CHAIN_MAX), which it borrows: a struct
 * virtio_net_hdr, then the frame. Returns false when it is not a whole Ethernet header, longer than
 * FRAME_LARGE_BYTES, asks for another segmentation than cut.h's, or for a checksum outside of head[].
 */
bool frame_load(struct frame *f, const struct virtq_piece *pieces, uint32_t count);

/**
 * Writes a struct virtio_net_hdr and the frame to `count` pieces. `finish_csum`: computes a
 * checksum that is still needed; only for one piece of the caller's own memory. Returns the bytes
 * written, header included, or 0 when there is not room enough (then some may have been written).
 */
uint32_t frame_store(const struct frame *f, const struct virtq_piece *pieces, uint32_t count,
                     bool finish_csum);

/** The same into `count` buffers of one piece each, all of which it needs: says so in the header. */
uint32_t frame_store_large(const struct frame *f, const struct virtq_piece *pieces, uint16_t count);

/**
 * The same into `count` pieces for a card that cuts TCP segments; `header_bytes`: of all its headers.
 */
uint32_t frame_store_whole(const struct frame *f, const struct virtq_piece *pieces, uint32_t count,
                           uint32_t header_bytes);

/** Makes *f a frame that consists of the first `bytes` bytes of head[], which the caller fills
 * in. */
void frame_reset(struct frame *f, uint32_t bytes);

/** Cuts Ethernet padding off: the frame becomes at most `bytes` long. */
void frame_trim(struct frame *f, uint32_t bytes);

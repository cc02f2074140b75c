/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - see frame.h. */
#include "net/frame.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/sums.h"
#include "virtq/virtio_net.h"

uint32_t frame_read(struct frame_cursor *c, void *to, uint32_t bytes)
{
    uint32_t done = 0;
    while (done < bytes && c->piece < c->end) {
        const uint32_t there = c->piece->bytes - c->offset;
        const uint32_t part = there < bytes - done ? there : bytes - done;
        memcpy((uint8_t *)to + done, c->piece->data + c->offset, part);
        done += part;
        c->offset += part;
        if (c->offset == c->piece->bytes) {
            c->piece++;
            c->offset = 0;
        }
    }
    return done;
}

/* Copies into the pieces and moves on. Returns false when they are full. */
static bool cursor_write(struct frame_cursor *c, const void *from, uint32_t bytes)
{
    uint32_t done = 0;
    while (done < bytes) {
        if (c->piece == c->end) {
            return false;
        }
        const uint32_t room = c->piece->bytes - c->offset;
        const uint32_t part = room < bytes - done ? room : bytes - done;
        memcpy(c->piece->data + c->offset, (const uint8_t *)from + done, part);
        done += part;
        c->offset += part;
        if (c->offset == c->piece->bytes) {
            c->piece++;
            c->offset = 0;
        }
    }
    return true;
}

static void take_rest(struct frame *f, struct frame_cursor *c)
{
    f->rest_bytes = 0;
    f->rest_count = 0;
    for (; c->piece < c->end; c->piece++, c->offset = 0) {
        const uint32_t bytes = c->piece->bytes - c->offset;
        f->rest[f->rest_count++] = (struct virtq_piece){c->piece->data + c->offset, bytes};
        f->rest_bytes += bytes;
        if (f->rest_bytes > FRAME_LARGE_BYTES) {
            return;
        }
    }
}

static bool take_offload(struct frame *f, const struct virtio_net_hdr *h)
{
    f->needs_csum = (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
    f->csum_valid = (h->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0;
    f->csum_start = h->csum_start;
    f->csum_offset = h->csum_offset;
    f->segment_bytes = h->gso_type == VIRTIO_NET_HDR_GSO_NONE ? 0 : h->gso_size;
    if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE &&
        (h->gso_type != VIRTIO_NET_HDR_GSO_TCPV4 || h->gso_size == 0 || !f->needs_csum)) {
        return false;
    }
    return !f->needs_csum || (uint32_t)h->csum_start + h->csum_offset + 2 <= f->head_bytes;
}

/* The usual case: all in one piece. */
static bool load_one(struct frame *f, const struct virtq_piece *piece)
{
    struct virtio_net_hdr h;
    const uint8_t *data = piece->data;
    const uint32_t bytes = piece->bytes - (uint32_t)sizeof(h);

    if (piece->bytes < sizeof(h) + ETH_BYTES || bytes > FRAME_LARGE_BYTES) {
        return false;
    }
    f->head_bytes = bytes < FRAME_HEAD_BYTES ? bytes : FRAME_HEAD_BYTES;
    f->rest_bytes = bytes - f->head_bytes;
    f->rest_count = f->rest_bytes != 0;
    f->data = piece->data + sizeof(h);
    f->rest[0] = (struct virtq_piece){piece->data + sizeof(h) + f->head_bytes, f->rest_bytes};
    memcpy(&h, data, sizeof(h));
    memcpy(f->head, data + sizeof(h), f->head_bytes);
    return take_offload(f, &h);
}

bool frame_load(struct frame *f, const struct virtq_piece *pieces, uint32_t count)
{
    struct frame_cursor c = {pieces, pieces + count, 0};
    struct virtio_net_hdr h;

    if (count == 1) {
        return load_one(f, pieces);
    }
    f->data = NULL;
    if (count > VIRTQ_CHAIN_MAX || frame_read(&c, &h, sizeof(h)) != sizeof(h)) {
        return false;
    }
    f->head_bytes = frame_read(&c, f->head, FRAME_HEAD_BYTES);
    take_rest(f, &c);
    return f->head_bytes >= ETH_BYTES && frame_bytes(f) <= FRAME_LARGE_BYTES && take_offload(f, &h);
}

static void finish_checksum(const struct frame *f, uint8_t *data)
{
    const uint16_t sum = checksum_sum(data + f->csum_start, frame_bytes(f) - f->csum_start);
    const uint16_t field = (uint16_t)~sum;
    /* 0 in a UDP header means "none" (RFC 768); for TCP both forms of zero are equal. */
    put16(data + f->csum_start + f->csum_offset, field == 0 ? 0xffffu : field);
}

/* Into one piece with room for all. */
static inline void store_one(const struct frame *f, struct virtio_net_hdr h, uint8_t *to)
{
    memcpy(to, &h, sizeof(h));
    to += sizeof(h);
    memcpy(to, f->head, f->head_bytes);
    to += f->head_bytes;
    for (uint32_t i = 0; i < f->rest_count; i++) {
        memcpy(to, f->rest[i].data, f->rest[i].bytes);
        to += f->rest[i].bytes;
    }
}

static bool store_pieces(const struct frame *f, const struct virtio_net_hdr *h,
                         struct frame_cursor c)
{
    if (!cursor_write(&c, h, sizeof(*h)) || !cursor_write(&c, f->head, f->head_bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < f->rest_count; i++) {
        if (!cursor_write(&c, f->rest[i].data, f->rest[i].bytes)) {
            return false;
        }
    }
    return true;
}

/* What a receiver is told about the frame. `finished`: the checksum that it needed. */
static struct virtio_net_hdr describe(const struct frame *f, bool finished)
{
    struct virtio_net_hdr h = {.num_buffers = 1};

    if (f->needs_csum && !finished) {
        h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        h.csum_start = f->csum_start;
        h.csum_offset = f->csum_offset;
    } else if (f->csum_valid) {
        h.flags = VIRTIO_NET_HDR_F_DATA_VALID;
    }
    return h;
}

uint32_t frame_store_large(const struct frame *f, const struct virtq_piece *pieces, uint16_t count)
{
    struct virtio_net_hdr h = describe(f, false);

    h.num_buffers = count;
    return store_pieces(f, &h, (struct frame_cursor){pieces, pieces + count, 0})
               ? (uint32_t)sizeof(h) + frame_bytes(f)
               : 0;
}

uint32_t frame_store_whole(const struct frame *f, const struct virtq_piece *pieces, uint32_t count,
                           uint32_t header_bytes)
{
    struct virtio_net_hdr h = describe(f, false);

    h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    h.gso_size = f->segment_bytes;
    h.hdr_len = (uint16_t)header_bytes;
    return store_pieces(f, &h, (struct frame_cursor){pieces, pieces + count, 0})
               ? (uint32_t)sizeof(h) + frame_bytes(f)
               : 0;
}

uint32_t frame_store(const struct frame *f, const struct virtq_piece *pieces, uint32_t count,
                     bool finish_csum)
{
    const uint32_t bytes = (uint32_t)sizeof(struct virtio_net_hdr) + frame_bytes(f);

    if (count != 1 || pieces->bytes < bytes) {
        const struct virtio_net_hdr h = describe(f, false);
        return store_pieces(f, &h, (struct frame_cursor){pieces, pieces + count, 0}) ? bytes : 0;
    }
    const bool finish = finish_csum && f->needs_csum;
    store_one(f, describe(f, finish), pieces->data);
    if (finish) {
        finish_checksum(f, pieces->data + sizeof(struct virtio_net_hdr));
    }
    return bytes;
}

void frame_reset(struct frame *f, uint32_t bytes)
{
    f->head_bytes = bytes;
    f->rest_bytes = 0;
    f->rest_count = 0;
    f->data = NULL;
    f->needs_csum = false;
    f->csum_valid = false;
    f->segment_bytes = 0;
}

void frame_trim(struct frame *f, uint32_t bytes)
{
    if (bytes < f->head_bytes) {
        f->head_bytes = bytes;
    }
    uint32_t room = bytes - f->head_bytes;
    f->rest_bytes = 0;
    for (uint32_t i = 0; i < f->rest_count; i++) {
        if (f->rest[i].bytes > room) {
            f->rest[i].bytes = room;
        }
        room -= f->rest[i].bytes;
        f->rest_bytes += f->rest[i].bytes;
    }
}

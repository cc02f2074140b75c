/* SPDX-License-Identifier: Apache-2.0 */
/* cut.c - see cut.h. */
#include "net/cut.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/sums.h"
#include "virtq/virtio_net.h"

/* Only of a frame whose headers have been checked: csum_start is where TCP begins. */
static uint32_t header_bytes(const struct frame *f)
{
    return f->csum_start + (f->head[f->csum_start + TCP_OFFSET] >> 4) * 4u;
}

uint32_t cut_frames(const struct frame *f)
{
    if (f->segment_bytes == 0) {
        return 1;
    }
    const uint32_t bytes = frame_bytes(f) - header_bytes(f);
    return bytes <= f->segment_bytes ? 1 : (bytes - 1) / f->segment_bytes + 1;
}

bool cut_is_sound(const struct packet *p)
{
    const struct frame *const f = p->frame;

    if (f->segment_bytes == 0) {
        return !frame_is_large(f);
    }
    return p->protocol == IP_PROTOCOL_TCP && !p->fragment &&
           (p->transport[TCP_FLAGS] & (TCP_SYN | TCP_RST | TCP_URG)) == 0 &&
           header_bytes(f) + f->segment_bytes <= FRAME_MAX_BYTES && cut_frames(f) <= CUT_MAX;
}

void cut_begin(struct cut *c, const struct frame *f)
{
    uint32_t count = 1;

    c->frame = f;
    c->header_bytes = header_bytes(f);
    c->done = 0;
    c->left = frame_bytes(f) - c->header_bytes;
    c->pieces[0] =
        (struct virtq_piece){(uint8_t *)f->head + c->header_bytes, f->head_bytes - c->header_bytes};
    for (uint32_t i = 0; i < f->rest_count; i++) {
        c->pieces[count++] = f->rest[i];
    }
    c->data = (struct frame_cursor){c->pieces, c->pieces + count, 0};
}

/* The headers of the frame at `to`, of which all but they is there. */
static void put_headers(const struct cut *c, uint8_t *to, uint32_t bytes, uint16_t id)
{
    uint8_t *const ip = to + ETH_BYTES, *const tcp = to + c->frame->csum_start;
    const uint32_t ip_bytes = c->frame->csum_start - ETH_BYTES;

    memcpy(to, c->frame->head, c->header_bytes);
    put16(ip + IP4_TOTAL_BYTES, (uint16_t)(bytes - ETH_BYTES));
    put16(ip + IP4_ID, id);
    put16(ip + IP4_CHECKSUM, 0);
    put16(ip + IP4_CHECKSUM, (uint16_t)~checksum_sum(ip, ip_bytes));
    put32(tcp + TCP_SEQUENCE, get32(tcp + TCP_SEQUENCE) + c->done);
    if (c->left != 0) {
        tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    }
    put16(tcp + TCP_CHECKSUM,
          checksum_pseudo4(get32(ip + IP4_SRC), get32(ip + IP4_DST), IP_PROTOCOL_TCP,
                           (uint16_t)(bytes - c->frame->csum_start)));
}

uint32_t cut_next(struct cut *c, uint8_t *to, bool finish_csum, uint16_t id)
{
    const struct frame *const f = c->frame;
    const uint32_t part = c->left < f->segment_bytes ? c->left : f->segment_bytes;
    const uint32_t bytes = c->header_bytes + part;
    struct virtio_net_hdr h = {.num_buffers = 1};
    uint8_t *const frame = to + sizeof(h);

    if (part == 0) {
        return 0;
    }
    frame_read(&c->data, frame + c->header_bytes, part);
    c->left -= part;
    put_headers(c, frame, bytes, id);
    c->done += part;
    if (finish_csum) {
        const uint16_t sum = checksum_sum(frame + f->csum_start, bytes - f->csum_start);
        put16(frame + f->csum_start + TCP_CHECKSUM, (uint16_t)~sum);
    } else {
        h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        h.csum_start = f->csum_start;
        h.csum_offset = TCP_CHECKSUM;
    }
    memcpy(to, &h, sizeof(h));
    return (uint32_t)sizeof(h) + bytes;
}

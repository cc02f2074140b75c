/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c - see merge.h. */
#include "merge.h"

#include <string.h>

#include "bytes.h"
#include "checksum.h"
#include "headers.h"

#define IP_AT ETH_BYTES
#define TCP_AT (ETH_BYTES + IP4_BYTES) /* without IP options */

/* The bytes of all headers of a segment with data that may be merged; 0: it may not. */
static uint32_t headers_of(const struct frame *f)
{
    const uint8_t *const ip = f->head + IP_AT;
    const uint8_t *const tcp = f->head + TCP_AT;

    /* With a rest the head is full, and the headers are there. */
    if (f->data == NULL || f->rest_count != 1 || f->rest_bytes == 0 ||
        get16(f->head + ETH_TYPE) != ETH_TYPE_IP4 || ip[IP4_VERSION_IHL] != 0x45 ||
        ip[IP4_PROTOCOL] != IP_PROTOCOL_TCP ||
        (get16(ip + IP4_FRAGMENT) & IP4_FRAGMENT_MASK) != 0 ||
        (tcp[TCP_FLAGS] & ~TCP_PSH) != TCP_ACK || tcp[TCP_OFFSET] >> 4 < TCP_BYTES / 4) {
        return 0;
    }
    return TCP_AT + (tcp[TCP_OFFSET] >> 4) * 4u;
}

/* Whether b can go on where a ends: it acknowledges no less, and all else that counts is equal. */
static bool is_alike(const struct frame *a, const struct frame *b, uint32_t header_bytes)
{
    const uint8_t *const x = a->head, *const y = b->head;
    const uint32_t ends = IP_AT + IP4_SRC, ends_bytes = TCP_AT + TCP_SEQUENCE - ends;
    const uint32_t ack = TCP_AT + TCP_ACKNOWLEDGED;

    return x[IP_AT + IP4_TOS] == y[IP_AT + IP4_TOS] &&
           memcmp(x + IP_AT + IP4_FRAGMENT, y + IP_AT + IP4_FRAGMENT, 4) == 0 && /* and TTL */
           memcmp(x + ends, y + ends, ends_bytes) == 0 &&
           (int32_t)(get32(y + ack) - get32(x + ack)) >= 0 &&
           x[TCP_AT + TCP_OFFSET] == y[TCP_AT + TCP_OFFSET] &&
           memcmp(x + TCP_AT + TCP_BYTES, y + TCP_AT + TCP_BYTES,
                  header_bytes - TCP_AT - TCP_BYTES) == 0;
}

/* Whether the checksums are right; for TCP's the card may answer. */
static bool is_right(const struct frame *f, uint32_t header_bytes)
{
    const uint8_t *const ip = f->head + IP_AT;

    if (checksum_sum(ip, IP4_BYTES) != 0xffffu) {
        return false;
    }
    if (f->csum_valid || f->needs_csum) {
        return true;
    }
    const uint32_t sum =
        (uint32_t)checksum_pseudo4(get32(ip + IP4_SRC), get32(ip + IP4_DST), IP_PROTOCOL_TCP,
                                   (uint16_t)(frame_bytes(f) - TCP_AT)) +
        checksum_sum(f->head + TCP_AT, header_bytes - TCP_AT) +
        checksum_sum(f->data + header_bytes, frame_bytes(f) - header_bytes);
    return checksum_fold(sum) == 0xffffu;
}

static bool is_confirmation(const struct frame *f)
{
    const uint8_t *const ip = f->head + IP_AT;
    const uint8_t *const tcp = f->head + TCP_AT;

    return frame_bytes(f) == MERGE_ACK_BYTES && get16(f->head + ETH_TYPE) == ETH_TYPE_IP4 &&
           ip[IP4_VERSION_IHL] == 0x45 && ip[IP4_PROTOCOL] == IP_PROTOCOL_TCP &&
           (get16(ip + IP4_FRAGMENT) & IP4_FRAGMENT_MASK) == 0 && tcp[TCP_FLAGS] == TCP_ACK;
}

/* Puts a confirmation in place of the one before it, if it confirms more. */
static bool replace(struct merge *m, const struct frame *f)
{
    struct frame *const to = m->first;
    const uint32_t ends = IP_AT + IP4_SRC, ack = TCP_AT + TCP_ACKNOWLEDGED;

    /* Equal are addresses, ports and sequence number. */
    if (!is_confirmation(f) || memcmp(to->head + ends, f->head + ends, ack - ends) != 0 ||
        (int32_t)(get32(f->head + ack) - get32(to->head + ack)) <= 0) {
        return false;
    }
    memcpy(to->head, f->head, MERGE_ACK_BYTES);
    to->needs_csum = f->needs_csum;
    to->csum_valid = f->csum_valid;
    m->count++;
    return true;
}

bool merge_begin(struct merge *m, struct frame *f, uint32_t guest)
{
    const uint32_t header_bytes = frame_bytes(f) == MERGE_ACK_BYTES ? 0 : headers_of(f);

    if (header_bytes == 0 && !is_confirmation(f)) {
        return false;
    }
    *m = (struct merge){
        .first = f,
        .guest = guest,
        .count = 1,
        .next = get32(f->head + TCP_AT + TCP_SEQUENCE) + frame_bytes(f) - header_bytes,
        .header_bytes = header_bytes,
    };
    return true;
}

bool merge_add(struct merge *m, const struct frame *f, uint32_t guest)
{
    struct frame *const to = m->first;

    if (to == NULL || guest != m->guest || m->count == MERGE_MAX) {
        return false;
    }
    if (m->header_bytes == 0) {
        return replace(m, f);
    }
    const uint32_t header_bytes = headers_of(f);
    const uint32_t bytes = frame_bytes(f) - header_bytes;
    if (header_bytes != m->header_bytes || get32(f->head + TCP_AT + TCP_SEQUENCE) != m->next ||
        frame_bytes(to) + bytes > FRAME_LARGE_BYTES || !is_alike(to, f, header_bytes)) {
        return false;
    }
    m->is_checked = m->is_checked || is_right(to, header_bytes);
    if (!m->is_checked || !is_right(f, header_bytes)) {
        return false;
    }
    to->rest[to->rest_count++] = (struct virtq_piece){f->data + header_bytes, bytes};
    to->rest_bytes += bytes;
    memcpy(to->head + TCP_AT + TCP_ACKNOWLEDGED, f->head + TCP_AT + TCP_ACKNOWLEDGED, 4);
    memcpy(to->head + TCP_AT + TCP_WINDOW, f->head + TCP_AT + TCP_WINDOW, 2);
    to->head[TCP_AT + TCP_FLAGS] |= f->head[TCP_AT + TCP_FLAGS] & TCP_PSH;
    m->next += bytes;
    m->count++;
    return true;
}

/* Whoever gets it need not look at the TCP checksum. */
static void put_length(struct frame *f)
{
    uint8_t *const ip = f->head + IP_AT;
    const uint16_t from = get16(ip + IP4_TOTAL_BYTES), to = (uint16_t)(frame_bytes(f) - ETH_BYTES);

    put16(ip + IP4_TOTAL_BYTES, to);
    put16(ip + IP4_CHECKSUM, checksum_update16(get16(ip + IP4_CHECKSUM), from, to));
    f->needs_csum = false;
    f->csum_valid = true;
}

void merge_finish(struct merge *m)
{
    put_length(m->first);
}

void merge_segment(const struct merge *m, uint32_t i, struct frame *f)
{
    const struct frame *const all = m->first;
    const uint32_t in_head = all->head_bytes - m->header_bytes;
    uint32_t before = i == 0 ? 0 : in_head;

    frame_reset(f, i == 0 ? all->head_bytes : m->header_bytes);
    memcpy(f->head, all->head, f->head_bytes);
    for (uint32_t k = 0; k < i; k++) {
        before += all->rest[k].bytes;
    }
    uint8_t *const sequence = f->head + TCP_AT + TCP_SEQUENCE;
    put32(sequence, get32(sequence) + before);
    f->rest[0] = all->rest[i];
    f->rest_bytes = all->rest[i].bytes;
    f->rest_count = 1;
    put_length(f);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c - see merge.h. */
#include "net/merge.h"

#include <string.h>

#include "net/bytes.h"
#include "net/headers.h"
#include "net/sums.h"

#define IP_AT ETH_BYTES
#define TCP_AT (ETH_BYTES + IP4_BYTES) /* without IP options */
#define ACK_BYTES (TCP_AT + TCP_BYTES) /* of a confirmation without options */

_Static_assert(MERGE_HEADER_BYTES == TCP_AT + 60, "the longest headers");

/* TCP over IPv4, in one piece and without IP options, of so many bytes. The headers are there. */
static inline bool is_plain(const struct frame *f, uint32_t bytes)
{
    const uint8_t *const ip = f->head + IP_AT;

    return get16(f->head + ETH_TYPE) == ETH_TYPE_IP4 && ip[IP4_VERSION_IHL] == 0x45 &&
           ip[IP4_PROTOCOL] == IP_PROTOCOL_TCP &&
           get16(ip + IP4_TOTAL_BYTES) == bytes - ETH_BYTES &&
           (get16(ip + IP4_FRAGMENT) & IP4_FRAGMENT_MASK) == 0;
}

/* The bytes of all headers of a segment with data that may be merged; 0: it may not. */
static uint32_t headers_of(const struct frame *f)
{
    const uint8_t *const tcp = f->head + TCP_AT;

    /* With a rest the head is full, and the headers are there. */
    if (f->data == NULL || f->rest_count != 1 || f->rest_bytes == 0 ||
        !is_plain(f, frame_bytes(f)) || (tcp[TCP_FLAGS] & ~TCP_PSH) != TCP_ACK ||
        tcp[TCP_OFFSET] >> 4 < TCP_BYTES / 4) {
        return 0;
    }
    return TCP_AT + (tcp[TCP_OFFSET] >> 4) * 4u;
}

/* A confirmation without options. */
static bool is_confirmation(const struct frame *f)
{
    const uint8_t *const tcp = f->head + TCP_AT;

    return frame_bytes(f) >= ACK_BYTES && frame_bytes(f) <= ETH_MIN_BYTES &&
           is_plain(f, ACK_BYTES) && tcp[TCP_FLAGS] == TCP_ACK &&
           tcp[TCP_OFFSET] >> 4 == TCP_BYTES / 4;
}

/*
 * Whether what has the headers y can go on where what has x ends: it acknowledges no less, and all
 * else that counts is equal. Of the same connection, from and to the same machine.
 */
static bool is_alike(const uint8_t *x, const uint8_t *y, uint32_t header_bytes)
{
    const uint32_t ends = IP_AT + IP4_SRC, ends_bytes = TCP_AT + TCP_SEQUENCE - ends;
    const uint32_t ack = TCP_AT + TCP_ACKNOWLEDGED;

    return memcmp(x, y, ETH_BYTES) == 0 && x[IP_AT + IP4_TOS] == y[IP_AT + IP4_TOS] &&
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

static void put_confirmed(uint8_t *to, const uint8_t *from)
{
    memcpy(to + TCP_AT + TCP_ACKNOWLEDGED, from + TCP_AT + TCP_ACKNOWLEDGED, 4);
    memcpy(to + TCP_AT + TCP_WINDOW, from + TCP_AT + TCP_WINDOW, 2);
}

/*
 * Puts a confirmation in place of the one before it, if it confirms more. What the switch did to the
 * first one's checksum it would do to this one's; whether that is right is for the guest to say.
 */
static bool replace(struct merge *m, const struct frame *f)
{
    struct frame *const to = m->first;
    const uint32_t ack = TCP_AT + TCP_ACKNOWLEDGED, sum = TCP_AT + TCP_CHECKSUM;

    if (!is_confirmation(f) || !is_alike(m->came, f->head, TCP_AT + TCP_BYTES) ||
        memcmp(m->came + TCP_AT + TCP_SEQUENCE, f->head + TCP_AT + TCP_SEQUENCE, 4) != 0 ||
        get32(f->head + ack) == get32(m->came + ack) || f->needs_csum != to->needs_csum ||
        f->csum_valid != to->csum_valid) {
        return false;
    }
    put_confirmed(to->head, f->head);
    put16(to->head + sum, checksum_update16(get16(to->head + sum), (uint16_t)~get16(m->came + sum),
                                            (uint16_t)~get16(f->head + sum)));
    memcpy(m->came + TCP_AT, f->head + TCP_AT, TCP_BYTES);
    m->count++;
    return true;
}

bool merge_may_begin(struct merge *m, const struct frame *f)
{
    m->header_bytes = headers_of(f);
    if (m->header_bytes == 0 && !is_confirmation(f)) {
        return false;
    }
    memcpy(m->came, f->head, sizeof(m->came));
    return true;
}

void merge_begin(struct merge *m, struct frame *f, uint32_t guest)
{
    m->first = f;
    m->guest = guest;
    m->count = 1;
    m->next = get32(f->head + TCP_AT + TCP_SEQUENCE) + frame_bytes(f) - m->header_bytes;
    m->is_checked = false;
}

bool merge_add(struct merge *m, const struct frame *f)
{
    struct frame *const to = m->first;

    if (m->count == MERGE_MAX) {
        return false;
    }
    if (m->header_bytes == 0) {
        return replace(m, f);
    }
    const uint32_t header_bytes = headers_of(f);
    const uint32_t bytes = frame_bytes(f) - header_bytes;
    if (header_bytes != m->header_bytes || get32(f->head + TCP_AT + TCP_SEQUENCE) != m->next ||
        frame_bytes(to) + bytes > FRAME_LARGE_BYTES || !is_alike(m->came, f->head, header_bytes)) {
        return false;
    }
    m->is_checked = m->is_checked || is_right(to, header_bytes);
    if (!m->is_checked || !is_right(f, header_bytes)) {
        return false;
    }
    to->rest[to->rest_count++] = (struct virtq_piece){f->data + header_bytes, bytes};
    to->rest_bytes += bytes;
    put_confirmed(to->head, f->head);
    put_confirmed(m->came, f->head);
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

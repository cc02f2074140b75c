// SPDX-License-Identifier: Apache-2.0
// sources: dom0/net/merge.c dom0/net/frame.c unikernel-runtime/src/net/checksum.c dom0/net/packet.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Segments put together: which ones, what comes out of it, and how they are taken apart again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/merge.h"
#include "net/packet.h"
#include "packets.h"

#define SRC 0x5db8d822u
#define DST 0x0a4d0003u
#define GUEST 1
#define ACKNOWLEDGED 0xfffffff8u
#define START 0xfffffe00u /* the numbers wrap */
#define HEADERS (ETH_BYTES + IP4_BYTES + TCP_BYTES)
#define IP ETH_BYTES
#define TCP (ETH_BYTES + IP4_BYTES)
#define PSH 8

static struct wire wires[MERGE_MAX + 1];
static struct frame frames[MERGE_MAX + 1];

/* Segment `i` of `payload` bytes, all of which have been sent before it. */
static struct wire *make(uint32_t i, uint32_t payload)
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
    struct wire *const w = &wires[i];

    wire_ip4(w, mac, mac, (const uint32_t[]){SRC, DST}, IP_PROTOCOL_TCP, payload);
    wire_ports(w, 80, 40000);
    put16(w->data + IP + 4, (uint16_t)(77 + i)); /* identification: differs, as it does */
    put32(w->data + TCP + TCP_SEQUENCE, START + i * payload);
    put32(w->data + TCP + TCP_ACKNOWLEDGED, ACKNOWLEDGED + 4 * i);
    put16(w->data + TCP + TCP_WINDOW, (uint16_t)(5000 + i));
    for (uint32_t k = 0; k < payload; k++) {
        w->data[HEADERS + k] = (uint8_t)((i * payload + k) * 31 >> 3);
    }
    wire_sum(w, false);
    return w;
}

/* As dom0 takes it from the card. */
static struct frame *take(uint32_t i)
{
    struct packet p;

    assert_true(wire_load(&wires[i], &frames[i], 0));
    assert_true(packet_parse_ip4(&frames[i], &p));
    return &frames[i];
}

static bool begin(struct merge *m, struct frame *f, uint32_t guest)
{
    if (!merge_may_begin(m, f)) {
        return false;
    }
    merge_begin(m, f, guest);
    return true;
}

static void make_all(uint32_t count, uint32_t payload)
{
    for (uint32_t i = 0; i < count; i++) {
        make(i, payload);
    }
}

static void segments_in_order_become_one(void **state)
{
    (void)state;
    static uint8_t memory[MERGE_MAX * 2048];
    const struct virtio_net_hdr *const hdr = (const void *)memory;
    const uint8_t *const data = memory + sizeof(*hdr);

    for (uint32_t payload = 1000; payload <= 1460; payload += 115) {
        struct merge m = {0};
        make_all(MERGE_MAX + 1, payload);
        wires[3].data[TCP + TCP_FLAGS] |= PSH;
        wire_sum(&wires[3], false);
        assert_true(begin(&m, take(0), GUEST));
        for (uint32_t i = 1; i < MERGE_MAX; i++) {
            assert_true(merge_add(&m, take(i)));
        }
        assert_false(merge_add(&m, take(MERGE_MAX)));
        merge_finish(&m);
        const uint32_t bytes = HEADERS + MERGE_MAX * payload;
        assert_int_equal(frame_bytes(m.first), bytes);
        const struct virtq_piece piece = {memory, sizeof(memory)};
        assert_int_equal(frame_store_large(m.first, &piece, 1), bytes + sizeof(*hdr));
        assert_int_equal(hdr->flags, VIRTIO_NET_HDR_F_DATA_VALID);
        assert_int_equal(get16(data + IP + IP4_TOTAL_BYTES), bytes - ETH_BYTES);
        assert_int_equal(fold(slow_sum(data + IP, IP4_BYTES)), 0xffff);
        assert_int_equal(get32(data + TCP + TCP_SEQUENCE), START);
        assert_int_equal(get32(data + TCP + TCP_ACKNOWLEDGED), ACKNOWLEDGED + 4 * (MERGE_MAX - 1));
        assert_int_equal(get16(data + TCP + TCP_WINDOW), 5000 + MERGE_MAX - 1);
        assert_int_equal(data[TCP + TCP_FLAGS], TCP_ACK | PSH);
        for (uint32_t i = 0; i < MERGE_MAX; i++) {
            assert_memory_equal(data + HEADERS + i * payload, wires[i].data + HEADERS, payload);
        }
    }
}

static void they_are_taken_apart_again(void **state)
{
    (void)state;
    struct merge m = {0};
    struct frame f;
    struct wire out;

    make_all(5, 1300);
    assert_true(begin(&m, take(0), GUEST));
    for (uint32_t i = 1; i < 5; i++) {
        assert_true(merge_add(&m, take(i)));
    }
    merge_finish(&m);
    for (uint32_t i = 0; i < m.count; i++) {
        merge_segment(&m, i, &f);
        wire_store(&f, &out);
        assert_int_equal(out.bytes, wires[i].bytes);
        assert_int_equal(out.hdr.flags, VIRTIO_NET_HDR_F_DATA_VALID);
        assert_int_equal(get32(out.data + TCP + TCP_SEQUENCE), START + i * 1300);
        assert_int_equal(get16(out.data + IP + IP4_TOTAL_BYTES), out.bytes - ETH_BYTES);
        assert_int_equal(fold(slow_sum(out.data + IP, IP4_BYTES)), 0xffff);
        assert_memory_equal(out.data + HEADERS, wires[i].data + HEADERS, 1300);
    }
}

/* What is done to a second segment before (and, with `late`, after) its checksums are computed. */
static const struct {
    uint32_t at;
    uint8_t flip;
    bool late;
} changes[] = {
    {IP + IP4_TOS, 3, false},
    {IP + IP4_FRAGMENT, 0x40, false},
    {IP + IP4_FRAGMENT, 0x20, false},
    {IP + IP4_TTL, 1, false},
    {IP + IP4_PROTOCOL, 23, false},
    {IP + IP4_SRC + 3, 1, false},
    {IP + IP4_DST, 1, false},
    {IP + IP4_CHECKSUM, 1, true},
    {TCP + TCP_SRC, 1, false},
    {TCP + TCP_DST + 1, 1, false},
    {TCP + TCP_SEQUENCE + 3, 1, false},
    {TCP + TCP_SEQUENCE, 1, false},
    {TCP + TCP_ACKNOWLEDGED, 0x80, false},
    {TCP + TCP_ACKNOWLEDGED + 3, 8, false},
    {TCP + TCP_OFFSET, 0x30, false},
    {TCP + TCP_OFFSET, 1, false},
    {TCP + TCP_FLAGS, TCP_FIN, false},
    {TCP + TCP_FLAGS, TCP_SYN, false},
    {TCP + TCP_FLAGS, TCP_RST, false},
    {TCP + TCP_FLAGS, TCP_ACK, false},
    {TCP + TCP_FLAGS, 0x20, false},
    {TCP + TCP_FLAGS, 0x80, false},
    {TCP + TCP_CHECKSUM, 1, true},
    {HEADERS, 1, true},
    {HEADERS + 1299, 0x80, true},
    {ETH_TYPE + 1, 1, false},
};

static void what_differs_is_not_merged(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct merge m = {0};
        make_all(2, 1300);
        wires[1].data[changes[i].at] ^= changes[i].flip;
        if (!changes[i].late) {
            wire_sum(&wires[1], false);
        }
        assert_true(begin(&m, take(0), GUEST));
        assert_true(wire_load(&wires[1], &frames[1], 0));
        assert_false(merge_add(&m, &frames[1]));
        assert_int_equal(frame_bytes(m.first), HEADERS + 1300);
        make(1, 1300); /* as it should be */
        assert_true(merge_add(&m, take(1)));
    }
}

static void wrong_first_segment_gets_nothing(void **state)
{
    (void)state;
    static const uint32_t places[] = {IP + IP4_CHECKSUM, TCP + TCP_CHECKSUM, HEADERS + 700};

    for (uint32_t i = 0; i < 3; i++) {
        struct merge m = {0};
        make_all(2, 1300);
        wires[0].data[places[i]] ^= 4;
        assert_true(begin(&m, take(0), GUEST));
        assert_false(merge_add(&m, take(1)));
    }
}

static void not_all_begin(void **state)
{
    (void)state;
    struct merge m = {0};

    make(0, 1300)->data[TCP + TCP_FLAGS] = TCP_ACK | TCP_FIN;
    assert_false(begin(&m, take(0), GUEST));
    make(0, 1300);
    assert_true(wire_load(&wires[0], &frames[0], 700)); /* in pieces */
    assert_false(begin(&m, &frames[0], GUEST));
    make(0, 100); /* all of it in the head */
    assert_false(begin(&m, take(0), GUEST));
    put16(make(0, 1300)->data + IP + IP4_TOTAL_BYTES, 146); /* the rest is padding */
    assert_false(begin(&m, take(0), GUEST));
    assert_null(m.first);
}

static void card_that_checks_is_believed(void **state)
{
    (void)state;
    struct merge m = {0};

    make_all(2, 1300);
    for (uint32_t i = 0; i < 2; i++) {
        put16(wires[i].data + TCP + TCP_CHECKSUM, 1);
        wires[i].hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
    }
    assert_true(begin(&m, take(0), GUEST));
    assert_true(merge_add(&m, take(1)));
}

static struct merge confirm(uint32_t first, uint32_t second)
{
    struct merge m = {0};

    assert_true(begin(&m, take(first), GUEST));
    const bool is_added = merge_add(&m, take(second));
    assert_int_equal(m.count, is_added ? 2 : 1);
    return m;
}

/* Confirmation `i`, without data; each says more than the one before it. */
static struct wire *make_ack(uint32_t i)
{
    struct wire *const w = make(i, 0);
    put32(w->data + TCP + TCP_SEQUENCE, START);
    w->data[TCP + TCP_FLAGS] = TCP_ACK;
    wire_sum(w, false);
    return w;
}

/* As the switch does it between the two. */
static void readdress(struct frame *f)
{
    struct packet p;

    assert_true(packet_parse_ip4(f, &p));
    packet_set_end(&p, IP4_DST, 0x0a4d0007u, 8080);
    assert_true(packet_age_ip4(&p));
}

static void last_of_several_confirmations_is_left(void **state)
{
    (void)state;
    struct merge m;
    struct wire out, want;

    for (uint32_t padding = 0; padding <= 6; padding += 6) {
        for (uint32_t i = 0; i <= MERGE_MAX; i++) {
            assert_int_equal(make_ack(i)->bytes, HEADERS);
            wires[i].bytes += padding;
            assert_true(wire_load(&wires[i], &frames[i], 0));
        }
        assert_true(merge_may_begin(&m, &frames[0]));
        readdress(&frames[0]);
        merge_begin(&m, &frames[0], GUEST);
        for (uint32_t i = 1; i < MERGE_MAX; i++) {
            assert_true(merge_add(&m, &frames[i]));
            assert_false(merge_is_large(&m));
        }
        assert_false(merge_add(&m, &frames[MERGE_MAX])); /* a sender lives on them */
        wire_store(m.first, &out);
        readdress(&frames[MERGE_MAX - 1]);
        wire_store(&frames[MERGE_MAX - 1], &want);
        assert_int_equal(out.bytes, HEADERS);
        assert_memory_equal(out.data + TCP, want.data + TCP, TCP_BYTES);
        assert_true(sums_are_right(out.data));
    }
}

static void confirmations_that_say_something_stay(void **state)
{
    (void)state;
    static const uint32_t places[] = {TCP + TCP_SRC, TCP + TCP_DST, TCP + TCP_SEQUENCE,
                                      IP + IP4_SRC, IP + IP4_DST};

    make_ack(0);
    make_ack(1);
    assert_int_equal(confirm(0, 1).count, 2);
    assert_int_equal(confirm(1, 0).count, 1); /* older */
    make_ack(1);
    put32(wires[1].data + TCP + TCP_ACKNOWLEDGED,
          ACKNOWLEDGED); /* a duplicate: something is lost */
    assert_int_equal(confirm(0, 1).count, 1);
    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        make_ack(1)->data[places[i]] ^= 1;
        assert_int_equal(confirm(0, 1).count, 1);
    }
    for (uint32_t flags = 0; flags < 256; flags++) {
        make_ack(1)->data[TCP + TCP_FLAGS] = (uint8_t)flags;
        assert_int_equal(confirm(0, 1).count, flags == TCP_ACK ? 2 : 1);
    }
    make(1, 4); /* with data */
    assert_int_equal(confirm(0, 1).count, 1);
    wires[0].data[TCP + TCP_FLAGS] = TCP_ACK | TCP_FIN;
    struct merge m = {0};
    assert_false(begin(&m, take(0), GUEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_in_order_become_one),
        cmocka_unit_test(they_are_taken_apart_again),
        cmocka_unit_test(what_differs_is_not_merged),
        cmocka_unit_test(wrong_first_segment_gets_nothing),
        cmocka_unit_test(not_all_begin),
        cmocka_unit_test(card_that_checks_is_believed),
        cmocka_unit_test(last_of_several_confirmations_is_left),
        cmocka_unit_test(confirmations_that_say_something_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

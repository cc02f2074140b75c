// SPDX-License-Identifier: Apache-2.0
// sources: dom0/net/switch.c dom0/net/cut.c dom0/net/nat.c dom0/net/nat_flow.c dom0/net/nat_error.c dom0/net/arp.c dom0/net/echo.c
// sources: dom0/net/packet.c dom0/net/plan.c dom0/net/frame.c unikernel-runtime/src/net/checksum.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Segments that dom0 cuts: what leaves the machine, and which ones are refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/cut.h"
#include "net/switch.h"
#include "packets.h"
#include "switch_rig.h"

#define IP ETH_BYTES
#define TCP (ETH_BYTES + IP4_BYTES)
#define START 0xfffff000u /* the numbers wrap */

static struct {
    struct virtio_net_hdr hdr;
    uint8_t data[FRAME_LARGE_BYTES + 1];
} big;

static uint32_t options_bytes; /* of TCP's header */

/* From guest 1 to somebody outside: `payload` bytes, to be cut after each `segment` of them. */
static uint32_t make(uint32_t payload, uint16_t segment, uint8_t flags)
{
    const uint32_t headers = TCP + TCP_BYTES + options_bytes;
    uint8_t *const ip = big.data + IP;
    struct wire w;

    wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(1), REMOTE), IP_PROTOCOL_TCP, 0);
    wire_ports(&w, 4000, 80);
    memset(&big, 0, sizeof(big));
    memcpy(big.data, w.data, w.bytes);
    put16(ip + IP4_TOTAL_BYTES, (uint16_t)(headers - ETH_BYTES + payload));
    put16(ip + IP4_CHECKSUM, (uint16_t)~fold(slow_sum(ip, IP4_BYTES)));
    put32(big.data + TCP + TCP_SEQUENCE, START);
    big.data[TCP + TCP_OFFSET] = (uint8_t)((TCP_BYTES + options_bytes) / 4 << 4);
    big.data[TCP + TCP_FLAGS] = flags;
    put16(big.data + TCP + TCP_CHECKSUM, fold(slow_pseudo4(ip, headers - TCP + payload)));
    memset(big.data + TCP + TCP_BYTES, 1, options_bytes);
    for (uint32_t i = 0; i < payload; i++) {
        big.data[headers + i] = (uint8_t)(i * 13 + (i >> 8));
    }
    big.hdr = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                      .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                      .gso_size = segment,
                                      .csum_start = TCP,
                                      .csum_offset = TCP_CHECKSUM};
    return headers + payload;
}

static bool load(struct frame *f, uint32_t bytes, uint32_t count)
{
    static uint8_t memory[sizeof(big)];
    struct virtq_piece pieces[VIRTQ_CHAIN_MAX];
    uint32_t left = bytes + (uint32_t)sizeof(big.hdr);

    memcpy(memory, &big, sizeof(memory));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t part = i + 1 == count ? left : left / (count - i);
        pieces[i] = (struct virtq_piece){memory + sizeof(big.hdr) + bytes - left, part};
        left -= part;
    }
    return frame_load(f, pieces, count);
}

static enum switch_to send_big(struct frame *f, uint32_t bytes, uint32_t count)
{
    assert_true(load(f, bytes, count));
    return switch_from_guest(sw, 1, f, 1).to;
}

/* One frame that left: `done` bytes of the data were in those before it. */
static void check_frame(struct wire *w, uint32_t done, uint32_t part, bool is_last, uint8_t flags)
{
    const uint32_t headers = TCP + TCP_BYTES + options_bytes;
    const uint8_t *const tcp = w->data + TCP;

    assert_int_equal(w->bytes, headers + part);
    assert_int_equal(get16(w->data + IP + IP4_TOTAL_BYTES), w->bytes - ETH_BYTES);
    assert_int_equal(get32(w->data + IP + IP4_SRC), OUR);
    assert_int_equal(w->data[IP + IP4_TTL], 63);
    assert_int_equal(get32(tcp + TCP_SEQUENCE), START + done);
    assert_int_equal(tcp[TCP_FLAGS], is_last ? flags : (uint8_t)(flags & ~(TCP_FIN | TCP_PSH)));
    assert_memory_equal(w->data + headers, big.data + headers + done, part);
    if (w->hdr.flags != 0) { /* as a card does it */
        uint8_t *const field = w->data + w->hdr.csum_start + w->hdr.csum_offset;
        const uint32_t sum = slow_sum(w->data + w->hdr.csum_start, w->bytes - w->hdr.csum_start);
        put16(field, (uint16_t)~fold(sum));
    }
    assert_true(sums_are_right(w->data));
}

static void check_all(uint32_t payload, uint16_t segment, uint32_t count, bool finish)
{
    const uint8_t flags = TCP_ACK | TCP_PSH | TCP_FIN;
    const uint32_t bytes = make(payload, segment, flags);
    const uint32_t frames = (payload + segment - 1) / segment;
    struct frame f;
    struct cut c;
    struct wire w;
    uint32_t done = 0;

    assert_int_equal(send_big(&f, bytes, count), SWITCH_UPLINK);
    assert_int_equal(cut_frames(&f), frames);
    cut_begin(&c, &f);
    for (uint32_t i = 0; i < frames; i++) {
        const uint32_t part = payload - done < segment ? payload - done : segment;
        memset(&w, 0xee, sizeof(w));
        w.bytes =
            cut_next(&c, (uint8_t *)&w, finish, (uint16_t)(0xfffe + i)) - (uint32_t)sizeof(w.hdr);
        assert_int_equal(w.hdr.flags, finish ? 0 : VIRTIO_NET_HDR_F_NEEDS_CSUM);
        assert_int_equal(w.hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
        assert_int_equal(get16(w.data + IP + IP4_ID), (uint16_t)(0xfffe + i));
        assert_int_equal(w.data[w.bytes], 0xee);
        check_frame(&w, done, part, i + 1 == frames, flags);
        done += part;
    }
    assert_int_equal(cut_next(&c, (uint8_t *)&w, finish, 0), 0);
}

static void every_cut_frame_is_right(void **state)
{
    (void)state;
    static const uint32_t payloads[] = {2,    107,  1459,      1461,           2919,
                                        2920, 2921, 16 * 1460, 22 * 1460 + 300};
    static const uint16_t segments[] = {1460, 1400, 1111, 1448};

    learn(ROUTER);
    for (options_bytes = 0; options_bytes <= 12; options_bytes += 12) {
        for (uint32_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
            for (uint32_t k = options_bytes != 0 ? 1 : 0; k < 4; k++) {
                const uint16_t segment =
                    payloads[i] <= segments[k] ? (uint16_t)(payloads[i] / 2 + 1) : segments[k];
                check_all(payloads[i], segment, 1, true);
                check_all(payloads[i], segment, 2, false);
                check_all(payloads[i], segment, VIRTQ_CHAIN_MAX, true);
            }
        }
    }
    options_bytes = 0;
}

static void card_that_cuts_gets_it_whole(void **state)
{
    (void)state;
    static uint8_t memory[FRAME_LARGE_BYTES + sizeof(struct virtio_net_hdr)];
    const uint32_t bytes = make(20000, 1460, TCP_ACK);
    const struct virtq_piece pieces[2] = {{memory, 3000}, {memory + 3000, sizeof(memory) - 3000}};
    const struct virtio_net_hdr *const h = (const void *)memory;
    struct frame f;

    learn(ROUTER);
    assert_int_equal(send_big(&f, bytes, 3), SWITCH_UPLINK);
    assert_int_equal(frame_store_whole(&f, pieces, 2, 54), bytes + sizeof(*h));
    assert_int_equal(h->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    assert_int_equal(h->gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
    assert_int_equal(h->gso_size, 1460);
    assert_int_equal(h->hdr_len, 54);
    const uint8_t *const ip = memory + sizeof(*h) + IP;
    assert_int_equal(fold(slow_sum(ip, IP4_BYTES)), 0xffff);
    assert_int_equal(get16(memory + sizeof(*h) + TCP + TCP_CHECKSUM),
                     fold(slow_pseudo4(ip, bytes - TCP)));
    assert_memory_equal(memory + sizeof(*h) + 54, big.data + 54, 20000);
}

static void expect_refused(uint32_t bytes)
{
    struct frame f;
    assert_int_equal(send_big(&f, bytes, 1), SWITCH_DROP);
}

static void what_cannot_be_cut_is_refused(void **state)
{
    (void)state;
    struct frame f;

    learn(ROUTER);
    expect_refused(make(3000, 1461, TCP_ACK)); /* longer than the MTU */
    expect_refused(make(200, 1461, TCP_ACK));
    expect_refused(make(3000, 1460, TCP_ACK | TCP_SYN));
    expect_refused(make(3000, 1460, TCP_ACK | TCP_RST));
    expect_refused(make(3000, 1460, TCP_ACK | TCP_URG));
    expect_refused(make(CUT_MAX * 100 + 1, 100, TCP_ACK));
    assert_int_equal(sw->nat.flow_count, 0);
    assert_int_equal(send_big(&f, make(CUT_MAX * 100, 100, TCP_ACK), 1), SWITCH_UPLINK);
    const uint32_t bytes = make(3000, 1460, TCP_ACK);
    big.hdr.gso_size = 0;
    assert_false(load(&f, bytes, 1));
    big.hdr.gso_size = 1460;
    big.hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
    assert_false(load(&f, bytes, 1));
    big.hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    big.hdr.flags = 0;
    assert_false(load(&f, bytes, 1));
    big.hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    big.data[IP + IP4_PROTOCOL] = IP_PROTOCOL_UDP;
    big.hdr.csum_offset = UDP_CHECKSUM;
    expect_refused(bytes);
    make(3000, 1460, TCP_ACK);
    put32(big.data + IP + IP4_DST, NET + 1); /* the gateway itself answers with a reset */
    assert_int_equal(send_big(&f, bytes, 1), SWITCH_GUEST);
    assert_int_equal(frame_bytes(&f), TCP + TCP_BYTES);
}

static void segment_shorter_than_one_frame_stays_whole(void **state)
{
    (void)state;
    struct frame f;

    learn(ROUTER);
    assert_int_equal(send_big(&f, make(1460, 1460, TCP_ACK), 1), SWITCH_UPLINK);
    assert_int_equal(cut_frames(&f), 1);
    assert_int_equal(send_big(&f, make(1400, 700, TCP_ACK), 1), SWITCH_UPLINK);
    assert_int_equal(cut_frames(&f), 2);
}

static void card_is_not_asked_to_be_cut_for(void **state)
{
    (void)state;
    struct frame f;

    nat_publish(&sw->nat, 1, IP_PROTOCOL_TCP, 4000, 80);
    const uint32_t bytes = make(1000, 500, TCP_ACK);
    memcpy(big.data, our_mac, 6);
    put32(big.data + IP + IP4_SRC, REMOTE);
    put32(big.data + IP + IP4_DST, OUR);
    wire_ports((struct wire *)(void *)&big, 80, 4000);
    assert_true(load(&f, bytes, 1));
    assert_int_equal(switch_from_uplink(sw, &f, 1).to, SWITCH_DROP);
    f.segment_bytes = 0;
    assert_int_equal(switch_from_uplink(sw, &f, 1).to, SWITCH_GUEST);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(every_cut_frame_is_right),        T(card_that_cuts_gets_it_whole),
        T(what_cannot_be_cut_is_refused),   T(segment_shorter_than_one_frame_stays_whole),
        T(card_is_not_asked_to_be_cut_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

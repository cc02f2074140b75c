// SPDX-License-Identifier: Apache-2.0
// sources: dom0/net/switch.c dom0/net/cut.c dom0/net/nat.c dom0/net/nat_flow.c dom0/net/nat_error.c dom0/net/arp.c dom0/net/echo.c
// sources: dom0/net/packet.c dom0/net/plan.c dom0/net/frame.c unikernel-runtime/src/net/checksum.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Large frames between guests: who gets them, how they are stored, and what is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/switch.h"
#include "packets.h"
#include "switch_rig.h"

static struct {
    struct virtio_net_hdr hdr;
    uint8_t data[FRAME_LARGE_BYTES + 1];
} large;

/* A TCP frame of `bytes`, from guest 1; to an IPv4 address, or to guest `to` by IPv6. */
static void make_large(uint32_t bytes, uint32_t ip, uint32_t to)
{
    struct wire w;

    if (ip != 0) {
        wire_ip4(&w, gateway_mac, mac[1], ENDS(GUEST_IP(1), ip), IP_PROTOCOL_TCP, 0);
    } else {
        uint8_t dst[16] = {0xfd, 0x77};
        dst[15] = (uint8_t)to;
        wire_ip6(&w, 1, dst, IP_PROTOCOL_TCP, 40);
    }
    memset(&large, 0, sizeof(large));
    memcpy(large.data, w.data, w.bytes);
    put16(large.data + ETH_BYTES + (ip != 0 ? IP4_TOTAL_BYTES : IP6_PAYLOAD_BYTES),
          (uint16_t)(bytes - ETH_BYTES - (ip != 0 ? 0 : IP6_BYTES)));
    large.data[ETH_BYTES + (ip != 0 ? IP4_BYTES : IP6_BYTES) + TCP_OFFSET] = 5 << 4;
    for (uint32_t i = 160; i < bytes; i++) {
        large.data[i] = (uint8_t)(i * 13 + (i >> 8));
    }
}

/* In `count` pieces. */
static bool load_large(struct frame *f, uint32_t bytes, uint32_t count)
{
    static uint8_t memory[sizeof(large)]; /* guards of the sanitizer around what is used */
    struct virtq_piece pieces[VIRTQ_CHAIN_MAX];
    uint32_t left = bytes + (uint32_t)sizeof(large.hdr);

    memcpy(memory, &large, sizeof(large));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t part = i + 1 == count ? left : left / (count - i);
        pieces[i] = (struct virtq_piece){memory + sizeof(large.hdr) + bytes - left, part};
        left -= part;
    }
    return frame_load(f, pieces, count);
}

static enum switch_to send_large(uint32_t bytes, uint32_t ip, uint32_t to)
{
    struct frame f;

    make_large(bytes, ip, to);
    assert_true(load_large(&f, bytes, 1));
    return switch_from_guest(sw, 1, &f, 1).to;
}

static void large_frames_go_to_guests_only(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1515, 20000, FRAME_LARGE_BYTES};

    learn(ROUTER);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(send_large(sizes[i], GUEST_IP(5), 0), SWITCH_GUEST);
        assert_int_equal(send_large(sizes[i], 0, 2 + 5), SWITCH_GUEST);
        assert_int_equal(send_large(sizes[i], REMOTE, 0), SWITCH_DROP);
        assert_int_equal(send_large(sizes[i], NET + 1, 0), SWITCH_DROP); /* the gateway */
        assert_int_equal(send_large(sizes[i], 0, 1), SWITCH_DROP);
        assert_int_equal(sw->dropped[SWITCH_LARGE], 3 * (i + 1));
    }
    assert_int_equal(sw->nat.flow_count, 0);
    assert_int_equal(send_large(1514, REMOTE, 0), SWITCH_UPLINK);
    assert_int_equal(sw->nat.flow_count, 1);
}

static void large_frames_from_outside_are_dropped(void **state)
{
    (void)state;
    struct frame f;

    nat_publish(&sw->nat, 1, IP_PROTOCOL_TCP, 0, 80);
    for (uint32_t bytes = 1514; bytes <= 1515; bytes++) {
        make_large(bytes, OUR, 0);
        memcpy(large.data, our_mac, 6);
        put32(large.data + ETH_BYTES + IP4_SRC, REMOTE);
        assert_true(load_large(&f, bytes, 1));
        assert_int_equal(switch_from_uplink(sw, &f, 1).to,
                         bytes == 1514 ? SWITCH_GUEST : SWITCH_DROP);
    }
}

static void frames_longer_than_large_are_refused(void **state)
{
    (void)state;
    struct frame f;

    make_large(FRAME_LARGE_BYTES, GUEST_IP(5), 0);
    for (uint32_t count = 1; count <= VIRTQ_CHAIN_MAX; count++) {
        assert_true(load_large(&f, FRAME_LARGE_BYTES, count));
        assert_int_equal(frame_bytes(&f), FRAME_LARGE_BYTES);
        assert_false(load_large(&f, FRAME_LARGE_BYTES + 1, count));
    }
}

static void large_frame_fills_buffer_after_buffer(void **state)
{
    (void)state;
    static uint8_t memory[40000];
    static const uint32_t sizes[] = {1, 11, 2048, 100, 4096, 13, 2048};
    const uint32_t bytes = 20000, whole = bytes + (uint32_t)sizeof(large.hdr);
    struct virtq_piece pieces[32];
    struct frame f;

    make_large(bytes, GUEST_IP(5), 0);
    for (uint32_t parts = 1; parts <= VIRTQ_CHAIN_MAX; parts += 5) {
        uint32_t at = 0;
        uint16_t count = 0;
        while (at < whole) {
            const uint32_t room = count == 31 ? whole - at : sizes[count % 7];
            pieces[count++] = (struct virtq_piece){memory + at, room};
            at += room;
        }
        memset(memory, 0xee, sizeof(memory));
        assert_true(load_large(&f, bytes, parts));
        assert_int_equal(frame_store_large(&f, pieces, count), whole);
        assert_int_equal(((struct virtio_net_hdr *)(void *)memory)->num_buffers, count);
        assert_memory_equal(memory + sizeof(large.hdr), large.data, bytes);
        assert_int_equal(memory[whole], 0xee);
        pieces[count - 1].bytes = whole - (at - pieces[count - 1].bytes) - 1;
        assert_int_equal(frame_store_large(&f, pieces, count), 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(large_frames_go_to_guests_only),
        T(large_frames_from_outside_are_dropped),
        T(frames_longer_than_large_are_refused),
        T(large_frame_fills_buffer_after_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

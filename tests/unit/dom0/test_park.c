// SPDX-License-Identifier: Apache-2.0
// sources: dom0/net/park.c dom0/net/frame.c unikernel-runtime/src/net/checksum.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Frames kept for guests without buffers: order, content, limits, and no memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/room.h"
#include "net/park.h"

static bool has_memory = true;

bool room_claim(void *p, size_t bytes)
{
    if (has_memory) {
        memset(p, 0x5a, bytes);
    }
    return has_memory;
}

static uint8_t body[2048];

/* A frame of `bytes` bytes that all depend on `seed`, its rest in two pieces. */
static void make(struct frame *f, uint32_t bytes, uint8_t seed)
{
    frame_reset(f, bytes < FRAME_HEAD_BYTES ? bytes : FRAME_HEAD_BYTES);
    f->rest_bytes = bytes - f->head_bytes;
    for (uint32_t i = 0; i < f->head_bytes; i++) {
        f->head[i] = (uint8_t)(seed + i);
    }
    for (uint32_t i = 0; i < f->rest_bytes; i++) {
        body[i] = (uint8_t)(seed + f->head_bytes + i);
    }
    const uint32_t half = f->rest_bytes / 2;
    f->rest_count = f->rest_bytes == 0 ? 0 : 2;
    f->rest[0] = (struct virtq_piece){body, half};
    f->rest[1] = (struct virtq_piece){body + half, f->rest_bytes - half};
    f->needs_csum = (seed & 1) != 0;
    f->csum_valid = !f->needs_csum;
    f->csum_start = 34;
    f->csum_offset = seed;
}

static void expect(const struct park *p, uint32_t bytes, uint8_t seed)
{
    struct frame f;
    assert_true(park_first(p, &f));
    assert_int_equal(frame_bytes(&f), bytes);
    for (uint32_t i = 0; i < f.head_bytes; i++) {
        assert_int_equal(f.head[i], (uint8_t)(seed + i));
    }
    for (uint32_t i = 0; i < f.rest_bytes; i++) {
        assert_int_equal(f.rest[0].data[i], (uint8_t)(seed + f.head_bytes + i));
    }
    assert_int_equal(f.rest_count, f.rest_bytes != 0);
    assert_int_equal(f.needs_csum, seed & 1);
    assert_int_equal(f.csum_valid, !(seed & 1));
    assert_int_equal(f.csum_start, 34);
    assert_int_equal(f.csum_offset, seed);
}

static bool put(struct park *p, uint32_t bytes, uint8_t seed)
{
    struct frame f;
    make(&f, bytes, seed);
    const bool done = park_put(p, &f);
    memset(body, 0, sizeof(body)); /* a copy was kept */
    return done;
}

static void frames_come_back_whole_and_in_order(void **state)
{
    static const uint32_t sizes[] = {14, 60, FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + 1, 700, 1514};
    struct park one = {0}, other = {0};
    struct frame f;
    (void)state;
    for (uint8_t i = 0; i < 6; i++) {
        assert_true(put(&one, sizes[i], i));
        assert_true(put(&other, sizes[5 - i], (uint8_t)(i + 100)));
    }
    assert_int_equal(park_total(), 12);
    for (uint8_t i = 0; i < 6; i++) {
        expect(&one, sizes[i], i);
        park_drop(&one);
        expect(&other, sizes[5 - i], (uint8_t)(i + 100));
        park_drop(&other);
        assert_true(put(&other, 100, i)); /* behind those that wait */
    }
    assert_false(park_first(&one, &f));
    park_drop(&one); /* nothing to do */
    expect(&other, 100, 0);
    assert_int_equal(park_clear(&other), 6);
    assert_int_equal(park_clear(&other), 0);
    assert_int_equal(park_total(), 0);
}

static void one_guest_gets_half_of_the_room(void **state)
{
    struct park greedy = {0}, other = {0};
    (void)state;
    for (uint32_t i = 0; i < PARK_FRAMES_EACH; i++) {
        assert_true(put(&greedy, 100, (uint8_t)i));
    }
    assert_false(put(&greedy, 100, 0));
    for (uint32_t i = 0; i < PARK_FRAMES - PARK_FRAMES_EACH; i++) {
        assert_true(put(&other, 100, (uint8_t)i));
    }
    assert_int_equal(park_total(), PARK_FRAMES);
    struct park third = {0};
    assert_false(put(&third, 100, 0));
    assert_int_equal(third.count, 0);
    park_drop(&greedy);
    assert_true(put(&third, 100, 7));
    expect(&third, 100, 7);
    expect(&greedy, 100, 1);
    park_clear(&greedy);
    park_clear(&other);
    park_clear(&third);
    assert_int_equal(park_total(), 0);
}

static void long_frames_are_refused(void **state)
{
    struct park p = {0};
    (void)state;
    assert_false(put(&p, FRAME_MAX_BYTES + 1, 1));
    assert_int_equal(park_total(), 0);
}

/* First, while no slice has memory yet. */
static void without_memory_nothing_is_kept(void **state)
{
    struct park p = {0};
    (void)state;
    has_memory = false;
    assert_false(put(&p, 100, 1));
    assert_int_equal(p.count, 0);
    has_memory = true;
    assert_true(put(&p, 100, 1));
    expect(&p, 100, 1);
    park_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_nothing_is_kept),
        cmocka_unit_test(frames_come_back_whole_and_in_order),
        cmocka_unit_test(one_guest_gets_half_of_the_room),
        cmocka_unit_test(long_frames_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

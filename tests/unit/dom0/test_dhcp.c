// SPDX-License-Identifier: Apache-2.0
// sources: dom0/net/dhcp.c dom0/net/packet.c dom0/net/frame.c unikernel-runtime/src/net/checksum.c
// cflags: -Idom0 -Iunikernel-runtime/src
// The DHCP client against a small server made here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/bytes.h"
#include "net/dhcp.h"

#define MESSAGE 42
#define OPTIONS (MESSAGE + 240)

static const uint8_t mac[6] = {2, 1, 2, 3, 4, 5};

static uint8_t type_of(const uint8_t *frame)
{
    return frame[OPTIONS + 2];
}

/* Turns a client's frame into the server's answer. */
static void answer(uint8_t *frame, uint8_t type, uint32_t lease_s)
{
    static const uint8_t options[] = {1,  4, 255, 255, 255, 0, 3, 4, 10, 0, 2,  2, 0, 6, 8,
                                      10, 0, 2,   3,   8,   8, 8, 8, 54, 4, 10, 0, 2, 2};
    put16(frame + 34, 67);
    put16(frame + 36, 68);
    frame[MESSAGE] = 2;
    put32(frame + MESSAGE + 16, 0x0a00020f);
    memset(frame + OPTIONS, 0, DHCP_FRAME_BYTES - OPTIONS);
    memcpy(frame + OPTIONS, (const uint8_t[]){53, 1, type}, 3);
    memcpy(frame + OPTIONS + 3, options, sizeof(options));
    uint8_t *p = frame + OPTIONS + 3 + sizeof(options);
    p[0] = 51;
    p[1] = 4;
    put32(p + 2, lease_s);
    p[6] = 255;
}

static uint64_t bind_lease(struct dhcp *d, struct plan_uplink *u, uint32_t lease_s)
{
    uint8_t frame[DHCP_FRAME_BYTES];
    dhcp_start(d, mac, 77, 0);
    assert_int_equal(dhcp_due(d, 0, frame), DHCP_FRAME_BYTES);
    assert_int_equal(type_of(frame), 1);
    answer(frame, 2, lease_s);
    assert_false(dhcp_input(d, 1, frame, sizeof(frame), u));
    assert_int_equal(dhcp_due(d, d->next_ms, frame), DHCP_FRAME_BYTES);
    assert_int_equal(type_of(frame), 3);
    answer(frame, 5, lease_s);
    assert_true(dhcp_input(d, 2, frame, sizeof(frame), u));
    return d->next_ms;
}

static void lease_is_got(void **state)
{
    (void)state;
    struct dhcp d;
    struct plan_uplink u = {0};
    const uint64_t next = bind_lease(&d, &u, 1000);
    assert_int_equal(d.state, DHCP_BOUND);
    assert_int_equal(u.address, 0x0a00020f);
    assert_int_equal(u.mask, 0xffffff00);
    assert_int_equal(u.gateway, 0x0a000202);
    assert_int_equal(u.dns, 0x0a000203);
    assert_in_range(next, 499000, 501000);
}

static void lease_is_renewed_or_lost(void **state)
{
    (void)state;
    struct dhcp d;
    struct plan_uplink u = {0};
    uint8_t frame[DHCP_FRAME_BYTES];
    uint64_t now = bind_lease(&d, &u, 1000);
    assert_int_equal(dhcp_due(&d, now, frame), DHCP_FRAME_BYTES);
    assert_int_equal(get32(frame + MESSAGE + 12), 0x0a00020f);
    answer(frame, 5, 1000);
    assert_true(dhcp_input(&d, now, frame, sizeof(frame), &u));
    assert_int_equal(d.state, DHCP_BOUND);
    while (d.state != DHCP_SELECTING) { /* nobody answers any more */
        now = d.next_ms;
        assert_true(now < 3000000);
        dhcp_due(&d, now, frame);
    }
    assert_true(now >= 1499000);
}

static void refusal_starts_anew(void **state)
{
    (void)state;
    struct dhcp d;
    struct plan_uplink u = {0};
    uint8_t frame[DHCP_FRAME_BYTES];
    const uint64_t now = bind_lease(&d, &u, 1000);
    dhcp_due(&d, now, frame);
    answer(frame, 6, 0);
    assert_true(dhcp_input(&d, now, frame, sizeof(frame), &u));
    assert_int_equal(u.address, 0);
    assert_int_equal(d.state, DHCP_SELECTING);
}

static void questions_come_less_and_less_often(void **state)
{
    (void)state;
    struct dhcp d;
    uint8_t frame[DHCP_FRAME_BYTES];
    uint32_t sent = 0;
    dhcp_start(&d, mac, 1, 0);
    for (uint64_t now = 0; now < 600000; now = d.next_ms) {
        sent += dhcp_due(&d, now, frame) != 0;
    }
    assert_in_range(sent, 10, 30);
}

static void answers_for_others_and_nonsense_are_ignored(void **state)
{
    (void)state;
    struct dhcp d;
    struct plan_uplink u = {0};
    uint8_t good[DHCP_FRAME_BYTES], *frame = malloc(DHCP_FRAME_BYTES);
    srandom(5);
    dhcp_start(&d, mac, 77, 0);
    dhcp_due(&d, 0, good);
    answer(good, 5, 1000);
    assert_false(dhcp_input(&d, 0, good, sizeof(good), &u)); /* nothing was asked for */
    for (int i = 0; i < 200000; i++) {
        const uint32_t bytes = (uint32_t)random() % (DHCP_FRAME_BYTES + 1);
        frame = realloc(frame, bytes + 1);
        memcpy(frame, good, bytes);
        for (int k = 0; k < 3 && bytes > OPTIONS; k++) {
            frame[OPTIONS + (uint32_t)random() % (bytes - OPTIONS)] = (uint8_t)random();
        }
        dhcp_input(&d, 0, frame, bytes, &u);
        d.state = i % 2 ? DHCP_REQUESTING : DHCP_SELECTING;
    }
    d.xid = 78;
    d.state = DHCP_REQUESTING;
    u.address = 0;
    assert_false(dhcp_input(&d, 0, good, sizeof(good), &u));
    assert_int_equal(u.address, 0);
    free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lease_is_got),
        cmocka_unit_test(lease_is_renewed_or_lost),
        cmocka_unit_test(refusal_starts_anew),
        cmocka_unit_test(questions_come_less_and_less_often),
        cmocka_unit_test(answers_for_others_and_nonsense_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

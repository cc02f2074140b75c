// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/virtq/virtq_driver.c unikernel-runtime/src/virtq/virtq_device.c
// cflags: -Iunikernel-runtime/src
/*
 * The two ends of a virtqueue against each other over one piece of memory, and the device end
 * against a driver that writes anything anywhere, the driver end against such a device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtq/virtq.h"

#define WINDOW_BYTES 0x10000u
#define BUFFERS 0x4000u /* packets lie from here on */
#define QUEUE_AT 0x1000u
#define LOW 0x1000u /* nothing below is mapped */

struct ring {
    uint8_t *window; /* owns */
    struct virtq_place place;
    struct virtq_driver driver;
    struct virtq_device device;
    struct virtq_slot *slots; /* owns; exactly `size` of them, so that ASan sees one too far */
};

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

static struct ring *ring_create(uint16_t size, bool event_idx)
{
    struct ring *r = calloc(1, sizeof(*r));
    r->window = calloc(1, WINDOW_BYTES);
    r->slots = malloc(size * sizeof(r->slots[0])); /* need not be zero */
    memset(r->slots, 0xa5, size * sizeof(r->slots[0]));
    virtq_lay_out(&r->place, QUEUE_AT, size);
    virtq_driver_init(&r->driver, r->window, &r->place, r->slots, event_idx);
    assert_true(virtq_device_init(&r->device, r->window, LOW, WINDOW_BYTES, &r->place, event_idx));
    return r;
}

static void ring_free(struct ring *r)
{
    free(r->slots);
    free(r->window);
    free(r);
}

static bool add_one(struct ring *r, uint64_t address, uint32_t bytes, bool write, uintptr_t token)
{
    const struct virtq_segment s = {.address = address, .bytes = bytes};
    return virtq_driver_add(&r->driver, &s, write ? 0 : 1, write ? 1 : 0, (void *)token);
}

static void layout_is_what_the_specification_says(void **state)
{
    (void)state;
    struct virtq_place p;
    const uint32_t end = virtq_lay_out(&p, 5, 64);
    assert_int_equal(end, p.used + 6 + 8 * 64);
    assert_int_equal(p.desc, 16);
    assert_int_equal(p.avail, 16 + 16 * 64);
    assert_int_equal(p.used, 16 + 16 * 64 + 136); /* 134 rounded up to 4 */
}

static void chain_arrives_as_it_was_added(void **state)
{
    (void)state;
    struct ring *r = ring_create(8, true);
    const struct virtq_segment s[] = {{0x4000, 12}, {0x5000, 100}, {0x6000, 50}};
    struct virtq_chain c;
    void *token;
    uint32_t bytes;

    assert_true(virtq_driver_add(&r->driver, s, 2, 1, &c));
    assert_false(virtq_device_take(&r->device, &c)); /* not published */
    assert_true(virtq_driver_publish(&r->driver));
    assert_false(virtq_driver_publish(&r->driver)); /* nothing new */
    assert_true(virtq_device_take(&r->device, &c));
    assert_int_equal(c.readable, 2);
    assert_int_equal(c.writable, 1);
    assert_int_equal(c.readable_bytes, 112);
    assert_int_equal(c.writable_bytes, 50);
    assert_ptr_equal(c.piece[1].data, r->window + 0x5000);
    assert_int_equal(c.piece[2].bytes, 50);
    assert_false(virtq_driver_take(&r->driver, &token, &bytes));
    virtq_device_give(&r->device, c.head, 33);
    assert_false(virtq_driver_take(&r->driver, &token, &bytes));
    assert_true(virtq_device_publish(&r->device));
    assert_true(virtq_driver_has_used(&r->driver));
    assert_true(virtq_driver_take(&r->driver, &token, &bytes));
    assert_ptr_equal(token, &c);
    assert_int_equal(bytes, 33);
    assert_int_equal(r->driver.free_count, 8);
    ring_free(r);
}

static void add_refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct ring *r = ring_create(4, true);
    struct virtq_segment s[VIRTQ_CHAIN_MAX + 1] = {{0}};

    assert_false(virtq_driver_add(&r->driver, s, 0, 0, NULL));
    assert_false(virtq_driver_add(&r->driver, s, 5, 0, NULL));
    assert_true(virtq_driver_add(&r->driver, s, 3, 0, NULL));
    assert_false(virtq_driver_add(&r->driver, s, 1, 1, NULL));
    assert_true(virtq_driver_add(&r->driver, s, 1, 0, NULL));
    assert_int_equal(r->driver.free_count, 0);
    ring_free(r);

    r = ring_create(64, true);
    assert_false(virtq_driver_add(&r->driver, s, VIRTQ_CHAIN_MAX, 1, NULL));
    assert_true(virtq_driver_add(&r->driver, s, VIRTQ_CHAIN_MAX - 1, 1, NULL));
    ring_free(r);
}

static void untaken_chain_is_taken_again(void **state)
{
    (void)state;
    struct ring *r = ring_create(4, true);
    struct virtq_chain c;

    add_one(r, BUFFERS, 10, false, 1);
    virtq_driver_publish(&r->driver);
    assert_int_equal(virtq_device_pending(&r->device), 1);
    assert_true(virtq_device_take(&r->device, &c));
    assert_int_equal(virtq_device_pending(&r->device), 0);
    virtq_device_untake(&r->device);
    assert_true(virtq_device_take(&r->device, &c));
    assert_int_equal(c.readable_bytes, 10);
    ring_free(r);
}

/* ---- events ------------------------------------------------------------------------------- */

static void awake_ends_are_not_notified(void **state)
{
    for (int event_idx = 0; event_idx < 2; event_idx++) {
        (void)state;
        struct ring *r = ring_create(8, event_idx != 0);
        struct virtq_chain c;
        void *token;
        uint32_t bytes;

        virtq_driver_want_no_events(&r->driver);
        assert_false(virtq_driver_want_events(&r->driver));
        assert_false(virtq_device_want_events(&r->device));
        add_one(r, BUFFERS, 1, false, 1);
        assert_true(virtq_driver_publish(&r->driver));
        virtq_device_want_no_events(&r->device); /* it is awake now */
        add_one(r, BUFFERS, 1, false, 2);
        assert_false(virtq_driver_publish(&r->driver));
        assert_true(virtq_device_want_events(&r->device)); /* two are there: do not sleep */
        for (int i = 0; i < 2; i++) {
            assert_true(virtq_device_take(&r->device, &c));
            virtq_device_give(&r->device, c.head, 0);
            assert_int_equal(virtq_device_publish(&r->device), event_idx == 0 || i == 0);
        }
        assert_false(virtq_device_want_events(&r->device));
        assert_true(virtq_driver_want_events(&r->driver));
        assert_true(virtq_driver_take(&r->driver, &token, &bytes));
        assert_true(virtq_driver_take(&r->driver, &token, &bytes));
        assert_false(virtq_driver_want_events(&r->driver));
        add_one(r, BUFFERS, 1, false, 3);
        assert_true(virtq_driver_publish(&r->driver));
        ring_free(r);
    }
}

static void event_comes_after_as_many_chains_as_asked(void **state)
{
    (void)state;
    struct ring *r = ring_create(8, true);
    struct virtq_chain c;

    for (uintptr_t i = 0; i < 8; i++) {
        add_one(r, BUFFERS, 1, false, i);
    }
    virtq_driver_publish(&r->driver);
    assert_false(virtq_driver_want_events_after(&r->driver, 4));
    for (int i = 0; i < 8; i++) {
        assert_true(virtq_device_take(&r->device, &c));
        virtq_device_give(&r->device, c.head, 0);
        assert_int_equal(virtq_device_publish(&r->device), i == 3);
    }
    assert_true(virtq_driver_want_events_after(&r->driver, 8));
    assert_false(virtq_driver_want_events_after(&r->driver, 9));
    ring_free(r);
}

/* Chains that the device still holds are no reason to be told again. */
static void event_is_asked_for_behind_what_was_taken(void **state)
{
    (void)state;
    struct ring *r = ring_create(8, true);
    struct virtq_chain c;

    add_one(r, BUFFERS, 1, false, 1);
    virtq_driver_publish(&r->driver);
    assert_true(virtq_device_take(&r->device, &c));
    assert_false(virtq_device_want_events(&r->device));
    add_one(r, BUFFERS, 1, false, 2);
    assert_true(virtq_driver_publish(&r->driver));
    ring_free(r);
}

/* Who has some, but needs more, is told of the next one only, and takes first what it put back. */
static void event_is_asked_for_behind_what_does_not_suffice(void **state)
{
    (void)state;
    struct ring *r = ring_create(8, true);
    struct virtq_chain c;

    for (uintptr_t i = 0; i < 3; i++) {
        add_one(r, BUFFERS, 1, false, i);
    }
    virtq_driver_publish(&r->driver);
    for (int i = 0; i < 3; i++) {
        assert_true(virtq_device_take(&r->device, &c));
    }
    for (int i = 0; i < 3; i++) {
        virtq_device_untake(&r->device);
    }
    assert_int_equal(virtq_device_pending(&r->device), 3);
    assert_true(virtq_device_want_events_behind(&r->device, 2)); /* there are more: do not sleep */
    assert_false(virtq_device_want_events_behind(&r->device, 3));
    add_one(r, BUFFERS, 1, false, 3);
    assert_true(virtq_driver_publish(&r->driver));
    add_one(r, BUFFERS, 1, false, 4);
    assert_false(virtq_driver_publish(&r->driver));
    assert_int_equal(virtq_device_pending(&r->device), 5);
    ring_free(r);
}

/* ---- model test --------------------------------------------------------------------------- */

struct model {
    struct ring *ring;
    uint32_t added, done;        /* chains, ever */
    uint32_t expect[64];         /* sum of lengths by token, 0: not in flight */
    struct virtq_chain held[64]; /* taken by the device, not given back */
    unsigned int held_count;
    bool driver_asleep, device_asleep;
};

static void model_add(struct model *m)
{
    struct virtq_segment s[VIRTQ_CHAIN_MAX];
    const unsigned int count = 1 + random_below(4);
    const unsigned int in = random_below(count + 1);
    const uintptr_t token = m->added % 64;
    uint32_t sum = 0;

    for (unsigned int i = 0; i < count; i++) {
        s[i].bytes = 1 + random_below(1000);
        s[i].address = BUFFERS + random_below(WINDOW_BYTES - BUFFERS - 1000);
        sum += s[i].bytes;
    }
    if (m->expect[token] == 0 &&
        virtq_driver_add(&m->ring->driver, s, count - in, in, (void *)token)) {
        m->expect[token] = sum;
        m->added++;
    }
    if (random_below(3) != 0 && virtq_driver_publish(&m->ring->driver)) {
        m->device_asleep = false;
    }
}

static void model_device(struct model *m)
{
    struct virtq_device *d = &m->ring->device;
    struct virtq_chain *c = &m->held[m->held_count];

    if (random_below(2) == 0 && virtq_device_take(d, c)) {
        m->held_count++;
    } else if (m->held_count > 0) {
        const unsigned int i = random_below(m->held_count); /* in any order */
        c = &m->held[i];
        virtq_device_give(d, c->head, c->readable_bytes + c->writable_bytes);
        *c = m->held[--m->held_count];
        if (virtq_device_publish(d)) {
            m->driver_asleep = false;
        }
    } else if (!virtq_device_want_events(d)) {
        m->device_asleep = true;
    }
}

static void model_take(struct model *m)
{
    void *token;
    uint32_t bytes;

    if (virtq_driver_take(&m->ring->driver, &token, &bytes)) {
        assert_int_equal(bytes, m->expect[(uintptr_t)token]);
        assert_int_not_equal(bytes, 0);
        m->expect[(uintptr_t)token] = 0;
        m->done++;
    } else if (!virtq_driver_want_events(&m->ring->driver)) {
        m->driver_asleep = true;
    }
}

/* An end that sleeps does nothing until it is notified: a lost event would end all progress. */
static void random_traffic_loses_nothing_and_no_event(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 12; round++) {
        struct model m = {.ring = ring_create((uint16_t)(1u << (round % 7)), round % 2 == 0)};
        for (uint32_t step = 0; step < 60000; step++) {
            const uint32_t what = random_below(3);
            if (what == 0) {
                model_add(&m);
            } else if (what == 1 && !m.device_asleep) {
                model_device(&m);
            } else if (what == 2 && !m.driver_asleep) {
                model_take(&m);
            }
        }
        assert_false(m.ring->driver.broken);
        assert_false(m.ring->device.broken);
        assert_true(m.done > 1000 && m.added - m.done <= m.ring->place.size);
        ring_free(m.ring);
    }
}

/* ---- hostile ends ------------------------------------------------------------------------- */

static void queue_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct virtq_place place;
        bool good;
    } row[] = {
        {{0x1000, 0x2000, 0x3000, 64}, true},
        {{0x1000, 0x2000, 0x3000, 0}, false},
        {{0x1000, 0x2000, 0x3000, 48}, false},
        {{0x1000, 0x2000, 0x3000, 65535}, false},
        {{0x1008, 0x2000, 0x3000, 64}, false},
        {{0x1000, 0x2001, 0x3000, 64}, false},
        {{0x1000, 0x2000, 0x3002, 64}, false},
        {{0x0, 0x2000, 0x3000, 64}, false},        /* below LOW */
        {{0xfc10, 0x2000, 0x3000, 64}, false},     /* the end crosses HIGH */
        {{0xfc00, 0x2000, 0x3000, 64}, true},      /* the end touches HIGH */
        {{0x1000, 0xfffffffe, 0x3000, 64}, false}, /* would wrap */
        {{0x1000, 0x2000, 0xfffffffc, 64}, false},
    };
    uint8_t *window = calloc(1, WINDOW_BYTES);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct virtq_device d = {.size = 7};
        assert_int_equal(virtq_device_init(&d, window, LOW, WINDOW_BYTES, &row[i].place, true),
                         row[i].good);
        assert_int_equal(d.size, row[i].good ? 64 : 7);
    }
    free(window);
}

static void bad_descriptor_breaks_the_queue(void **state)
{
    (void)state;
    static const struct virtq_desc row[] = {
        {.address = 0, .bytes = 1},                              /* below LOW */
        {.address = WINDOW_BYTES, .bytes = 1},                   /* outside */
        {.address = WINDOW_BYTES - 1, .bytes = 2},               /* crosses the end */
        {.address = UINT64_MAX, .bytes = 2},                     /* would wrap */
        {.address = 0x100000000 + BUFFERS, .bytes = 2},          /* above 4 GiB */
        {.address = BUFFERS, .bytes = 0xffffffff},               /* too long */
        {.address = BUFFERS, .bytes = 1, .flags = 4},            /* indirect was not negotiated */
        {.address = BUFFERS, .bytes = 1, .flags = 1, .next = 0}, /* a loop */
        {.address = BUFFERS, .bytes = 1, .flags = 1, .next = 8}, /* no such descriptor */
        {.address = BUFFERS, .bytes = 1, .flags = 3, .next = 1}, /* read after write */
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct ring *r = ring_create(8, true);
        struct virtq_chain c;
        add_one(r, BUFFERS, 4, false, 0);
        add_one(r, BUFFERS, 4, false, 1);
        r->driver.desc[0] = row[i];
        virtq_driver_publish(&r->driver);
        assert_false(virtq_device_take(&r->device, &c));
        assert_true(r->device.broken);
        assert_int_equal(virtq_device_pending(&r->device), 0);
        ring_free(r);
    }
}

static void bad_index_breaks_the_queue(void **state)
{
    (void)state;
    struct virtq_chain c;
    struct ring *r = ring_create(8, true);
    r->driver.avail->index = 9; /* more than there are entries */
    assert_false(virtq_device_take(&r->device, &c));
    assert_true(r->device.broken);
    ring_free(r);

    r = ring_create(8, true);
    r->driver.avail->ring[0] = 8;
    r->driver.avail->index = 1;
    assert_false(virtq_device_take(&r->device, &c));
    assert_true(r->device.broken);
    ring_free(r);

    r = ring_create(8, true); /* the same chain again and again, never given back */
    r->driver.desc[0] = (struct virtq_desc){.address = BUFFERS, .bytes = 1};
    for (int i = 0; i < 8; i++) {
        r->driver.avail->index++;
        assert_true(virtq_device_take(&r->device, &c));
    }
    r->driver.avail->index++;
    assert_false(virtq_device_take(&r->device, &c));
    assert_true(r->device.broken);
    ring_free(r);
}

/* Nearly right content gets further than noise. */
static void fill_plausibly(struct ring *r)
{
    for (uint16_t i = 0; i < r->place.size; i++) {
        const uint32_t bytes = random_below(random_below(8) == 0 ? WINDOW_BYTES : 64);
        r->driver.desc[i] = (struct virtq_desc){
            .address = BUFFERS + random_below(WINDOW_BYTES - BUFFERS - 30),
            .bytes = bytes,
            .flags = (uint16_t)random_below(4),
            .next = (uint16_t)random_below(r->place.size + (random_below(8) == 0 ? 1u : 0u)),
        };
        r->driver.avail->ring[i] = (uint16_t)random_below(r->place.size);
    }
}

static void fill_randomly(struct ring *r)
{
    const uint32_t end = r->place.used + 6 + 8u * r->place.size;
    for (uint32_t i = 0; i < 1 + random_below(40); i++) {
        const uint32_t at = r->place.desc + random_below(end - r->place.desc);
        /* Small values are the ones that get past the first check. */
        r->window[at] = (uint8_t)random_below(random_below(2) == 0 ? 16 : 256);
    }
    if (random_below(2) == 0) {
        r->driver.avail->index = (uint16_t)(r->device.avail_next + random_below(4));
    }
}

/* A heap window of exactly its size: what reaches outside is an ASan report. */
static void device_survives_a_random_driver(void **state)
{
    (void)state;
    uint32_t taken = 0;
    for (unsigned int round = 0; round < 20000; round++) {
        struct ring *r = ring_create((uint16_t)(1u << random_below(6)), round % 2 == 0);
        struct virtq_chain c;
        for (unsigned int step = 0; step < 20 && !r->device.broken; step++) {
            fill_plausibly(r);
            if (random_below(4) == 0) {
                fill_randomly(r);
            }
            r->driver.avail->index = (uint16_t)(r->driver.avail->index + random_below(2));
            while (virtq_device_take(&r->device, &c)) {
                assert_true(c.readable + c.writable <= VIRTQ_CHAIN_MAX);
                for (unsigned int i = 0; i < (unsigned int)c.readable + c.writable; i++) {
                    assert_true(c.piece[i].data >= r->window + LOW);
                    memset(c.piece[i].data, (int)step, c.piece[i].bytes); /* even over the ring */
                }
                virtq_device_give(&r->device, c.head, c.writable_bytes);
                virtq_device_publish(&r->device);
                virtq_device_want_events(&r->device);
                taken++;
            }
        }
        ring_free(r);
    }
    assert_true(taken > 20000); /* or the test tests nothing */
}

static void bad_used_entry_breaks_the_driver(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, second; /* ids that the device gives back */
        uint16_t index;
        uint32_t good; /* chains that are taken before the queue is broken */
    } row[] = {
        {0, 0, 2, 1},          /* twice the same */
        {0, 2, 2, 1},          /* never added */
        {8, 0, 2, 0},          /* no such entry */
        {0xffff0000, 0, 2, 0}, /* neither */
        {0, 1, 3, 0},          /* more than were added */
        {0, 1, 0xffff, 0},     /* goes back */
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct ring *r = ring_create(8, true);
        void *token;
        uint32_t bytes, taken = 0;
        add_one(r, BUFFERS, 1, true, 1);
        add_one(r, BUFFERS, 1, true, 2);
        virtq_driver_publish(&r->driver);
        r->driver.used->ring[0].id = row[i].first;
        r->driver.used->ring[1].id = row[i].second;
        r->driver.used->index = row[i].index;
        while (virtq_driver_take(&r->driver, &token, &bytes)) {
            taken++;
        }
        assert_int_equal(taken, row[i].good);
        assert_true(r->driver.broken);
        assert_false(virtq_driver_has_used(&r->driver));
        assert_false(add_one(r, BUFFERS, 1, true, 3));
        ring_free(r);
    }
}

static void driver_survives_a_random_device(void **state)
{
    (void)state;
    uint32_t taken = 0, broken = 0;
    for (unsigned int round = 0; round < 20000; round++) {
        struct ring *r = ring_create((uint16_t)(1u << random_below(6)), round % 2 == 0);
        void *token;
        uint32_t bytes;
        for (uintptr_t step = 0; step < 20; step++) {
            add_one(r, BUFFERS, 1, true, step);
            virtq_driver_publish(&r->driver);
            fill_randomly(r);
            if (random_below(2) == 0) {
                r->driver.used->index = (uint16_t)(r->driver.used_next + random_below(2));
            }
            while (virtq_driver_take(&r->driver, &token, &bytes)) {
                assert_true((uintptr_t)token <= step);
                assert_true(r->driver.free_count <= r->place.size);
                taken++;
            }
        }
        broken += r->driver.broken;
        ring_free(r);
    }
    assert_true(taken > 1000 && broken > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_what_the_specification_says),
        cmocka_unit_test(chain_arrives_as_it_was_added),
        cmocka_unit_test(add_refuses_what_does_not_fit),
        cmocka_unit_test(untaken_chain_is_taken_again),
        cmocka_unit_test(awake_ends_are_not_notified),
        cmocka_unit_test(event_comes_after_as_many_chains_as_asked),
        cmocka_unit_test(event_is_asked_for_behind_what_was_taken),
        cmocka_unit_test(event_is_asked_for_behind_what_does_not_suffice),
        cmocka_unit_test(random_traffic_loses_nothing_and_no_event),
        cmocka_unit_test(queue_that_does_not_fit_is_refused),
        cmocka_unit_test(bad_descriptor_breaks_the_queue),
        cmocka_unit_test(bad_index_breaks_the_queue),
        cmocka_unit_test(device_survives_a_random_driver),
        cmocka_unit_test(bad_used_entry_breaks_the_driver),
        cmocka_unit_test(driver_survives_a_random_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

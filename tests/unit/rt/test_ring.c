// SPDX-License-Identifier: Apache-2.0
// cflags: -Iunikernel-runtime/src
// The console's byte rings, also when the other side writes nonsense.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "files/ring.h"

#define BYTES 64u

static char data[BYTES];

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct mf_ring r = {.head = UINT32_MAX - 100, .tail = UINT32_MAX - 100};
    unsigned char in = 0, out = 0;
    srand(2);
    for (int step = 0; step < 100000; step++) {
        unsigned char part[100];
        const size_t n = (size_t)rand() % sizeof(part);
        if (rand() % 2 == 0) {
            for (size_t i = 0; i < n; i++) {
                part[i] = (unsigned char)(in + i);
            }
            const uint32_t room = BYTES - mf_ring_used(&r, BYTES);
            const size_t done = mf_ring_write(&r, data, BYTES, part, n);
            assert_int_equal(done, n < room ? n : room);
            in = (unsigned char)(in + done);
        } else {
            const uint32_t used = mf_ring_used(&r, BYTES);
            const size_t done = mf_ring_read(&r, data, BYTES, part, n);
            assert_int_equal(done, n < used ? n : used);
            for (size_t i = 0; i < done; i++) {
                assert_int_equal(part[i], (unsigned char)(out + i));
            }
            out = (unsigned char)(out + done);
        }
    }
}

static void wild_indices_stay_within_the_ring(void **state)
{
    (void)state;
    char part[200];
    memset(part, 'x', sizeof(part));
    srand(3);
    for (int step = 0; step < 10000; step++) {
        struct mf_ring r = {.head = (uint32_t)rand() * 3u, .tail = (uint32_t)rand() * 5u};
        assert_true(mf_ring_used(&r, BYTES) <= BYTES);
        assert_true(mf_ring_write(&r, data, BYTES, part, sizeof(part)) <= BYTES);
        r.head = (uint32_t)rand() * 7u;
        assert_true(mf_ring_read(&r, data, BYTES, part, sizeof(part)) <= BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(wild_indices_stay_within_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

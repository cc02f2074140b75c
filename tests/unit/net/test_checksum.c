// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/net/checksum.c
// cflags: -Iunikernel-runtime/src
/* The fast checksum against the definition, for all lengths and alignments of a packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/checksum.h"

static uint16_t sum_by_definition(const uint8_t *p, int bytes)
{
    uint32_t sum = 0;
    for (int i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? p[i] : (uint32_t)p[i] << 8; /* little-endian words */
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void check(const uint8_t *from, int offset, int bytes)
{
    uint8_t *copy = malloc((size_t)(offset + bytes) + 1); /* ends where ASan watches */
    uint8_t *p = copy + offset + 1;
    memcpy(p, from, (size_t)bytes);
    assert_int_equal(mf_checksum_add(p, bytes), sum_by_definition(p, bytes));
    free(copy);
}

static void equals_the_definition(void **state)
{
    (void)state;
    uint8_t data[2048];
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < sizeof(data); i++) {
            data[i] = (uint8_t)(kind == 0 ? rand() : kind == 1 ? 0xff : 0);
        }
        for (int bytes = 0; bytes < 300; bytes++) {
            for (int offset = 0; offset < 9; offset++) {
                check(data, offset, bytes);
            }
        }
        for (int bytes = 1400; bytes < 1520; bytes++) {
            check(data, bytes % 8, bytes);
        }
        check(data, 0, sizeof(data));
    }
}

/* RFC 1071, section 3: the words 0001 f203 f4f5 f6f7 add up to ddf2. */
static void example_of_the_rfc(void **state)
{
    (void)state;
    const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(mf_checksum_add(data, sizeof(data)), 0xf2dd);
}

static void fold_keeps_the_sum(void **state)
{
    (void)state;
    assert_int_equal(mf_checksum_fold(0), 0);
    assert_int_equal(mf_checksum_fold(UINT64_MAX), 0xffff);
    assert_int_equal(mf_checksum_fold(0xffffffff00000001), 1);
    assert_int_equal(mf_checksum_fold(0x0001000200030004), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_definition),
        cmocka_unit_test(example_of_the_rfc),
        cmocka_unit_test(fold_keeps_the_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

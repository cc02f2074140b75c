// SPDX-License-Identifier: Apache-2.0
// The symbol look-up that fault handlers use (include/mayfly/symtab.h), on good and on broken
// tables.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mayfly/symtab.h"

#define BASE 0x202000u

struct table {
    struct mf_symtab head;
    struct mf_symbol symbols[3];
    char names[16];
};

static struct table sample(void)
{
    struct table t = {
        .head = {.magic = MF_SYMTAB_MAGIC, .count = 3, .base = BASE, .names_bytes = 16},
        .symbols = {{0x00, 0}, {0x10, 5}, {0x40, 10}},
    };
    memcpy(t.names, "main\0open\0close", 16);
    return t;
}

static void address_inside_a_function_gives_name_and_offset(void **state)
{
    (void)state;
    const struct table t = sample();
    uint64_t offset = 99;

    assert_string_equal(mf_symtab_find(&t, sizeof(t), BASE, &offset), "main");
    assert_int_equal(offset, 0);
    assert_string_equal(mf_symtab_find(&t, sizeof(t), BASE + 0x3f, &offset), "open");
    assert_int_equal(offset, 0x2f);
    assert_string_equal(mf_symtab_find(&t, sizeof(t), BASE + 0x40, &offset), "close");
    assert_int_equal(offset, 0);
}

static void address_below_the_first_function_has_no_name(void **state)
{
    (void)state;
    struct table t = sample();
    uint64_t offset;

    assert_null(mf_symtab_find(&t, sizeof(t), BASE - 1, &offset));
    t.symbols[0].offset = 8;
    assert_null(mf_symtab_find(&t, sizeof(t), BASE + 7, &offset));
}

static void broken_table_has_no_names(void **state)
{
    (void)state;
    struct table t = sample();
    uint64_t offset;

    assert_null(mf_symtab_find(NULL, sizeof(t), BASE, &offset));
    assert_null(mf_symtab_find(&t, sizeof(t.head) - 1, BASE, &offset));
    assert_null(mf_symtab_find(&t, sizeof(t) - 1, BASE, &offset));
    t.symbols[0].name = 16;
    assert_null(mf_symtab_find(&t, sizeof(t), BASE, &offset));
    t = sample();
    t.head.count = UINT32_MAX;
    assert_null(mf_symtab_find(&t, sizeof(t), BASE, &offset));
    t = sample();
    t.head.magic = 0;
    assert_null(mf_symtab_find(&t, sizeof(t), BASE, &offset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_inside_a_function_gives_name_and_offset),
        cmocka_unit_test(address_below_the_first_function_has_no_name),
        cmocka_unit_test(broken_table_has_no_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

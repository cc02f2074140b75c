// SPDX-License-Identifier: Apache-2.0
// sources: unikernel-runtime/src/fault/registers.c
// cflags: -Iunikernel-runtime/src
// The text of a fault's registers (fault/registers.h), that guests and dom0 print.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "fault/registers.h"

static void each_register_is_told_once(void **state)
{
    (void)state;
    struct hv_regs r;
    char all[MF_FAULT_ROWS * MF_FAULT_ROW_BYTES] = "", row[MF_FAULT_ROW_BYTES], word[17];
    uint64_t *const words = (uint64_t *)(void *)&r;
    const size_t count = sizeof(r) / sizeof(uint64_t);

    for (size_t i = 0; i < count; i++) {
        words[i] = 0xab00000000000100u + i;
    }
    for (unsigned int i = 0; i < MF_FAULT_ROWS; i++) {
        const size_t bytes = mf_fault_row(&r, i, row);
        assert_int_equal(bytes, strlen(row));
        assert_true(strlen(row) < sizeof(row) && row[strlen(row) - 1] == '\n');
        strcat(all, row);
    }
    for (size_t i = 0; i < count; i++) {
        word[mf_fault_hex(word, words[i], 1)] = '\0';
        const char *const at = strstr(all, word);
        assert_non_null(at);
        assert_null(strstr(at + 1, word));
    }
}

static void a_row_names_its_registers(void **state)
{
    (void)state;
    const struct hv_regs r = {.rax = 0x12, .rdx = UINT64_MAX};
    char row[MF_FAULT_ROW_BYTES];
    mf_fault_row(&r, 0, row);
    assert_string_equal(row, "  rax 0000000000000012 rbx 0000000000000000 rcx 0000000000000000 "
                             "rdx ffffffffffffffff\n");
}

static void hexadecimal_has_the_digits_that_are_asked_for(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        unsigned int digits;
        const char *text;
    } rows[] = {{0, 1, "0"},
                {0, 8, "00000000"},
                {0x123, 1, "123"},
                {0x123, 4, "0123"},
                {UINT64_MAX, 1, "ffffffffffffffff"},
                {1ull << 60, 16, "1000000000000000"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[17];
        text[mf_fault_hex(text, rows[i].value, rows[i].digits)] = '\0';
        assert_string_equal(text, rows[i].text);
    }
}

static void every_vector_has_a_name_and_a_signal(void **state)
{
    (void)state;
    for (uint32_t vector = 0; vector < 300; vector++) {
        assert_non_null(mf_fault_name(vector));
        assert_true(mf_fault_signal(vector) > 0);
    }
    assert_int_equal(mf_fault_signal(0), SIGFPE);
    assert_int_equal(mf_fault_signal(14), SIGSEGV);
    assert_int_equal(mf_fault_signal(17), SIGBUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_register_is_told_once),
        cmocka_unit_test(a_row_names_its_registers),
        cmocka_unit_test(hexadecimal_has_the_digits_that_are_asked_for),
        cmocka_unit_test(every_vector_has_a_name_and_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

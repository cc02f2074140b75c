// SPDX-License-Identifier: Apache-2.0
// sources: dom0/families/sigtext.c
// cflags: -Idom0
// Names of signals, as people type them in the shell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "families/sigtext.h"

static void names_and_numbers_are_found(void **state)
{
    (void)state;
    assert_int_equal(sigtext_find("STOP"), 19);
    assert_int_equal(sigtext_find("sigcont"), 18);
    assert_int_equal(sigtext_find("SIGTERM"), 15);
    assert_int_equal(sigtext_find("15"), 15);
    assert_int_equal(sigtext_find("63"), 63);
}

static void others_are_not(void **state)
{
    (void)state;
    assert_int_equal(sigtext_find(""), 0);
    assert_int_equal(sigtext_find("SIG"), 0);
    assert_int_equal(sigtext_find("STOPS"), 0);
    assert_int_equal(sigtext_find("0"), 0);
    assert_int_equal(sigtext_find("64"), 0);
    assert_int_equal(sigtext_find("-1"), 0);
    assert_int_equal(sigtext_find("9x"), 0);
    assert_int_equal(sigtext_find("99999999999999999999"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_and_numbers_are_found),
                                       cmocka_unit_test(others_are_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

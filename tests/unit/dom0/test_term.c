// SPDX-License-Identifier: Apache-2.0
// cflags: -Idom0
/* What of a guest's output is kept from the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/term.h"

static void controls_of_one_byte_are_found(void **state)
{
    (void)state;
    assert_true(term_is_control("\x1b[2J", 0));
    assert_true(term_is_control("a\x7f", 1));
    assert_false(term_is_control("a", 0));
    assert_false(term_is_control("~", 0));
}

/* U+009B is CSI to a terminal; U+00DB and U+2026 have bytes like it and are letters. */
static void controls_in_utf8_are_found(void **state)
{
    (void)state;
    assert_true(term_is_control("\xc2\x9b"
                                "2J",
                                1));
    assert_false(term_is_control("\xc2\xa3", 1));
    assert_false(term_is_control("\xc3\x9b", 1));
    assert_false(term_is_control("\xe2\x80\xa6", 1));
    assert_false(term_is_control("\x9b", 0)); /* no UTF-8: nothing to a terminal that reads it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_of_one_byte_are_found),
        cmocka_unit_test(controls_in_utf8_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

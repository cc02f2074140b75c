// SPDX-License-Identifier: Apache-2.0
// sources: dom0/text/lineedit.c
// cflags: -Idom0
// Editing: what is typed, and the line that comes out of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/lineedit.h"

static void discard(const char *data, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        assert_true(data[i] != 0);
    }
}

static struct lineedit e;

static enum lineedit_result type(const char *keys)
{
    enum lineedit_result r = LINEEDIT_MORE;
    for (; *keys != 0; keys++) {
        r = lineedit_feed(&e, *keys);
    }
    return r;
}

static int set_up(void **state)
{
    (void)state;
    e = (struct lineedit){.write = discard, .prompt = "> "};
    lineedit_begin(&e);
    return 0;
}

static void keys_edit_the_line(void **state)
{
    static const struct {
        const char *keys, *line;
    } rows[] = {
        {"hello\r", "hello"},
        {"helo\033[Dl\r", "hello"},
        {"ello\001h\005!\r", "hello!"},
        {"hellp\177o\r", "hello"},
        {"one two\027three\r", "one three"},
        {"one two\025three\r", "three"},
        {"abc\002\002\013d\r", "ad"},
        {"abc\033[H\033[3~\r", "bc"},
        {"abc\001\004\004\004\004\r", ""},
        {"abc\033[1~x\033[4~y\033OHz\r", "zxabcy"},
        {"\177\004\002\006\033[C\r", ""},
        {"a\033[15;2~b\r", "ab"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(type(rows[i].keys), LINEEDIT_LINE);
        assert_string_equal(e.text, rows[i].line);
        lineedit_begin(&e);
    }
}

static void history_goes_back_and_forth(void **state)
{
    (void)state;
    type("one\r");
    lineedit_begin(&e);
    type("two\r");
    lineedit_begin(&e);
    type("two\r"); /* no second entry */
    lineedit_begin(&e);
    type("dra\033[A");
    assert_string_equal(e.text, "two");
    type("\033[A\033[A\033[A");
    assert_string_equal(e.text, "one");
    type("\033[B\033[Bft");
    assert_string_equal(e.text, "draft");
}

static void ctrl_c_drops_the_line(void **state)
{
    (void)state;
    assert_int_equal(type("rm\003"), LINEEDIT_DROPPED);
}

static void any_input_is_survived(void **state)
{
    (void)state;
    srandom(9);
    for (int i = 0; i < 300000; i++) {
        const char c = (char)(random() % 4 == 0 ? random() % 32 : random());
        const enum lineedit_result r = lineedit_feed(&e, c == 0 ? 'x' : c);
        assert_true(e.cursor <= e.bytes && e.bytes < LINEEDIT_BYTES && e.text[e.bytes] == 0);
        if (r == LINEEDIT_LINE || r == LINEEDIT_DROPPED) {
            lineedit_begin(&e);
        }
    }
    while (e.bytes < LINEEDIT_BYTES - 1) {
        lineedit_feed(&e, 'y');
    }
    lineedit_feed(&e, 'z');
    assert_int_equal(e.bytes, LINEEDIT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_edit_the_line, set_up),
        cmocka_unit_test_setup(history_goes_back_and_forth, set_up),
        cmocka_unit_test_setup(ctrl_c_drops_the_line, set_up),
        cmocka_unit_test_setup(any_input_is_survived, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

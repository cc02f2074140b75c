// SPDX-License-Identifier: Apache-2.0
// sources: dom0/text/memtext.c dom0/guests/rights.c dom0/guests/launch.c dom0/text/words.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Addresses, bytes and dumps of peek and poke; who may look into a guest and share memory with it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/guest.h"
#include "guests/rights.h"
#include "text/memtext.h"

static bool find(const void *arg, const char *name, uint64_t *address)
{
    (void)arg;
    if (strcmp(name, "main") != 0) {
        return false;
    }
    *address = 0x204010;
    return true;
}

static void addresses_are_numbers_or_symbols_with_an_offset(void **state)
{
    static const struct {
        const char *text;
        uint64_t address;
    } good[] = {
        {"0x10000", 0x10000},
        {"0xABcd", 0xabcd},
        {"65536", 65536},
        {"main", 0x204010},
        {"main+0x10", 0x204020},
        {"main-16", 0x204000},
        {"0x1000+1000", 0x13e8},
        {"0xffffffffffffffff", UINT64_MAX},
        {"0", 0},
    };
    static const char *const bad[] = {
        "",
        "+1",
        "other",
        "0x",
        "0xg",
        "0x10000000000000000",
        "main+",
        "main+x",
        "main+1+1",
        "1-2",
        "0xffffffffffffffff+1",
        "18446744073709551616",
        "12ab",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t address = 1;
        assert_true(memtext_address(good[i].text, find, NULL, &address));
        assert_int_equal(address, good[i].address);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t address = 77;
        assert_false(memtext_address(bad[i], find, NULL, &address));
        assert_int_equal(address, 77);
    }
}

static void bytes_are_hexadecimal_or_text(void **state)
{
    char *words[] = {(char[]){"41ff"}, (char[]){"hello"}, (char[]){"text=41"}, (char[]){"abc"}};
    uint8_t out[16];
    (void)state;
    assert_int_equal(memtext_bytes(words, 4, out, sizeof(out)), 2 + 5 + 2 + 3);
    assert_memory_equal(out, "\x41\xffhello41abc", 12);
    assert_int_equal(memtext_bytes(words, 4, out, 12), 12);
    assert_int_equal(memtext_bytes(words, 4, out, 11), 0);
    assert_int_equal(memtext_bytes(words, 0, out, 11), 0);
}

static void a_dump_line_is_as_wide_for_one_byte(void **state)
{
    char line[MEMTEXT_LINE_BYTES], full[MEMTEXT_LINE_BYTES];
    (void)state;
    memtext_line(line, 0x204010, (const uint8_t *)"A\033", 2);
    assert_int_equal(strncmp(line, "000000204010  41 1b ", 20), 0);
    assert_string_equal(strchr(line, '|'), "|A.|");
    memtext_line(full, UINT64_MAX, (const uint8_t *)"0123456789abcdef", 16);
    assert_string_equal(strchr(full, '|'), "|0123456789abcdef|");
    memtext_line(full, 0, (const uint8_t *)"0123456789abcdef", 16);
    assert_int_equal(strchr(line, '|') - line, strchr(full, '|') - full);
}

static void a_share_list_names_guests(void **state)
{
    (void)state;
    assert_true(rights_share_is_valid("*"));
    assert_true(rights_share_is_valid("no"));
    assert_true(rights_share_is_valid("a,b-1,c.d"));
    assert_false(rights_share_is_valid(""));
    assert_false(rights_share_is_valid("a,"));
    assert_false(rights_share_is_valid("a,*"));
    assert_false(rights_share_is_valid("a b"));
    assert_true(rights_share_allows("a,bb", "bb"));
    assert_true(rights_share_allows("*", "bb"));
    assert_false(rights_share_allows("a,bb", "b"));
    assert_false(rights_share_allows("a,bb", "bbb"));
    assert_false(rights_share_allows("no", "no"));
    assert_false(rights_share_allows(NULL, "a"));
}

static void the_least_right_to_look_holds(void **state)
{
    struct image image = {.manifest = {.inspect = RIGHTS_READ}};
    struct launch_source source = {.inspect = RIGHTS_NO};
    struct launch l = {.inspect = RIGHTS_WRITE};
    struct guest g = {.image = &image};
    (void)state;
    assert_true(rights_give(&g, &l, NULL));
    assert_true(rights_allow(&g, RIGHTS_READ));
    assert_false(rights_allow(&g, RIGHTS_WRITE));
    assert_true(rights_give(&g, &l, &source));
    assert_false(rights_allow(&g, RIGHTS_READ));
    image.manifest.inspect = RIGHTS_UNSET;
    l.inspect = RIGHTS_UNSET;
    assert_true(rights_give(&g, &l, NULL));
    assert_true(rights_allow(&g, RIGHTS_WRITE));
}

static void the_launch_says_whom_to_share_with(void **state)
{
    char list[] = "one";
    struct image image = {.manifest = {.share = list}};
    struct launch_source source = {.share = "two"};
    struct launch l = {0};
    struct guest g = {.image = &image}, other = {.image = &image};
    (void)state;
    assert_true(rights_give(&g, &l, NULL));
    assert_string_equal(g.share, "one");
    assert_true(rights_give(&g, &l, &source));
    assert_string_equal(g.share, "two");
    l.share = "no";
    assert_true(rights_give(&g, &l, &source));
    assert_string_equal(g.share, "no");
    assert_true(rights_give(&other, &l, NULL));
    assert_ptr_equal(g.share, other.share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_numbers_or_symbols_with_an_offset),
        cmocka_unit_test(bytes_are_hexadecimal_or_text),
        cmocka_unit_test(a_dump_line_is_as_wide_for_one_byte),
        cmocka_unit_test(a_share_list_names_guests),
        cmocka_unit_test(the_least_right_to_look_holds),
        cmocka_unit_test(the_launch_says_whom_to_share_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

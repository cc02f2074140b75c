// SPDX-License-Identifier: Apache-2.0
// sources: dom0/conf.c dom0/images/signature.c dom0/guests/launch.c dom0/text/words.c dom0/net/plan.c
// cflags: -Idom0 -Iunikernel-runtime/src
// libs: -lsodium
// sources: dom0/guests/rights.c
// mayfly.conf and the wish to start a guest: what is accepted, and what is said about the rest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf.h"
#include "guests/launch.h"
#include "net/headers.h"
#include "text/words.h"

static uint32_t complaint_line, complaints;

static void complain(uint32_t line, const char *message)
{
    assert_non_null(message);
    complaint_line = line;
    complaints++;
}

static void parse(struct conf *c, const char *text)
{
    complaints = 0;
    conf_parse(c, text, strlen(text), complain);
}

static void words_are_split_like_in_a_shell(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int count;
        const char *words[4];
    } rows[] = {
        {"", 0, {0}},
        {"  \t ", 0, {0}},
        {"one", 1, {"one"}},
        {" a  b c ", 3, {"a", "b", "c"}},
        {"'a b' \"c d\"e", 2, {"a b", "c de"}},
        {"a\\ b 'c\\' \"\\\"\"", 3, {"a b", "c\\", "\""}},
        {"'' x", 2, {"", "x"}},
        {"'open", -1, {0}},
        {"\"open", -1, {0}},
        {"end\\", 1, {"end\\"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *words[WORDS_MAX], *line = strdup(rows[i].line);
        const char *error;
        assert_int_equal(words_split(line, words, &error), rows[i].count);
        assert_int_equal(error != NULL, rows[i].count < 0);
        for (int k = 0; k < rows[i].count; k++) {
            assert_string_equal(words[k], rows[i].words[k]);
        }
        free(line);
    }
}

static void too_many_words_are_refused(void **state)
{
    (void)state;
    char line[2 * WORDS_MAX + 3], *words[WORDS_MAX];
    const char *error;
    for (int i = 0; i < WORDS_MAX + 1; i++) {
        memcpy(line + 2 * i, "x ", 3);
    }
    assert_int_equal(words_split(line, words, &error), -1);
    line[2 * WORDS_MAX] = 0;
    memset(line, 'x', 1);
}

static void sizes_have_units(void **state)
{
    (void)state;
    uint64_t b = 0;
    assert_true(words_size("4096", &b) && b == 4096);
    assert_true(words_size("16M", &b) && b == 16u << 20);
    assert_true(words_size("1g", &b) && b == 1u << 30);
    assert_true(words_size("2KiB", &b) && b == 2048);
    assert_true(words_size("2KB", &b) && b == 2048);
    assert_false(words_size("0", &b) || words_size("", &b) || words_size("M", &b) ||
                 words_size("1MM", &b) || words_size("-1", &b) ||
                 words_size("99999999999999999999", &b) || words_size("99999999999G", &b));
    assert_int_equal(b, 2048);
}

static void launch_takes_options_then_arguments(void **state)
{
    (void)state;
    char line[] = "http name=web memory=16M publish=8080:80 publish=53/udp net=no env=A=b=c "
                  "weight=7 cap=50 one name=two";
    char *words[WORDS_MAX], error[128];
    const char *problem;
    struct launch l;
    const int count = words_split(line, words, &problem);
    assert_null(launch_parse(&l, words, count, error));
    assert_string_equal(l.image, "http");
    assert_string_equal(l.name, "web");
    assert_int_equal(l.memory_bytes, 16u << 20);
    assert_int_equal(l.port_count, 2);
    assert_int_equal(l.ports[0].host, 8080);
    assert_int_equal(l.ports[0].guest, 80);
    assert_int_equal(l.ports[0].protocol, IP_PROTOCOL_TCP);
    assert_int_equal(l.ports[1].host, 53);
    assert_int_equal(l.ports[1].guest, 53);
    assert_int_equal(l.ports[1].protocol, IP_PROTOCOL_UDP);
    assert_int_equal(l.net, LAUNCH_NET_NO);
    assert_string_equal(l.env[0], "A=b=c");
    assert_int_equal(l.weight, 7);
    assert_int_equal(l.cap_percent, 50);
    assert_int_equal(l.arg_count, 2);
    assert_string_equal(l.args[1], "name=two");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    char *words[] = {(char *)"x", (char *)"--", (char *)"name=y"}, error[128];
    struct launch l;
    assert_null(launch_parse(&l, words, 3, error));
    assert_null(l.name);
    assert_int_equal(l.arg_count, 1);
    assert_string_equal(l.args[0], "name=y");
}

static void wrong_options_are_explained(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "name=a b",    "name=",     "name=-x",        "memory=lots", "publish=0:1",
        "publish=1:0", "publish=x", "publish=1:2/ip", "publish=1:",  "publish=65536",
        "net=maybe",   "env=X",     "env==x",         "weight=0",    "weight=10001",
        "cap=101",     "count=0",   "output=loud",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char *words[] = {(char *)"x", (char *)(uintptr_t)wrong[i]}, error[128];
        struct launch l;
        const char *problem = launch_parse(&l, words, 2, error);
        assert_non_null(problem);
        assert_non_null(strstr(problem, "write"));
    }
}

static void settings_are_read(void **state)
{
    (void)state;
    struct conf c;
    parse(&c,
          "# comment\n\n start = http a b\r\nstart=hello\nnet = 10.0.2.15/24\ngateway=10.0.2.2\n"
          "dns = 10.0.2.3\nguest-net = 10.64.0.0/10\nguest-net6 = fd00:1:2::/64\n"
          "console = guest\nguest-output = log\nexit-with-first = 1\n"
          "console-input = stream\nconsole-output = terminal\n"
          "dom0 = x.elf");
    assert_int_equal(complaints, 0);
    assert_string_equal(c.starts->text, "http a b");
    assert_int_equal(c.starts->line, 3);
    assert_string_equal(c.starts->next->text, "hello");
    assert_null(c.starts->next->next);
    assert_int_equal(c.net, CONF_NET_STATIC);
    assert_int_equal(c.uplink.address, 0x0a00020f);
    assert_int_equal(c.uplink.mask, 0xffffff00);
    assert_int_equal(c.uplink.gateway, 0x0a000202);
    assert_int_equal(c.uplink.dns, 0x0a000203);
    assert_int_equal(c.plan.net, 0x0a400000);
    assert_int_equal(plan_guest_count(&c.plan), PLAN_GUESTS_MAX);
    assert_memory_equal(c.plan.net6, "\xfd\x00\x00\x01\x00\x02\x00\x00", 8);
    assert_true(c.console_guest && c.exit_with_first && !c.show_output);
    assert_true(c.input_is_stream && !c.output_is_stream);
    conf_free(&c);
}

static void guests_may_be_asked_for_names(void **state)
{
    (void)state;
    struct conf c;
    parse(&c, "dns = 10.77.0.2");
    assert_int_equal(plan_dns_ip4(&c.plan), 0x0a4d0002);
    parse(&c, "dns = 10.0.2.3");
    assert_int_equal(plan_dns_ip4(&c.plan), 0x0a4d0001);
}

static void a_line_may_be_long(void **state)
{
    (void)state;
    char text[WORDS_LINE_BYTES + 8] = "start = x ";
    struct conf c;

    memset(text + 10, 'a', WORDS_LINE_BYTES - 11);
    parse(&c, text);
    assert_int_equal(complaints, 0);
    assert_int_equal(strlen(c.starts->text), WORDS_LINE_BYTES - 9);
    conf_free(&c);
    strcat(text, "a");
    parse(&c, text);
    assert_int_equal(complaints, 1);
    conf_free(&c);
}

static void empty_means_defaults(void **state)
{
    (void)state;
    struct conf c;
    conf_parse(&c, NULL, 0, complain);
    assert_int_equal(c.net, CONF_NET_DHCP);
    assert_int_equal(c.plan.net, 0x0a4d0000);
    assert_null(c.starts);
}

static void what_would_be_ignored_is_refused(void **state)
{
    (void)state;
    struct conf c;
    parse(&c, "on-end = reset");
    assert_int_equal(complaints, 1);
}

static void wrong_lines_are_named(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "nonsense",
        "colour = red",
        "net = 10.0.2.15",
        "net = 10.0.2.256/24",
        "net = 1.2.3.4/33",
        "guest-net = 10.0.0.1/8",
        "guest-net = 1.2.3.4/31",
        "guest-net6 = x",
        "guest-net6 = fd77:0:0:0:1::/64",
        "console = tty",
        "console-input = tty",
        "console-output = x",
        "start =",
        "start = x name=",
        "dns = a",
        "start = 'x",
        "exit-with-first = yes",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct conf c;
        char text[100];
        snprintf(text, sizeof(text), "# first\n%s\nstart = fine\n", wrong[i]);
        parse(&c, text);
        assert_int_equal(complaints, 1);
        assert_int_equal(complaint_line, 2);
        assert_string_equal(c.starts->text, "fine");
        conf_free(&c);
    }
}

static void any_text_is_survived(void **state)
{
    (void)state;
    srandom(1);
    for (int i = 0; i < 20000; i++) {
        static const char *const parts[] = {"start",      "=",     " ",   "\n",  "'", "\"",
                                            "\\",         "name=", "net", "10.", "/", "x",
                                            "guest-net6", "fd77:", ":",   "#",   "\0"};
        char text[400];
        size_t n = 0;
        for (int k = 0; k < 30; k++) {
            const char *p = parts[(size_t)random() % (sizeof(parts) / sizeof(parts[0]))];
            memcpy(text + n, p, strlen(p) + 1);
            n += strlen(p) + (*p == 0);
        }
        struct conf c;
        conf_parse(&c, text, n, complain);
        conf_free(&c);
    }
}

static void what_is_not_a_clear_no_requires_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool required;
        uint32_t keys, complaints;
    } rows[] = {
        {"", false, 0, 0},
        {"require-signature = yes\n", true, 0, 0},
        {"require-signature = no\n", false, 0, 0},
        {"require-signature = on\n", true, 0, 1},
        {"key = 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", false, 1, 0},
        {"key = 0011\n", false, 0, 1},
        {"key =\nrequire-signature = yes\n", true, 0, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf c;
        parse(&c, rows[i].text);
        assert_int_equal(c.require_signature, rows[i].required);
        assert_int_equal(c.key_count, rows[i].keys);
        assert_int_equal(complaints, rows[i].complaints);
        conf_free(&c);
    }
}

static void prefault_is_done_unless_told_not_to(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_on;
        uint32_t complaints;
    } rows[] = {
        {"", true, 0},
        {"prefault = yes\n", true, 0},
        {"prefault = no\n", false, 0},
        {"prefault = 1\n", false, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf c;
        parse(&c, rows[i].text);
        assert_int_equal(c.prefault, rows[i].is_on);
        assert_int_equal(complaints, rows[i].complaints);
        conf_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_like_in_a_shell),
        cmocka_unit_test(too_many_words_are_refused),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(launch_takes_options_then_arguments),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(wrong_options_are_explained),
        cmocka_unit_test(settings_are_read),
        cmocka_unit_test(guests_may_be_asked_for_names),
        cmocka_unit_test(a_line_may_be_long),
        cmocka_unit_test(empty_means_defaults),
        cmocka_unit_test(wrong_lines_are_named),
        cmocka_unit_test(what_would_be_ignored_is_refused),
        cmocka_unit_test(any_text_is_survived),
        cmocka_unit_test(what_is_not_a_clear_no_requires_signatures),
        cmocka_unit_test(prefault_is_done_unless_told_not_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/console.c build-tool/backlog.c build-tool/process.c build-tool/interrupt.c build-tool/buffer.c
// sources: build-tool/strlist.c build-tool/alloc.c tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -D_GNU_SOURCE
/* test_console.c - what a user sees of a machine's serial line. A shell script plays QEMU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "console.h"

#define OVMF "\\033[2J\\033[01;01HBdsDxe: starting Boot0001\\r\\n"
#define HV "Mayfly hv 0.1.0\\r\\npci ...\\r\\n509 MiB of free memory, 1 CPUs, TSC 1 kHz\\r\\n"

static char path[300];

/* Runs `script`; what console_run() writes to stdout comes back in *out. Returns its result. */
static int run(const char *script, const struct console *console, int limit_ms, struct buffer *out)
{
    struct strlist argv = {0};
    strlist_add(&argv, "sh");
    strlist_add(&argv, "-c");
    strlist_add(&argv, script);
    fflush(stdout);
    const int saved = dup(STDOUT_FILENO);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && file >= 0);
    dup2(file, STDOUT_FILENO);
    const int status = console_run(&argv, console, limit_ms);
    console_show_rest();
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(file);
    strlist_free(&argv);
    out->bytes = 0;
    assert_int_equal(buffer_read_file(out, path), 0);
    buffer_append(out, "", 1);
    return status;
}

static const struct row {
    const char *name;
    struct console console;
    const char *script, *shown;
} rows[] = {
    {"all_is_passed_on",
     {0},
     "printf '" HV "a\\r\\n'",
     "Mayfly hv 0.1.0\r\npci ...\r\n509 MiB of free memory, 1 CPUs, TSC 1 kHz\r\na\r\n"},
    {"plain_has_no_carriage_returns", {.plain = true}, "printf 'a\\r\\nb\\rc\\r\\n'", "a\nb\rc\n"},
    {"a_split_line_end_is_still_one",
     {.plain = true},
     "printf 'a\\r'; sleep 0.1; printf '\\nb'",
     "a\nb"},
    {"guest_only_starts_behind_hv",
     {.guest_only = true},
     "printf '" OVMF HV "hello\\n'",
     "hello\n"},
    {"a_prompt_without_line_end_is_shown", {.guest_only = true}, "printf '" HV "name? '", "name? "},
    {"no_firmware_starts_with_hv",
     {.no_firmware = true},
     "printf '" OVMF "Mayfly hv 1\\nx\\n'",
     "Mayfly hv 1\nx\n"},
    {"a_panic_is_shown_with_what_came_before",
     {.guest_only = true},
     "printf 'Mayfly hv 1\\nbad\\nPANIC on CPU 0\\nmore\\n'",
     "Mayfly hv 1\nbad\nPANIC on CPU 0\nmore\n"},
    {"nothing_is_lost_without_the_last_line",
     {.guest_only = true},
     "printf '" OVMF "Mayfly hv 1\\nhello\\nyou'",
     "Mayfly hv 1\nhello\nyou"},
    {"discard_shows_nothing", {.discard = true}, "printf 'a\\n'", ""},
};

static void rows_are_shown_as_they_say(void **state)
{
    (void)state;
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(run(rows[i].script, &rows[i].console, 0, &out), 0);
        if (strcmp((const char *)out.data, rows[i].shown) != 0) {
            fail_msg("%s: got <%s>", rows[i].name, (const char *)out.data);
        }
    }
    buffer_free(&out);
}

static void the_exit_status_comes_back(void **state)
{
    (void)state;
    const struct console console = {0};
    struct buffer out = {0};
    assert_int_equal(run("exit 3", &console, 0, &out), 3);
    assert_int_equal(run("kill -9 $$", &console, 0, &out), 128 + 9);
    assert_int_equal(run("exec sleep 20", &console, 300, &out), CONSOLE_TIMEOUT);
    buffer_free(&out);
}

static void large_output_arrives_whole(void **state)
{
    (void)state;
    const struct console console = {.plain = true};
    struct buffer out = {0};
    assert_int_equal(run("seq 100000 | sed 's/$/\\r/'", &console, 0, &out), 0);
    assert_int_equal(out.bytes, 588895 + 1);
    assert_memory_equal(out.data + out.bytes - 8, "100000\n", 8);
    buffer_free(&out);
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof(path), "%s/console-%d", base != NULL ? base : "/tmp", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_shown_as_they_say),
        cmocka_unit_test(the_exit_status_comes_back),
        cmocka_unit_test(large_output_arrives_whole),
    };
    const int status = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return status;
}

// SPDX-License-Identifier: Apache-2.0
// sources: build-tool/cpio.c build-tool/buffer.c build-tool/alloc.c
// sources: tests/unit/build-tool/captured_report.c
// cflags: -Ibuild-tool -D_GNU_SOURCE
/* test_cpio.c - the archive is what cpio(5) says, and what GNU cpio reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpio.h"

static struct buffer text(const char *s)
{
    struct buffer b = {0};
    buffer_append(&b, s, strlen(s));
    return b;
}

static uint32_t field(const struct buffer *b, size_t header, unsigned index)
{
    char digits[9] = {0};
    memcpy(digits, b->data + header + 6 + 8 * (size_t)index, 8);
    return (uint32_t)strtoul(digits, NULL, 16);
}

static struct buffer sample(void)
{
    struct buffer out = {0}, one = text("hello"), two = {0};
    struct cpio archive = {.out = &out};
    assert_int_equal(cpio_add_file(&archive, "mayfly.conf", &one), 0);
    cpio_add_folder(&archive, "images");
    assert_int_equal(cpio_add_file(&archive, "images/empty.img", &two), 0);
    cpio_finish(&archive);
    buffer_free(&one);
    return out;
}

/* Walks the entries as the format says and counts them; -1 when a field is wrong. */
static int walk(const struct buffer *b)
{
    static const char *const names[] = {"mayfly.conf", "images", "images/empty.img", "TRAILER!!!"};
    static const uint32_t modes[] = {0100644, 040755, 0100644, 0};
    static const uint32_t sizes[] = {5, 0, 0, 0};
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        const uint32_t name_bytes = field(b, at, 11), bytes = field(b, at, 6);
        if (memcmp(b->data + at, "070701", 6) != 0 || bytes != sizes[i] ||
            field(b, at, 1) != modes[i] || field(b, at, 5) != 0 ||
            name_bytes != strlen(names[i]) + 1 ||
            strcmp((const char *)b->data + at + 110, names[i]) != 0) {
            return -1;
        }
        at = (at + 110 + name_bytes + 3) / 4 * 4;
        at = (at + bytes + 3) / 4 * 4;
    }
    return at <= b->bytes ? 4 : -1;
}

static void entries_follow_the_format(void **state)
{
    (void)state;
    struct buffer out = sample();
    assert_int_equal(walk(&out), 4);
    assert_int_equal(out.bytes % 512, 0);
    buffer_free(&out);
}

static void same_input_gives_same_bytes(void **state)
{
    (void)state;
    struct buffer a = sample(), b = sample();
    assert_int_equal(a.bytes, b.bytes);
    assert_memory_equal(a.data, b.data, a.bytes);
    buffer_free(&a);
    buffer_free(&b);
}

static void contents_are_in_place(void **state)
{
    (void)state;
    struct buffer out = sample();
    const size_t data = (110 + sizeof("mayfly.conf") + 3) / 4 * 4;
    assert_memory_equal(out.data + data, "hello\0\0\0", 8);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_follow_the_format),
        cmocka_unit_test(same_input_gives_same_bytes),
        cmocka_unit_test(contents_are_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// sources: examples/http/parse.c
// cflags: -Iexamples/http
// The request parser of examples/http: cases as rows, then random damage to good requests.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parse.h"

#define ALL (-1) /* the whole text is one head */

static const struct row {
    const char *text;
    int result; /* or ALL */
    enum http_method method;
    bool keep_alive;
    uint32_t body_bytes;
} rows[] = {
    {"GET / HTTP/1.1\r\n\r\n", ALL, HTTP_GET, true, 0},
    {"GET / HTTP/1.0\r\n\r\n", ALL, HTTP_GET, false, 0},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", ALL, HTTP_HEAD, true, 0},
    {"DELETE /x HTTP/1.1\nHost: a\n\n", ALL, HTTP_OTHER, true, 0},
    {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", ALL, HTTP_GET, true, 0},
    {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", ALL, HTTP_GET, false, 0},
    {"GET / HTTP/1.0\r\nCONNECTION:  x, Keep-Alive \r\n\r\n", ALL, HTTP_GET, true, 0},
    {"GET / HTTP/1.1\r\nContent-Length: 12\r\n\r\n", ALL, HTTP_GET, true, 12},
    {"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 18, HTTP_GET, true, 0},
    {"", 0, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\n", 0, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nHost: a\r\n", 0, HTTP_GET, false, 0},
    {"GET / HTTP/2.0\r\n\r\n", -505, HTTP_GET, false, 0},
    {"GET /\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET  HTTP/1.1\r\n\r\n", -400, HTTP_GET, false, 0},
    {" / HTTP/1.1\r\n\r\n", -400, HTTP_GET, false, 0},
    {"nonsense\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nno colon\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", -400, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", -413, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", -413, HTTP_GET, false, 0},
    {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", -501, HTTP_GET, false, 0},
};

static void each_row_parses_as_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        const size_t bytes = strlen(row->text);
        struct http_request r = {0};
        char *copy = malloc(bytes + 1); /* of its own, so that ASan sees a read beyond it */
        assert_non_null(copy);
        memcpy(copy, row->text, bytes);
        const int expected = row->result == ALL ? (int)bytes : row->result;
        const int result = http_parse(copy, bytes, &r);
        if (result != expected) {
            print_message("# row %zu: %d instead of %d\n", i, result, expected);
        }
        assert_int_equal(result, expected);
        if (expected > 0) {
            assert_int_equal(r.method, row->method);
            assert_int_equal(r.keep_alive, row->keep_alive);
            assert_int_equal(r.body_bytes, row->body_bytes);
        }
        free(copy);
    }
}

static void target_is_what_stands_between_the_spaces(void **state)
{
    (void)state;
    static const char text[] = "GET /a?b=c HTTP/1.1\r\n\r\n";
    struct http_request r;
    assert_int_equal(http_parse(text, sizeof(text) - 1, &r), sizeof(text) - 1);
    assert_int_equal(r.target_bytes, 6);
    assert_memory_equal(r.target, "/a?b=c", 6);
}

static void every_prefix_of_a_good_request_is_incomplete(void **state)
{
    (void)state;
    static const char text[] = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct http_request r;
    for (size_t bytes = 0; bytes < sizeof(text) - 1; bytes++) {
        assert_int_equal(http_parse(text, bytes, &r), 0);
    }
}

static void random_damage_never_reads_outside_or_returns_nonsense(void **state)
{
    (void)state;
    static const char text[] =
        "GET /a HTTP/1.1\r\nContent-Length: 7\r\nConnection: a, close\r\n\r\n";
    srand(1);
    for (int round = 0; round < 200000; round++) {
        const size_t bytes = (size_t)rand() % sizeof(text);
        char *copy = malloc(bytes == 0 ? 1 : bytes);
        struct http_request r;
        assert_non_null(copy);
        memcpy(copy, text, bytes);
        for (int i = rand() % 4; i > 0 && bytes > 0; i--) {
            copy[(size_t)rand() % bytes] = "\r\n :,/1\x00\xffG"[rand() % 10];
        }
        const int result = http_parse(copy, bytes, &r);
        assert_true(result <= (int)bytes);
        assert_true(result >= 0 || (result <= -400 && result >= -505));
        if (result > 0) {
            assert_true(r.target >= copy && r.target + r.target_bytes <= copy + bytes);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_parses_as_it_says),
        cmocka_unit_test(target_is_what_stands_between_the_spaces),
        cmocka_unit_test(every_prefix_of_a_good_request_is_incomplete),
        cmocka_unit_test(random_damage_never_reads_outside_or_returns_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

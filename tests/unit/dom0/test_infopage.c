// SPDX-License-Identifier: Apache-2.0
// sources: dom0/guests/infopage.c dom0/net/plan.c unikernel-runtime/src/virtq/virtq_driver.c
// cflags: -Idom0 -Iunikernel-runtime/src
// What dom0 writes into a guest's window: nothing overlaps, everything is where the page says.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/infopage.h"
#include "virtq/virtq.h"

/* The machine's memory: pages of the window from this one on have none. */
static size_t no_memory_from;

bool mf_touch(const void *p, size_t bytes);

static uint8_t *window;

bool mf_touch(const void *p, size_t bytes)
{
    return (size_t)((const uint8_t *)p - window) + bytes <= no_memory_from;
}

static const struct plan plan = {.net = 0x0a4d0000u, .mask = 0xffff0000u, .net6 = {0xfd, 0x77}};

static int set_up(void **state)
{
    (void)state;
    window = calloc(1, HV_WINDOW_BYTES);
    return window == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(window);
    return 0;
}

static const struct mf_info *fill(const struct info_strings *s, bool network, uint32_t guest)
{
    const char name[64] = "web";
    const struct info_guest g = {
        .guest = guest,
        .console_port = 1,
        .net_port = network ? 2 : MF_NO_PORT,
        .seed = {1, 2, 3, 4},
        .name = name,
        .has_network = network,
    };
    struct infopage *proto = malloc(sizeof(*proto));
    assert_true(infopage_make(proto, &plan, s, network));
    infopage_fill(proto, window, &plan, &g);
    infopage_free(proto);
    free(proto);
    return (const struct mf_info *)(void *)(window + HV_INFO_PAGE);
}

/* Marks [at, at + bytes) and fails when some of it was marked already. */
static void claim(uint8_t *map, uint32_t at, uint32_t bytes)
{
    assert_true(at >= HV_INFO_PAGE && bytes <= HV_WINDOW_BYTES - at);
    for (uint32_t i = 0; i < bytes; i++) {
        assert_int_equal(map[at + i], 0);
        map[at + i] = 1;
    }
}

static void check_places(bool network)
{
    static char text[60000];
    static const uint32_t sizes[] = {0, 1, 575, 576, 577, 4096, 60000};
    memset(text, 'x', sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct info_strings s = {
            .args = text, .arg_count = sizes[i] != 0, .args_bytes = sizes[i]};
        uint8_t *map = calloc(1, HV_WINDOW_BYTES);
        memset(window, 0, HV_WINDOW_BYTES);
        const struct mf_info *info = fill(&s, network, 3);
        claim(map, HV_INFO_PAGE, sizeof(*info));
        claim(map, info->args, info->args_bytes);
        claim(map, info->console.out.offset, info->console.out.bytes);
        claim(map, info->console.in.offset, info->console.in.bytes);
        const struct mf_virtq *queues[] = {&info->net.rx, &info->net.tx};
        for (int k = 0; network && k < 2; k++) {
            claim(map, queues[k]->desc, 16u * queues[k]->size);
            claim(map, queues[k]->avail, 6u + 2u * queues[k]->size);
            claim(map, queues[k]->used, 6u + 8u * queues[k]->size);
        }
        claim(map, info->area, MF_AREA_BYTES);
        if (network) {
            claim(map, info->net.buffers, info->net.buffers_bytes);
            assert_int_equal(info->net.buffers + info->net.buffers_bytes, info->area);
        }
        const uint32_t end = (HV_WINDOW0_SKIP + infopage_pages(network)) * HV_PAGE_BYTES;
        assert_int_equal(info->area + MF_AREA_BYTES, end);
        free(map);
    }
}

static void nothing_overlaps(void **state)
{
    (void)state;
    check_places(true);
    check_places(false);
}

static void strings_arrive(void **state)
{
    (void)state;
    char many[3000];
    uint32_t bytes = 0;
    for (int i = 0; i < 200; i++) {
        bytes += (uint32_t)snprintf(many + bytes, 15, "argument %d", i) + 1;
    }
    const struct info_strings rows[] = {
        {.args = "a\0b",
         .arg_count = 2,
         .args_bytes = 4,
         .env = "X=1",
         .env_count = 1,
         .env_bytes = 4},
        {.args = many,
         .arg_count = 200,
         .args_bytes = bytes,
         .env = "X=1",
         .env_count = 1,
         .env_bytes = 4},
    };
    for (size_t i = 0; i < 2; i++) {
        memset(window, 0, HV_WINDOW_BYTES);
        const struct mf_info *info = fill(&rows[i], false, 3);
        assert_int_equal(info->argc, rows[i].arg_count);
        assert_memory_equal(window + info->args, rows[i].args, rows[i].args_bytes);
        assert_int_equal(info->envc, 1);
        assert_memory_equal(window + info->env, "X=1", 4);
        assert_int_equal(info->net.port, MF_NO_PORT);
    }
}

static void addresses_follow_from_the_number(void **state)
{
    (void)state;
    const struct info_strings none = {0};
    const struct mf_info *info = fill(&none, true, 0x102);
    assert_memory_equal(info->net.ip4, "\x0a\x4d\x01\x04", 4);
    assert_memory_equal(info->net.ip4_gateway, "\x0a\x4d\x00\x01", 4);
    assert_memory_equal(info->net.mac, "\x02\x4d\x46\x00\x01\x02", 6);
    assert_int_equal(info->net.ip6[0], 0xfd);
    assert_int_equal(info->net.ip6[15], 4);
    assert_int_equal(info->net.ip4_prefix, 16);
    assert_string_equal(info->name, "web");
    assert_int_equal(info->console.port, 1);
    assert_int_equal(info->net.port, 2);
}

static void too_long_strings_are_refused(void **state)
{
    (void)state;
    char *text = calloc(1, 70000);
    const struct info_strings s = {.args = text, .arg_count = 1, .args_bytes = 70000};
    struct infopage *proto = malloc(sizeof(*proto));
    assert_false(infopage_make(proto, &plan, &s, true));
    free(proto);
    free(text);
}

static void pages_without_memory_are_found(void **state)
{
    (void)state;
    char *text = calloc(1, 20000);
    const struct info_strings few = {0}, many = {.args = text, .arg_count = 1, .args_bytes = 20000};
    struct infopage *proto = malloc(sizeof(*proto));
    assert_true(infopage_make(proto, &plan, &few, true));
    no_memory_from = HV_INFO_PAGE;
    assert_false(infopage_touch(proto, window, false));
    no_memory_from = HV_INFO_PAGE + HV_PAGE_BYTES;
    assert_true(infopage_touch(proto, window, false));
    assert_false(infopage_touch(proto, window, true));
    no_memory_from = INFO_REST;
    assert_true(infopage_touch(proto, window, true));
    infopage_free(proto);
    assert_true(infopage_make(proto, &plan, &many, true));
    assert_false(infopage_touch(proto, window, true));
    no_memory_from = HV_WINDOW_BYTES;
    assert_true(infopage_touch(proto, window, true));
    infopage_free(proto);
    free(proto);
    free(text);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(nothing_overlaps),
        T(strings_arrive),
        T(addresses_follow_from_the_number),
        T(too_long_strings_are_refused),
        T(pages_without_memory_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

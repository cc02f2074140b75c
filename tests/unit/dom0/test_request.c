// SPDX-License-Identifier: Apache-2.0
// sources: dom0/families/request.c
// cflags: -Idom0 -Iunikernel-runtime/src
// Requests of a guest that are answered later: which one is meant, also after a rollback.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "families/request.h"
#include "guests/create.h"
#include "guests/slot.h"

#define LATER 40

static struct guest guest;
static uint64_t window[(HV_INFO_PAGE + HV_PAGE_BYTES) / sizeof(uint64_t)];
static uint32_t asked, serial;

struct guest *guest_at(uint32_t slot)
{
    assert_int_equal(slot, 0);
    return &guest;
}

void *guest_window(uint32_t slot)
{
    assert_int_equal(slot, 0);
    return window;
}

bool create_has_memory(void)
{
    return true;
}

static int64_t later(struct guest *g, const struct request *r, uint64_t *value)
{
    (void)r;
    (void)value;
    asked = g->request_number;
    serial = g->request_serial;
    return REQUEST_LATER;
}

static void ask(uint32_t number)
{
    struct mf_request *const page = &infopage_in(window)->request;

    page->op = LATER;
    page->asked = number;
    request_event(&guest);
    assert_int_equal(asked, number);
}

static int set_up(void **state)
{
    (void)state;
    memset(&guest, 0, sizeof(guest));
    memset(window, 0, sizeof(window));
    request_register(LATER, later, false);
    return 0;
}

static void one_is_open_until_it_is_answered(void **state)
{
    (void)state;
    assert_false(request_is_open(&guest, guest.request_serial));
    ask(1);
    assert_true(request_is_open(&guest, serial));
    const uint32_t first = serial;
    request_event(&guest);
    assert_true(request_is_open(&guest, first) && serial == first);
    guest.request_is_open = false;
    assert_false(request_is_open(&guest, first));
    ask(2);
    assert_false(request_is_open(&guest, first));
    assert_true(request_is_open(&guest, serial));
}

static void a_rollback_ends_it_for_good(void **state)
{
    (void)state;
    ask(1);
    const uint32_t first = serial;
    request_reset(&guest);
    memset(window, 0, sizeof(window));
    assert_false(request_is_open(&guest, first));
    ask(1);
    assert_false(request_is_open(&guest, first));
    assert_true(request_is_open(&guest, serial));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_is_open_until_it_is_answered, set_up),
        cmocka_unit_test_setup(a_rollback_ends_it_for_good, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/handle.c hv/core/frame_list.c hv/core/event.c hv/core/domain.c hv/core/aspace.c hv/core/frame.c
// sources: tests/unit/hv/fake/fake.c tests/unit/hv/fake/fake_domain.c
// sources: tests/unit/hv/fake/fake_sched.c
// cflags: -Itests/unit/hv/fake
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/* Handle tables of real domains; allocations fail one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake/fake_domain.h"

static struct domain *owner, *object;

static uint64_t object_of(struct domain *d)
{
    return (uint64_t)(uintptr_t)d;
}

static int start(void **state)
{
    (void)state;
    fake_start(FAKE_RAM_PAGES);
    owner = fake_domain();
    object = fake_domain();
    return owner != NULL && object != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    fake_domain_end(owner);
    fake_domain_end(object);
    return fake_live() == 0 && fake_stop() ? 0 : -1;
}

static uint32_t add(enum handle_kind kind, uint64_t what, uint32_t rights)
{
    uint32_t h = 0;

    if (kind == HANDLE_DOMAIN) {
        domain_get(object);
    }
    assert_int_equal(handle_add(owner, kind, what, rights, &h), HV_OK);
    assert_int_not_equal(h, 0);
    return h;
}

static void handle_gives_back_what_was_put_in(void **state)
{
    (void)state;
    uint64_t found = 0;
    const uint32_t h = add(HANDLE_DOMAIN, object_of(object), HV_RIGHT_ALL);
    const uint32_t pci = add(HANDLE_PCI, 0x123456789abul, HV_RIGHT_DEVICE);
    uint32_t rights = 0;
    enum handle_kind kind = HANDLE_FREE;

    assert_int_equal(handle_find(owner, h, HANDLE_DOMAIN, HV_RIGHT_ALL, &found), HV_OK);
    assert_int_equal(found, object_of(object));
    assert_int_equal(handle_find(owner, pci, HANDLE_PCI, HV_RIGHT_DEVICE, &found), HV_OK);
    assert_int_equal(found, 0x123456789abul);
    assert_int_equal(handle_read(owner, pci, &kind, &found, &rights), HV_OK);
    assert_int_equal(kind, HANDLE_PCI);
    assert_int_equal(rights, HV_RIGHT_DEVICE);
}

static void right_that_is_missing_is_refused(void **state)
{
    (void)state;
    for (uint32_t has = 0; has <= HV_RIGHT_ALL; has += 0x15) {
        const uint32_t h = add(HANDLE_DOMAIN, object_of(object), has);
        for (uint32_t bit = 1; bit <= HV_RIGHT_ALL; bit <<= 1) {
            uint64_t found = 7;
            assert_int_equal(handle_find(owner, h, HANDLE_DOMAIN, bit, &found),
                             has & bit ? HV_OK : HV_ERR_PERM);
            assert_int_equal(found, has & bit ? object_of(object) : 7);
        }
        for (uint32_t bits = 0; bits <= HV_RIGHT_ALL; bits++) { /* all of them or none */
            uint64_t found;
            assert_int_equal(handle_find(owner, h, HANDLE_DOMAIN, bits, &found),
                             (has & bits) == bits ? HV_OK : HV_ERR_PERM);
        }
    }
}

static void wrong_number_or_kind_is_no_handle(void **state)
{
    (void)state;
    const uint32_t h = add(HANDLE_DOMAIN, object_of(object), HV_RIGHT_ALL);
    const uint32_t wrong[] = {0,           h + 1,     HANDLES_INLINE, HANDLES_INLINE + 1,
                              HANDLES_MAX, UINT32_MAX};
    uint64_t found = 7;

    assert_int_equal(handle_find(owner, h, HANDLE_PCI, 0, &found), HV_ERR_HANDLE);
    for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_int_equal(handle_find(owner, wrong[i], HANDLE_DOMAIN, 0, &found), HV_ERR_HANDLE);
        assert_int_equal(handle_find(owner, wrong[i], HANDLE_FREE, 0, &found), HV_ERR_HANDLE);
        assert_int_equal(handle_remove(owner, wrong[i]), HV_ERR_HANDLE);
    }
    assert_int_equal(found, 7);
}

static void closed_handle_is_gone_and_its_number_used_again(void **state)
{
    (void)state;
    uint64_t found;
    const uint32_t refs = object->refs;
    const uint32_t first = add(HANDLE_DOMAIN, object_of(object), HV_RIGHT_ALL);
    const uint32_t second = add(HANDLE_DOMAIN, object_of(object), HV_RIGHT_INFO);

    assert_int_equal(object->refs, refs + 2);
    assert_int_equal(handle_remove(owner, first), HV_OK);
    assert_int_equal(handle_remove(owner, first), HV_ERR_HANDLE);
    assert_int_equal(handle_find(owner, first, HANDLE_DOMAIN, 0, &found), HV_ERR_HANDLE);
    assert_int_equal(handle_find(owner, second, HANDLE_DOMAIN, HV_RIGHT_INFO, &found), HV_OK);
    assert_int_equal(object->refs, refs + 1);
    assert_int_equal(add(HANDLE_PCI, 3, HV_RIGHT_DEVICE), first);
    assert_int_equal(add(HANDLE_PCI, 4, HV_RIGHT_DEVICE), second + 1);
}

static void object_lives_as_long_as_a_handle_names_it(void **state)
{
    (void)state;
    const uint64_t before = fake_live();
    struct domain *d = fake_domain();
    uint32_t h;

    assert_int_equal(fake_live(), before + 4); /* its frame and three tables */
    domain_get(d);
    assert_int_equal(handle_add(owner, HANDLE_DOMAIN, object_of(d), HV_RIGHT_ALL, &h), HV_OK);
    fake_domain_end(d);
    assert_int_equal(fake_live(), before + 1);
    assert_int_equal(d->state, DOMAIN_DESTROYED);
    assert_int_equal(handle_remove(owner, h), HV_OK);
    assert_int_equal(fake_live(), before);
}

static void table_grows_to_its_limit_and_not_beyond(void **state)
{
    (void)state;
    const uint64_t before = fake_live();
    uint32_t h = 0;
    uint64_t found;

    for (uint32_t n = 1; n < HANDLES_MAX; n++) {
        assert_int_equal(handle_add(owner, HANDLE_PCI, n, HV_RIGHT_DEVICE, &h), HV_OK);
        if (h != n) {
            fail_msg("handle %u instead of %u", h, n);
        }
    }
    assert_int_equal(fake_live(), before + 513);
    assert_int_equal(handle_add(owner, HANDLE_PCI, 1, 0, &h), HV_ERR_LIMIT);
    for (uint32_t n = 1; n < HANDLES_MAX; n += 97) {
        assert_int_equal(handle_find(owner, n, HANDLE_PCI, 0, &found), HV_OK);
        assert_int_equal(found, n);
    }
    assert_int_equal(handle_remove(owner, 77777), HV_OK);
    assert_int_equal(add(HANDLE_PCI, 5, 0), 77777);
    handle_remove_all(owner);
    assert_int_equal(fake_live(), before);
    assert_int_equal(handle_find(owner, 1, HANDLE_PCI, 0, &found), HV_ERR_HANDLE);
    assert_int_equal(add(HANDLE_PCI, 5, 0), 1);
}

static void failed_growth_changes_nothing(void **state)
{
    (void)state;
    uint64_t n = 1;

    for (bool has_failed = true; has_failed; n++) {
        uint32_t h = 0;
        uint64_t found;
        fake_fail_alloc(n);
        for (uint32_t i = 1; i < HANDLES_INLINE + 2 * HANDLES_PER_PAGE + 2; i++) {
            const bool had_failed = fake_has_failed();
            enum hv_err err = handle_add(owner, HANDLE_PCI, i, 0, &h);
            if (fake_has_failed() && !had_failed) {
                assert_int_equal(err, HV_ERR_NOMEM);
                assert_int_equal(h, i - 1); /* untouched */
                assert_int_equal(handle_find(owner, i, HANDLE_PCI, 0, &found), HV_ERR_HANDLE);
                err = handle_add(owner, HANDLE_PCI, i, 0, &h);
            }
            assert_int_equal(err, HV_OK);
            assert_int_equal(h, i);
        }
        has_failed = fake_has_failed();
        fake_fail_alloc(0);
        handle_remove_all(owner);
    }
    assert_int_equal(n, 6); /* four allocations failed: list, three pages; then none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(handle_gives_back_what_was_put_in, start, stop),
        cmocka_unit_test_setup_teardown(right_that_is_missing_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(wrong_number_or_kind_is_no_handle, start, stop),
        cmocka_unit_test_setup_teardown(closed_handle_is_gone_and_its_number_used_again, start,
                                        stop),
        cmocka_unit_test_setup_teardown(object_lives_as_long_as_a_handle_names_it, start, stop),
        cmocka_unit_test_setup_teardown(table_grows_to_its_limit_and_not_beyond, start, stop),
        cmocka_unit_test_setup_teardown(failed_growth_changes_nothing, start, stop),
    };
    return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}

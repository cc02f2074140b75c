// SPDX-License-Identifier: Apache-2.0
// sources: hv/core/aspace.c hv/core/frame.c tests/unit/hv/fake/fake.c tests/unit/hv/mmu.c
// sources: tests/unit/hv/audit.c
// cflags: -Itests/unit/hv/fake
// libs: -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free
/*
 * What another CPU may do between an operation's look at a shared table and its end, made to happen
 * at exactly that moment: it runs from inside the operation's n-th allocation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "audit.h"
#include "mmu.h"

#define GIB 0x40000000ul
#define RW (HV_PROT_READ | HV_PROT_WRITE)
#define HEAP 0x40000000ul
#define WIN HV_WINDOW_HIGH_VA
#define PAGES 6u

static struct aspace a, b;
static struct mmu mmu;
static bool has_happened;

/* Two spaces that share everything: two pages below each of three directories. */
static void share_start(void)
{
    fake_start(FAKE_RAM_PAGES);
    has_happened = false;
    assert_int_equal(aspace_create(&a, UINT64_MAX), HV_OK);
    mmu_load(&mmu, &a);
    for (uint64_t i = 0; i < PAGES; i++) {
        const gva_t va = {HEAP + i / 2 * GIB + i % 2 * PAGE_SIZE};
        assert_int_equal(aspace_map_zero(&a, va, 1, RW), HV_OK);
        assert_int_equal(mmu_write(&mmu, va.v, i + 1), HV_OK);
    }
    assert_int_equal(aspace_clone(&a, &b, UINT64_MAX), HV_OK);
    mmu_load(&mmu, &b);
}

static void share_stop(void)
{
    mmu_load(&mmu, NULL);
    assert_true(aspace_destroy_slice(&a, INT64_MAX));
    assert_true(aspace_destroy_slice(&b, INT64_MAX));
    assert_int_equal(fake_live(), 0);
    assert_true(fake_stop());
}

static void audit_both(void)
{
    audit_begin();
    audit_space(&b);
    if (a.root.v != 0) {
        audit_space(&a);
    }
    audit_end();
}

static void a_is_destroyed(void *context)
{
    (void)context;
    has_happened = true;
    fake_cpu = 1;
    assert_true(aspace_destroy_slice(&a, INT64_MAX));
    fake_cpu = 0;
}

/* As if `a` ran: it resolves a write fault at the address. */
static void a_writes(void *context)
{
    paddr_t pa;

    has_happened = true;
    fake_cpu = 1;
    assert_int_equal(aspace_page(&a, (gva_t){*(uint64_t *)context}, true, &pa), HV_OK);
    *(uint64_t *)phys_to_virt(pa) = 77;
    fake_cpu = 0;
}

static void a_unmaps(void *context)
{
    (void)context;
    gva_t next;
    has_happened = true;
    fake_cpu = 1;
    assert_int_equal(aspace_unmap_step(&a, (gva_t){HEAP}, (gva_t){HEAP + PAGE_SIZE}, &next), HV_OK);
    assert_int_equal(aspace_unmap_step(&a, (gva_t){HEAP}, (gva_t){HEAP + HV_WINDOW_BYTES}, &next),
                     HV_OK);
    fake_cpu = 0;
}

/* `b` writes to a page while, at its n-th allocation, the other CPU does `hook`. */
static void race(void (*hook)(void *context), uint64_t context)
{
    for (uint64_t n = 1;; n++) {
        uint64_t value;
        share_start();
        fake_at_alloc(n, hook, &context);
        assert_int_equal(mmu_write(&mmu, HEAP, 100), HV_OK);
        fake_at_alloc(0, NULL, NULL);
        audit_both();
        for (uint64_t i = 0; i < PAGES; i++) {
            const uint64_t va = HEAP + i / 2 * GIB + i % 2 * PAGE_SIZE;
            assert_int_equal(mmu_read(&mmu, va, &value), HV_OK);
            assert_int_equal(value, i == 0 ? 100 : i + 1);
            assert_int_equal(mmu_write(&mmu, va, 200 + i), HV_OK);
        }
        audit_both();
        const bool was_reached = has_happened;
        share_stop();
        if (!was_reached) {
            assert_int_equal(n, 4); /* directory, table and page are copied */
            return;
        }
    }
}

static void sharer_may_be_destroyed_while_its_table_is_copied(void **state)
{
    (void)state;
    race(a_is_destroyed, 0);
}

static void sharer_may_copy_the_same_table_meanwhile(void **state)
{
    (void)state;
    race(a_writes, HEAP);
    race(a_writes, HEAP + PAGE_SIZE);
    race(a_writes, HEAP + GIB);
}

static void sharer_may_unmap_what_is_copied(void **state)
{
    (void)state;
    race(a_unmaps, 0);
}

static void both_ends_may_populate_a_window_page_at_once(void **state)
{
    (void)state;
    uint64_t va = WIN + 5 * PAGE_SIZE, value;
    share_start();
    const paddr_t window = aspace_window_new(0, 512);
    assert_int_equal(aspace_window_attach(&a, (gva_t){WIN}, window), HV_OK);
    assert_int_equal(aspace_window_attach(&b, (gva_t){WIN}, window), HV_OK);
    aspace_window_put(window);
    fake_at_alloc(1, a_writes, &va);
    assert_int_equal(mmu_read(&mmu, va, &value), HV_OK); /* finds the other's page */
    assert_int_equal(value, 77);
    assert_true(has_happened);
    va += PAGE_SIZE;
    paddr_t pa;
    fake_at_alloc(1, a_writes, &va);
    assert_int_equal(aspace_page(&b, (gva_t){va}, true, &pa), HV_OK);
    assert_int_equal(*(uint64_t *)phys_to_virt(pa), 77);
    audit_both();
    share_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharer_may_be_destroyed_while_its_table_is_copied),
        cmocka_unit_test(sharer_may_copy_the_same_table_meanwhile),
        cmocka_unit_test(sharer_may_unmap_what_is_copied),
        cmocka_unit_test(both_ends_may_populate_a_window_page_at_once),
    };
    return cmocka_run_group_tests_name("aspace race", tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
// cpus: 1
// What saving and copying are made of: lists of pages, whole or as a difference, and a vCPU's
// state.
#include "hvtest.h"

#define AREA HV_HEAP_BASE
#define BIG (HV_HEAP_BASE + 0x40000000ull)
#define RW (HV_PROT_READ | HV_PROT_WRITE)

static struct hv_extent extents[256];

/* All extents of [from, to), in one list. */
static uint32_t list(uint32_t dom, uint32_t base, uint64_t from, uint64_t to)
{
    uint32_t n = 0;
    uint64_t va = from;

    while (va < to && n < ARRAY_COUNT(extents) - 64) {
        const int64_t r = hv_dom_pages(dom, base, &va, &extents[n], 64);
        if (r < 0) {
            say("# hv_dom_pages: %ld", r);
            return 0;
        }
        n += (uint32_t)r;
    }
    uint32_t within = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (extents[i].va >= from && extents[i].va < to) {
            extents[within++] = extents[i];
        }
    }
    return within;
}

static bool is(uint32_t i, uint64_t va, uint64_t pages, uint32_t kind)
{
    const struct hv_extent *e = &extents[i];
    const bool good = e->va == va && e->pages == pages && e->kind == kind;

    if (!good) {
        say("# extent %u: %lx, %lu pages, kind %u, prot %u", i, e->va, e->pages, e->kind, e->prot);
    }
    return good;
}

static uint32_t freeze(void)
{
    const struct hv_dom_params frozen = {.flags = HV_DOM_FROZEN};
    const int64_t h = hv_dom_clone(HV_SELF, &frozen);

    if (h <= 0) {
        give_up("no snapshot");
    }
    return (uint32_t)h;
}

static void pages_are_listed(void)
{
    volatile uint8_t *area = (volatile uint8_t *)(uintptr_t)AREA;

    hv_mem_map(AREA, 8, RW);
    hv_mem_map(BIG, 1024, RW);
    area[1 * HV_PAGE_BYTES] = 1;
    area[2 * HV_PAGE_BYTES] = 2;
    (void)area[4 * HV_PAGE_BYTES]; /* read only: still zero */
    const uint32_t one = freeze();

    CHECK_EQUAL(list(one, HV_SELF, AREA, AREA + 0x200000), 3, "eight pages are three runs");
    CHECK(is(0, AREA, 1, HV_EXTENT_ZERO) && is(1, AREA + 0x1000, 2, HV_EXTENT_DATA) &&
              is(2, AREA + 0x3000, 5, HV_EXTENT_ZERO),
          "zero, data, zero");
    CHECK_EQUAL(list(one, HV_SELF, BIG, BIG + 0x40000000), 1, "4 MiB untouched are one run");
    CHECK(is(0, BIG, 1024, HV_EXTENT_ZERO), "of zero pages");

    area[2 * HV_PAGE_BYTES] = 3;
    area[6 * HV_PAGE_BYTES] = 4;
    hv_mem_unmap(AREA + 0x1000, 1);
    const uint32_t two = freeze();
    CHECK_EQUAL(list(two, one, AREA, AREA + 0x200000), 3, "the difference is three runs");
    CHECK(is(0, AREA + 0x1000, 1, HV_EXTENT_NONE) && is(1, AREA + 0x2000, 1, HV_EXTENT_DATA) &&
              is(2, AREA + 0x6000, 1, HV_EXTENT_DATA),
          "one page gone, one changed, one new");
    CHECK_EQUAL(list(two, one, BIG, BIG + 0x40000000), 0, "what is equal is not listed");
    CHECK_EQUAL(list(one, one, AREA, AREA + 1), 0, "a difference to itself is refused");

    const uint32_t same = freeze();
    const uint32_t again = freeze();
    CHECK_EQUAL(list(again, same, AREA, HV_WINDOW_HIGH_VA), 0,
                "two snapshots at once do not differ there");
    hv_dom_destroy(one);
    hv_dom_destroy(two);
    hv_dom_destroy(same);
    hv_dom_destroy(again);
}

static volatile uint64_t answer;

static void say_answer(void *arg)
{
    (void)arg;
    hv_exit((int32_t)answer);
}

static void state_moves_a_vcpu(void)
{
    static struct hv_vcpu_state state;
    struct hv_report r;

    answer = 42;
    const struct child a = child_create(say_answer, NULL, NULL);
    answer = 43;
    const struct child b = child_create(say_answer, NULL, NULL);

    CHECK_EQUAL(hv_dom_get_state((uint32_t)a.handle, 0, &state), HV_OK,
                "a paused vCPU's state is read");
    CHECK_EQUAL(state.fpu_bytes, HV_FPU_BYTES, "with its FPU");
    CHECK_EQUAL(hv_dom_get_state((uint32_t)a.handle, 1, &state), HV_ERR_INVAL,
                "there is no vCPU 1");
    state.fpu[512] = 0xff; /* state components that do not exist */
    state.fpu[27] = 0xff;  /* reserved bits of MXCSR */
    CHECK_EQUAL(hv_dom_set_state((uint32_t)b.handle, 0, &state), HV_OK,
                "it is set in another domain");
    hv_dom_start((uint32_t)b.handle);
    child_wait(b, &r);
    CHECK(r.reason == HV_END_EXIT && r.code == 43, "which goes on with its own memory: %d", r.code);
    state.regs.rip = HV_GUEST_END;
    CHECK_EQUAL(hv_dom_set_state((uint32_t)a.handle, 0, &state), HV_ERR_INVAL,
                "a rip in hv is refused");
    hv_dom_destroy((uint32_t)a.handle);
}

static void another_domain_loses_pages(void)
{
    const struct hv_dom_params params = {0};
    const uint32_t frozen = freeze();
    const uint32_t copy = (uint32_t)hv_dom_clone(frozen, &params);
    uint8_t byte;

    CHECK_EQUAL(hv_dom_unmap(frozen, BIG, 1), HV_ERR_STATE, "a template keeps its pages");
    CHECK_EQUAL(hv_dom_unmap(copy, BIG, HV_MAP_MAX_PAGES), HV_ERR_RANGE, "not beyond the end");
    CHECK_EQUAL(hv_dom_unmap(copy, AREA + 0x2000, 1), HV_OK, "a page is removed from a copy");
    CHECK_EQUAL(hv_dom_unmap(copy, BIG, 0x1000000), HV_OK, "and 64 GiB, mostly holes");
    CHECK_EQUAL(hv_dom_read(copy, AREA + 0x2000, &byte, 1), HV_ERR_NOENT, "the page has gone");
    CHECK_EQUAL(hv_dom_read(copy, BIG + 0x3ff000, &byte, 1), HV_ERR_NOENT, "and the last one");
    CHECK_EQUAL(hv_dom_read(frozen, AREA + 0x2000, &byte, 1), HV_OK, "the template has it");
    CHECK_EQUAL(list(copy, frozen, AREA, HV_WINDOW_HIGH_VA), 2, "two runs differ");
    CHECK_EQUAL(hv_dom_map(copy, AREA + 0x2000, 1, HV_PROT_READ), HV_OK, "it is mapped anew");
    hv_dom_destroy(copy);
    hv_dom_destroy(frozen);
}

void test_main(void)
{
    pages_are_listed();
    another_domain_loses_pages();
    state_moves_a_vcpu();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* mmu.c - see mmu.h. One MMU per host thread. */
#include "mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t *table_at(uint64_t pa)
{
    return phys_to_virt((paddr_t){pa});
}

static struct mmu_slot *slot_of(struct mmu_slot *slots, uint64_t tag)
{
    return &slots[(tag ^ tag >> 9 ^ tag >> 18) % MMU_SLOTS];
}

void mmu_flush(struct mmu *mmu)
{
    mmu->epoch++;
    mmu->table_epoch++;
}

/* INVLPG: the page's translation, and all pointers to tables (SDM 4.10.4.1). */
static void flush_page(void *context, uint64_t va)
{
    struct mmu *mmu = context;
    struct mmu_slot *slot = slot_of(mmu->page, va >> PAGE_SHIFT);

    if (slot->tag == va >> PAGE_SHIFT) {
        slot->epoch = 0;
    }
    mmu->table_epoch++;
}

bool mmu_is_mapped(const struct aspace *as, gva_t va, gva_t end)
{
    while (va.v < end.v) {
        uint64_t span = 1ul << 30;
        uint64_t e = table_at(as->root.v)[va.v >> 30 & 511];
        for (int shift = 21; (e & PTE_P) && shift >= PAGE_SHIFT; shift -= 9) {
            e = __atomic_load_n(&table_at(e & PTE_ADDRESS)[va.v >> shift & 511], __ATOMIC_ACQUIRE);
            span = 1ul << shift;
        }
        if (e == 0) {
            return false;
        }
        va.v = (va.v & ~(span - 1)) + span;
    }
    return true;
}

void mmu_load(struct mmu *mmu, struct aspace *as)
{
    mmu->as = as;
    mmu_flush(mmu);
    fake_on_flush(flush_page, mmu);
}

/* Starts at the lowest table that is cached for `va`. Returns the level of that table. */
static int walk_start(struct mmu *mmu, uint64_t va, struct mmu_slot *at)
{
    for (int level = 1; level <= 2; level++) {
        const uint64_t tag = va >> (PAGE_SHIFT + 9 * level);
        const struct mmu_slot *slot = slot_of(mmu->table[2 - level], tag);
        if (slot->epoch == mmu->table_epoch && slot->tag == tag) {
            *at = *slot;
            return level;
        }
    }
    *at = (struct mmu_slot){.to = mmu->as->root.v, .may_write = true, .may_exec = true};
    return 3;
}

static void check_present(uint64_t e, int level)
{
    assert_true((e & PTE_PS) == 0);
    assert_true((e & (0x7fful << 52) & ~(PTE_SW_DYING | (level == 2 ? PTE_SW_LACKS : 0))) == 0);
    assert_true((e & PTE_SW_DYING) == 0);
    if (level > 1) {
        assert_true(fake_is_live((paddr_t){e & PTE_ADDRESS}));
    }
}

/* Fills the slot for the page at `va` by walking; false: not present. */
static bool walk(struct mmu *mmu, uint64_t va, bool is_write, struct mmu_slot *page)
{
    struct mmu_slot at;

    for (int level = walk_start(mmu, va, &at); level >= 1; level--) {
        uint64_t *entry = &table_at(at.to)[va >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        const uint64_t e = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

        if (!(e & PTE_P) || !(e & PTE_U)) {
            return false;
        }
        check_present(e, level);
        at.to = e & PTE_ADDRESS;
        at.may_write = at.may_write && (e & PTE_W);
        at.may_exec = at.may_exec && !(e & PTE_NX);
        at.tag = va >> (PAGE_SHIFT + 9 * (level - 1));
        const bool is_dirty = level == 1 && is_write && at.may_write;
        __atomic_fetch_or(entry, PTE_A | (is_dirty ? PTE_D : 0), __ATOMIC_RELAXED);
        if (level > 1) {
            at.epoch = mmu->table_epoch;
            *slot_of(mmu->table[3 - level], at.tag) = at;
        }
    }
    at.epoch = mmu->epoch;
    *page = at;
    return true;
}

/* True when the access is done; else it faults, and the processor drops what it used (4.10.4.1). */
static bool translate(struct mmu *mmu, uint64_t va, uint32_t access, uint64_t *pa)
{
    struct mmu_slot *slot = slot_of(mmu->page, va >> PAGE_SHIFT);
    const bool is_hit = slot->epoch == mmu->epoch && slot->tag == va >> PAGE_SHIFT;

    if ((is_hit || walk(mmu, va, access & HV_PROT_WRITE, slot)) &&
        (slot->may_write || !(access & HV_PROT_WRITE)) &&
        (slot->may_exec || !(access & HV_PROT_EXEC))) {
        *pa = slot->to | (va & (PAGE_SIZE - 1));
        return true;
    }
    flush_page(mmu, va);
    return false;
}

void mmu_speculate(struct mmu *mmu, uint64_t va)
{
    struct mmu_slot slot;

    if (walk(mmu, va, false, &slot)) {
        *slot_of(mmu->page, slot.tag) = slot;
    }
}

enum hv_err mmu_touch(struct mmu *mmu, uint64_t va, uint32_t access, uint64_t *pa)
{
    if (translate(mmu, va, access, pa)) {
        return HV_OK;
    }
    const enum hv_err err = aspace_resolve(mmu->as, (gva_t){va}, access);
    if (!err && !translate(mmu, va, access, pa)) {
        fail_msg("fault at %#lx, access %u, was resolved and comes again", va, access);
    }
    return err;
}

enum hv_err mmu_read(struct mmu *mmu, uint64_t va, uint64_t *value)
{
    uint64_t pa;
    const enum hv_err err = mmu_touch(mmu, va, 0, &pa);

    if (!err) {
        *value = *table_at(pa);
    }
    return err;
}

enum hv_err mmu_write(struct mmu *mmu, uint64_t va, uint64_t value)
{
    uint64_t pa;
    const enum hv_err err = mmu_touch(mmu, va, HV_PROT_WRITE, &pa);

    if (!err) {
        assert_true((pa & PTE_ADDRESS) != fake_pages.zero.v);
        *table_at(pa) = value;
    }
    return err;
}

struct peek mmu_peek(const struct aspace *as, uint64_t va)
{
    struct peek p = {0};
    uint64_t at = as->root.v;

    for (int level = 3; level >= 1; level--) {
        const uint64_t e = table_at(at)[va >> (PAGE_SHIFT + 9 * (level - 1)) & 511];

        if (!(e & PTE_P) || level == 1) {
            p.is_mapped = e != 0;
            p.prot = e == 0 ? 0
                            : HV_PROT_READ | (e & PTE_SW_WRITE ? HV_PROT_WRITE : 0) |
                                  (e & PTE_NX ? 0 : HV_PROT_EXEC);
            p.pa = e & PTE_P ? e & PTE_ADDRESS : 0;
            p.is_absent = !(e & PTE_P) && (e & PTE_SW_ABSENT);
            p.is_device = (e & PTE_SW_PHYS) && p.pa >= sizeof(fake_ram);
            return p;
        }
        p.is_window |= (e & PTE_SW_WINDOW) != 0;
        at = e & PTE_ADDRESS;
    }
    return p;
}

uint64_t mmu_peek_word(const struct aspace *as, uint64_t va)
{
    const struct peek p = mmu_peek(as, va);

    return p.pa == 0 || p.is_device ? 0 : *table_at(p.pa | (va & (PAGE_SIZE - 1)));
}

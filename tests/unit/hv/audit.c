/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c - see audit.h. Failures end the test by cmocka. */
#include "audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mmu.h"

#define HIGH_FIRST (HV_WINDOW_HIGH_VA >> 30)

static uint32_t refs[FAKE_RAM_PAGES];
static bool is_seen[FAKE_RAM_PAGES]; /* tables whose entries have been counted */

static void audit_fail(paddr_t table, uint32_t index, uint64_t e, const char *what)
{
    fail_msg("table %#lx entry %u = %#lx: %s", table.v, index, e, what);
}

static void audit_entry(paddr_t table, uint32_t i, uint64_t e, int level)
{
    const struct frame *f = frame_of(table);
    const bool is_shared = e & (PTE_SW_PHYS | PTE_SW_WINDOW);

    if (i < f->low || i >= f->high) {
        audit_fail(table, i, e, "outside of the table's bounds");
    }
    if (!(e & PTE_U) || (e & (PTE_PS | PTE_SW_DYING))) {
        audit_fail(table, i, e, "flags of a present entry");
    }
    if (((e & PTE_SW_PHYS) && level != 1) || ((e & PTE_SW_WINDOW) && level != 2)) {
        audit_fail(table, i, e, "kind of entry at the wrong level");
    }
    if (level == 1 && (e & PTE_W) && !(e & PTE_SW_WRITE)) {
        audit_fail(table, i, e, "writable though the guest must not");
    }
    if (!(e & PTE_SW_PHYS) && !fake_is_live((paddr_t){e & PTE_ADDRESS})) {
        audit_fail(table, i, e, "leads to a free frame");
    }
    if ((e & PTE_W) && !is_shared && frame_of((paddr_t){e & PTE_ADDRESS})->refs > 1) {
        audit_fail(table, i, e, "W=1 above something shared");
    }
    if ((e & PTE_W) && (e & PTE_ADDRESS) == fake_pages.zero.v) {
        audit_fail(table, i, e, "the zero page is writable");
    }
}

static bool has_absent(paddr_t table)
{
    const uint64_t *entries = phys_to_virt(table);

    for (uint32_t i = 0; i < 512; i++) {
        if (!(entries[i] & PTE_P) && (entries[i] & PTE_SW_ABSENT)) {
            return true;
        }
    }
    return false;
}

/* Counts an entry's frame once for each table that holds it. Returns the frames it stands for. */
static uint64_t audit_table(paddr_t table, int level)
{
    const bool is_first = !is_seen[table.v >> PAGE_SHIFT];
    const uint64_t *entries = phys_to_virt(table);
    uint64_t resident = 1;

    is_seen[table.v >> PAGE_SHIFT] = true;
    for (uint32_t i = 0; i < 512; i++) {
        const uint64_t e = entries[i];
        const paddr_t child = {e & PTE_ADDRESS};

        if (!(e & PTE_P)) {
            const bool is_absent = level == 1 && (e & PTE_SW_ABSENT);
            if (e != 0 &&
                (e & ~(PTE_SW_WRITE | PTE_NX | (is_absent ? PTE_SW_ABSENT : 0))) != PTE_U) {
                audit_fail(table, i, e, "neither unmapped, demand-zero nor absent");
            }
            if (is_absent && (i < frame_of(table)->low || i >= frame_of(table)->high)) {
                audit_fail(table, i, e, "absent outside of the table's bounds");
            }
            resident += is_absent ? 1 : 0;
            continue;
        }
        if (is_first) {
            audit_entry(table, i, e, level);
            refs[child.v >> PAGE_SHIFT < FAKE_RAM_PAGES ? child.v >> PAGE_SHIFT : 0] +=
                (e & PTE_SW_PHYS) ? 0 : 1;
        }
        if (level == 2 && !(e & (PTE_SW_LACKS | PTE_SW_WINDOW)) && has_absent(child)) {
            audit_fail(table, i, e, "does not say that pages are lacking");
        }
        if (e & PTE_SW_WINDOW) {
            audit_table(child, 1);
        } else if (!(e & PTE_SW_PHYS)) {
            resident += level > 1 ? audit_table(child, level - 1) : 1;
        }
    }
    return resident;
}

void audit_begin(void)
{
    memset(refs, 0, sizeof(refs));
    memset(is_seen, 0, sizeof(is_seen));
    refs[fake_pages.hypercall.v >> PAGE_SHIFT]++;
    refs[fake_pages.time.v >> PAGE_SHIFT]++;
    refs[fake_pages.zero.v >> PAGE_SHIFT]++;
}

void audit_window(paddr_t window)
{
    refs[window.v >> PAGE_SHIFT]++;
    audit_table(window, 1);
}

void audit_space(const struct aspace *as)
{
    const uint64_t *root = phys_to_virt(as->root);

    refs[as->root.v >> PAGE_SHIFT]++;
    const uint64_t resident = audit_table(as->root, 3);
    if (resident != as->resident) {
        fail_msg("resident is %lu, the tree reaches %lu", as->resident, resident);
    }
    for (uint64_t i = 0; i < 512; i++) {
        const paddr_t directory = {root[i] & PTE_ADDRESS};
        if ((i == 0 || i >= HIGH_FIRST) && (root[i] & PTE_P) && frame_of(directory)->refs != 1) {
            audit_fail(as->root, (uint32_t)i, root[i],
                       "a directory that may hold windows is shared");
        }
    }
}

void audit_end(void)
{
    uint64_t used = 0;

    for (uint64_t n = 1; n < FAKE_RAM_PAGES; n++) {
        const paddr_t pa = {n << PAGE_SHIFT};
        used += refs[n] != 0 ? 1 : 0;
        if (fake_is_live(pa) && refs[n] == 0) {
            fail_msg("frame %#lx has leaked with %u references", pa.v, frame_of(pa)->refs);
        }
        if (refs[n] != 0 && frame_of(pa)->refs != refs[n]) {
            fail_msg("frame %#lx has %u references and is reached by %u entries", pa.v,
                     frame_of(pa)->refs, refs[n]);
        }
    }
    if (used + frame_free_count() != frame_total_count()) {
        fail_msg("%lu frames used, %lu free, %lu in all", used, frame_free_count(),
                 frame_total_count());
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmu.h - page tables as the processor walks them (Intel SDM vol. 3A 4.5, 4.6, 4.10), with a TLB of
 * the worst kind: what it has once seen it keeps until it is flushed. Translations of pages and
 * pointers to lower tables are cached apart, and a stale one is used as a fresh one would be.
 */
#pragma once

#include "fake/fake.h"
#include "hv/aspace.h"

/* Entries: the processor's bits, and hv's (the header comment of aspace.h). */
#define PTE_P 0x001ul
#define PTE_W 0x002ul
#define PTE_U 0x004ul
#define PTE_A 0x020ul
#define PTE_D 0x040ul
#define PTE_PS 0x080ul
#define PTE_SW_WRITE 0x200ul
#define PTE_SW_WINDOW 0x400ul
#define PTE_SW_PHYS 0x800ul
#define PTE_SW_DYING (1ul << 52)
#define PTE_SW_LACKS (1ul << 53)
#define PTE_SW_ABSENT PTE_PS /* not present, lowest level */
#define PTE_NX (1ul << 63)
#define PTE_ADDRESS 0x000ffffffffff000ul

#define MMU_SLOTS 1024u

struct mmu_slot {
    uint64_t tag;   /* what it translates, shifted */
    uint64_t epoch; /* valid when it is the MMU's */
    uint64_t to;    /* machine address of page or table */
    bool may_write, may_exec;
};

struct mmu {
    struct aspace *as; /* what is loaded; borrows */
    uint64_t epoch, table_epoch;
    struct mmu_slot page[MMU_SLOTS];
    struct mmu_slot table[2][MMU_SLOTS]; /* 1: directory entry seen, 0: root entry seen */
};

/** True when every page of [va, end) is mapped: present or not, no entry on the way is 0. */
bool mmu_is_mapped(const struct aspace *as, gva_t va, gva_t end);

/** Loads a space (NULL: none); this flushes everything. The MMU hears of arch_flush_page(). */
void mmu_load(struct mmu *mmu, struct aspace *as);

/** Forgets everything. */
void mmu_flush(struct mmu *mmu);

/**
 * One access of the guest at `va` (access as for aspace_resolve()): faults are resolved, at most
 * one for an access, which is checked. On success *pa is the byte's machine address.
 */
enum hv_err mmu_touch(struct mmu *mmu, uint64_t va, uint32_t access, uint64_t *pa);

/** The processor walks to `va` on its own account: this never faults, and fills the TLB. */
void mmu_speculate(struct mmu *mmu, uint64_t va);

/** Reads or writes the 8 bytes at `va`, multiple of 8. */
enum hv_err mmu_read(struct mmu *mmu, uint64_t va, uint64_t *value);
enum hv_err mmu_write(struct mmu *mmu, uint64_t va, uint64_t value);

/** What lies at an address, found without changing anything. */
struct peek {
    bool is_mapped, is_window, is_device, is_absent;
    uint32_t prot;
    uint64_t pa; /* of the page; 0: not populated */
};

struct peek mmu_peek(const struct aspace *as, uint64_t va);

/** The 8 bytes at `va` without changing anything; 0 where the page is not populated or not RAM. */
uint64_t mmu_peek_word(const struct aspace *as, uint64_t va);

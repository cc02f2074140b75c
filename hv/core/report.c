/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - see report.h. Reads the domain's memory through its page tables, never through its
 * addresses, so that it works for any domain in any state; populates nothing it does not have to.
 */
#include "hv/report.h"

#include "arch.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"
#include "mayfly/image.h"

static bool read_guest(struct aspace *as, uint64_t va, void *to, uint64_t bytes)
{
    char *at = to;

    while (bytes != 0) {
        const uint64_t n = min_u64(bytes, PAGE_SIZE - (va & (PAGE_SIZE - 1)));
        paddr_t pa;
        if (aspace_page(as, (gva_t){va}, false, &pa)) {
            return false;
        }
        memcpy(at, (const char *)phys_to_virt(pa) + (va & (PAGE_SIZE - 1)), n);
        at += n;
        va += n;
        bytes -= n;
    }
    return true;
}

uint32_t report_backtrace(struct vcpu *v, uint64_t *frames, uint32_t max)
{
    uint64_t rbp = v->tf.rbp;
    uint32_t n = 0;

    while (n < max) {
        uint64_t pair[2]; /* saved rbp, return address */
        if ((rbp & 7) != 0 || !read_guest(&v->domain->aspace, rbp, pair, sizeof(pair)) ||
            pair[1] == 0) {
            break;
        }
        frames[n++] = pair[1];
        if (pair[0] <= rbp) {
            break;
        }
        rbp = pair[0];
    }
    return n;
}

struct table {
    struct aspace *as;
    uint64_t va;
    struct mf_symtab head;
};

static bool table_open(struct domain *d, struct table *t)
{
    struct mf_image_header image;

    t->as = &d->aspace;
    if (!read_guest(t->as, HV_IMAGE_BASE, &image, sizeof(image)) || image.magic != MF_IMAGE_MAGIC ||
        image.symtab_va == 0 || !read_guest(t->as, image.symtab_va, &t->head, sizeof(t->head))) {
        return false;
    }
    t->va = image.symtab_va;
    return t->head.magic == MF_SYMTAB_MAGIC && t->head.count != 0;
}

/* Prints one address with the name of the function that holds it. */
static void print_address(const struct table *t, bool has_table, uint64_t address)
{
    struct mf_symbol s = {0, 0};
    const uint64_t symbols = t->va + sizeof(t->head);
    uint32_t low = 0, high = has_table ? t->head.count : 0;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        struct mf_symbol m;
        if (!read_guest(t->as, symbols + middle * sizeof(m), &m, sizeof(m))) {
            break;
        }
        if (t->head.base + m.offset <= address) {
            low = middle + 1;
            s = m;
        } else {
            high = middle;
        }
    }
    char name[64];
    const uint64_t names = symbols + (uint64_t)(has_table ? t->head.count : 0) * sizeof(s);
    for (uint32_t i = 0; i < sizeof(name) && low != 0; i++) {
        if (i == sizeof(name) - 1 || !read_guest(t->as, names + s.name + i, &name[i], 1)) {
            name[i] = 0;
        }
        if (name[i] == 0) {
            printk("    %012lx %s+0x%lx\n", address, name, address - t->head.base - s.offset);
            return;
        }
    }
    printk("    %012lx\n", address);
}

void report_registers(const struct trap_frame *t)
{
    printk("rip %016lx rsp %016lx rbp %016lx flags %08lx\n", t->rip, t->rsp, t->rbp, t->rflags);
    printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", t->rax, t->rbx, t->rcx, t->rdx);
    printk("rsi %016lx rdi %016lx r8  %016lx r9  %016lx\n", t->rsi, t->rdi, t->r8, t->r9);
    printk("r10 %016lx r11 %016lx r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", t->r10, t->r11,
           t->r12, t->r13, t->r14, t->r15);
}

void report_last_domain(struct domain *d)
{
    const struct hv_report *r = &d->report;
    struct table t;

    if (r->reason != HV_END_EXIT) {
        const bool has_table = table_open(d, &t);
        printk("domain %lu ended: %s, exception %u, error code 0x%x, address 0x%lx\n", d->id,
               r->reason == HV_END_NOMEM ? "out of memory" : "fault", r->fault.vector,
               r->fault.error_code, r->fault.address);
        report_registers(&d->vcpu.tf);
        print_address(&t, has_table, d->vcpu.tf.rip);
        for (uint32_t i = 0; i < r->frame_count; i++) {
            print_address(&t, has_table, r->frames[i]);
        }
    }
    if (d->id == 1) {
        machine_off(r->code);
    }
}

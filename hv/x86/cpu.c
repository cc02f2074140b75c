/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.c - each CPU's tables and control registers, and switching between vCPUs. CPU features are
 * read once, on the boot CPU, and asked for by what CPUID says, never by trying (some of them hang
 * when set where they are missing).
 */
#include "hv/cpu.h"

#include "arch.h"
#include "hv/frame.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"
#include "image_map.h"
#include "mayfly/hypercall.h"
#include "trap.h"

#define STACK_BYTES 0x4000
#define IST_BYTES 0x1000
#define IST_COUNT 4

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EFER_SCE 0x1ul
#define EFER_NXE 0x800ul
#define SFMASK 0x47700ul /* TF IF DF IOPL NT AC */

#define CR0_SET 0x80010033ul /* PG WP NE ET MP PE */
#define CR4_PGE 0x80ul
#define CR4_OSFXSR 0x200ul
#define CR4_OSXMMEXCPT 0x400ul
#define CR4_UMIP 0x800ul
#define CR4_FSGSBASE 0x10000ul
#define CR4_PCIDE 0x20000ul
#define CR4_OSXSAVE 0x40000ul
#define CR4_SMEP 0x100000ul
#define CR4_SMAP 0x200000ul
#define CR4_PAE 0x20ul
#define CR4_MCE 0x40ul

#define GDT_KERNEL_CS 0x08
#define GDT_KERNEL_SS 0x10
#define GDT_SYSRET_BASE 0x18 /* + 8: user data, + 16: user code */
#define GDT_TSS 0x30

#define XCR0_X87_SSE 0x3u
#define XCR0_AVX 0x4u
#define CR3_NO_FLUSH (1ul << 63)
#define PCIDS 16u

struct tss { /* SDM vol. 3A figure 7-11 */
    uint32_t reserved0;
    uint64_t rsp0, rsp1, rsp2, reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct block {
    struct cpu cpu;
    struct tss tss __attribute__((aligned(16)));
    uint64_t gdt[8];
} __attribute__((aligned(64)));

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct block *blocks[CPUS_MAX];
static struct gate idt[256] __attribute__((aligned(16)));
static uint32_t online; /* a */

static struct {
    uint64_t cr4;
    uint32_t xcr0;
    bool xsave, xsaveopt, fsgsbase, smap, pcid;
} features;

struct smap_site {
    uint64_t at;
    uint8_t code;
} __attribute__((packed));
extern const struct smap_site smap_sites_start[], smap_sites_end[];

/* ---- once ------------------------------------------------------------------------------------ */

static void read_features(void)
{
    const struct cpuid_result one = cpuid(1, 0);
    const uint32_t max = cpuid(0, 0).eax;
    const struct cpuid_result seven = max >= 7 ? cpuid(7, 0) : (struct cpuid_result){0, 0, 0, 0};

    features.xsave = one.ecx & 1u << 26;
    features.fsgsbase = seven.ebx & 1u << 0;
    features.smap = seven.ebx & 1u << 20;
    features.pcid = one.ecx & 1u << 17;
    features.cr4 = CR4_PAE | CR4_PGE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT |
                   (features.xsave ? CR4_OSXSAVE : 0) | (features.fsgsbase ? CR4_FSGSBASE : 0) |
                   (seven.ebx & 1u << 7 ? CR4_SMEP : 0) | (features.smap ? CR4_SMAP : 0) |
                   (seven.ecx & 1u << 2 ? CR4_UMIP : 0) | (features.pcid ? CR4_PCIDE : 0);
    if (features.xsave) {
        features.xcr0 = XCR0_X87_SSE | (one.ecx & 1u << 28 ? XCR0_AVX : 0);
        features.xsaveopt = cpuid(0xd, 1).eax & 1;
    }
}

/* Puts stac and clac where they belong; hv's text is read-only but for this moment. */
static void patch_smap_sites(void)
{
    if (!features.smap) {
        return;
    }
    write_cr0(read_cr0() & ~0x10000ul);
    for (const struct smap_site *s = smap_sites_start; s < smap_sites_end; s++) {
        uint8_t *to = (uint8_t *)s->at;
        to[0] = 0x0f;
        to[1] = 0x01;
        to[2] = s->code;
    }
    write_cr0(CR0_SET);
}

static void fill_idt(void)
{
    for (uint32_t v = 0; v < 256; v++) {
        const uint64_t at = (uint64_t)trap_stubs + v * TRAP_STUB_BYTES;
        const uint8_t ist = v == EXC_DB    ? 1
                            : v == EXC_NMI ? 2
                            : v == EXC_DF  ? 3
                            : v == EXC_MC  ? 4
                                           : 0;
        idt[v] = (struct gate){
            .offset_low = (uint16_t)at,
            .selector = GDT_KERNEL_CS,
            .ist = ist,
            .type = v == EXC_BP || v == EXC_OF ? 0xee : 0x8e, /* int3, into: for guests too */
            .offset_middle = (uint16_t)(at >> 16),
            .offset_high = (uint32_t)(at >> 32),
        };
    }
}

/* mov %rcx, %r10; mov $number, %eax; syscall; ret */
static paddr_t make_hypercall_page(void)
{
    const paddr_t pa = bootmem_alloc(PAGE_SIZE);
    uint8_t *page = phys_to_virt(pa);

    memset(page, 0xcc, PAGE_SIZE);
    for (uint32_t n = 0; n < HC_COUNT; n++) {
        const uint8_t stub[] = {0x49, 0x89, 0xca, 0xb8, (uint8_t)n, 0, 0, 0, 0x0f, 0x05, 0xc3};
        memcpy(page + n * HV_HYPERCALL_STUB_BYTES, stub, sizeof(stub));
    }
    return pa;
}

paddr_t cpu_init_boot(void)
{
    read_features();
    patch_smap_sites();
    fill_idt();
    for (uint32_t i = 0; i < acpi_cpu_count(); i++) {
        blocks[i] = phys_to_virt(bootmem_alloc(sizeof(struct block)));
        struct cpu *cpu = &blocks[i]->cpu;
        struct tss *tss = &blocks[i]->tss;
        cpu->self = cpu;
        cpu->index = i;
        cpu->apic_id = acpi_cpu_apic_id(i);
        cpu->timer_armed_ns = UINT64_MAX;
        cpu->stack_top = (uint64_t)paging_new_stack(STACK_BYTES);
        for (uint32_t n = 0; n < IST_COUNT; n++) {
            uint64_t *top = (uint64_t *)paging_new_stack(IST_BYTES) - 2;
            top[0] = (uint64_t)cpu; /* entry.S: IST_CPU */
            tss->ist[n] = (uint64_t)top;
        }
        tss->io_map = sizeof(struct tss);
    }
    for (uint32_t i = 0; i < acpi_cpu_count(); i++) { /* last: they copy hv's map as it is now */
        struct cpu *cpu = &blocks[i]->cpu;
        cpu->top_table = paging_new_top();
        cpu->top_table_pa = virt_to_phys(cpu->top_table).v;
    }
    return make_hypercall_page();
}

/* ---- per CPU --------------------------------------------------------------------------------- */

static void load_tables(struct block *b)
{
    const uint64_t tss = (uint64_t)&b->tss;
    const struct table_pointer gdtr = {sizeof(b->gdt) - 1, (uint64_t)b->gdt};
    const struct table_pointer idtr = {sizeof(idt) - 1, (uint64_t)idt};

    b->gdt[GDT_KERNEL_CS / 8] = 0x00af9b000000fffful;
    b->gdt[GDT_KERNEL_SS / 8] = 0x00cf93000000fffful;
    b->gdt[GDT_SYSRET_BASE / 8] = 0; /* 32-bit user code: none */
    b->gdt[GDT_SYSRET_BASE / 8 + 1] = 0x00cff3000000fffful;
    b->gdt[GDT_SYSRET_BASE / 8 + 2] = 0x00affb000000fffful;
    b->gdt[GDT_TSS / 8] =
        (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ul << 40 | (tss >> 24 & 0xff) << 56;
    b->gdt[GDT_TSS / 8 + 1] = tss >> 32;
    __asm__ volatile("lgdt %0\n"
                     "lidt %1\n"
                     "pushq %2\n"
                     "leaq 1f(%%rip), %%rax\n"
                     "pushq %%rax\n"
                     "lretq\n"
                     "1: movl %3, %%eax\n"
                     "movl %%eax, %%ss\n"
                     "xorl %%eax, %%eax\n"
                     "movl %%eax, %%ds\n"
                     "movl %%eax, %%es\n"
                     "movl %%eax, %%fs\n"
                     "movl %%eax, %%gs\n"
                     "movw %4, %%ax\n"
                     "ltr %%ax\n"
                     :
                     : "m"(gdtr), "m"(idtr), "i"(GDT_KERNEL_CS), "i"(GDT_KERNEL_SS), "i"(GDT_TSS)
                     : "rax", "memory");
}

void cpu_init(uint32_t index)
{
    struct block *b = blocks[index];

    load_tables(b);
    wrmsr(MSR_GS_BASE, (uint64_t)&b->cpu);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
    wrmsr(MSR_STAR, (uint64_t)(GDT_SYSRET_BASE | 3) << 48 | (uint64_t)GDT_KERNEL_CS << 32);
    wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    wrmsr(MSR_SFMASK, SFMASK);
    write_cr0(CR0_SET);
    write_cr3(b->cpu.top_table_pa);
    write_cr4(features.cr4); /* PCIDE needs CR3 with PCID 0 */
    if (features.xsave) {
        __asm__ volatile("xsetbv" ::"c"(0), "a"(features.xcr0), "d"(0));
    }
    __atomic_fetch_add(&online, 1, __ATOMIC_SEQ_CST);
}

struct cpu *cpu_get(uint32_t index)
{
    return &blocks[index]->cpu;
}

uint32_t cpu_online_count(void)
{
    return __atomic_load_n(&online, __ATOMIC_RELAXED);
}

void cpu_kick(uint32_t index)
{
    apic_send_ipi(blocks[index]->cpu.apic_id, VECTOR_KICK);
}

void cpu_timer_arm(uint64_t deadline_ns)
{
    struct cpu *cpu = this_cpu();

    if (deadline_ns < cpu->timer_armed_ns) {
        cpu->timer_armed_ns = deadline_ns;
        apic_timer_set(deadline_ns);
    }
}

bool arch_may_use_reserve(void)
{
    const struct vcpu *v = this_cpu()->current;

    return v == NULL || (v->domain->caps & HV_CAP_MACHINE) != 0;
}

/* ---- address spaces -------------------------------------------------------------------------- */

/* The PCID of a domain on this CPU; *keep: its translations may still be cached and are right. */
static uint64_t pcid_of(struct cpu *cpu, const struct domain *d, bool *keep)
{
    const uint64_t slot = d->id % (PCIDS - 1);

    *keep = cpu->pcid_domain_id[slot] == d->id && d->vcpu.last_cpu == cpu->index;
    cpu->pcid_domain_id[slot] = d->id;
    return slot + 1;
}

/*
 * Loads the tables of `v`. With PCIDs the old root leaves the top table before CR3 changes and the
 * new one enters after it, so that no walk, even a speculative one, mixes one domain's root with
 * another's PCID (vol. 3A 4.10.4).
 */
static void load_root(struct cpu *cpu, struct vcpu *v)
{
    volatile uint64_t *entry = &cpu->top_table[0];
    const uint64_t root = v->domain->aspace.root.v | 0x7; /* P W U */

    if (features.pcid) {
        bool keep;
        const uint64_t pcid = pcid_of(cpu, v->domain, &keep);
        *entry = 0;
        write_cr3(cpu->top_table_pa | pcid | (keep && !v->needs_flush ? CR3_NO_FLUSH : 0));
        *entry = root;
    } else {
        *entry = root;
        write_cr3(cpu->top_table_pa);
    }
    __atomic_store_n(&cpu->loaded, v, __ATOMIC_RELEASE);
    v->last_cpu = cpu->index;
    v->needs_flush = false;
}

static void unload_root(struct cpu *cpu)
{
    cpu->top_table[0] = 0;
    write_cr3(cpu->top_table_pa);
    __atomic_store_n(&cpu->loaded, NULL, __ATOMIC_RELEASE);
}

void cpu_check_unload(void)
{
    struct cpu *cpu = this_cpu();

    if (__atomic_exchange_n(&cpu->unload, 0, __ATOMIC_ACQ_REL) && cpu->loaded != NULL &&
        cpu->loaded != cpu->current) {
        unload_root(cpu);
    }
}

bool cpu_unload(struct vcpu *v)
{
    bool done = true;

    for (uint32_t i = 0; i < cpu_online_count(); i++) {
        struct cpu *cpu = &blocks[i]->cpu;
        if (__atomic_load_n(&cpu->loaded, __ATOMIC_ACQUIRE) != v) {
            continue;
        }
        if (cpu == this_cpu()) {
            unload_root(cpu);
        } else {
            __atomic_store_n(&cpu->unload, 1, __ATOMIC_RELEASE);
            cpu_kick(i);
            done = false;
        }
    }
    if (!done) {
        cpu_pause(); /* the caller asks again at once; emulated CPUs that share a core take turns here */
    }
    return done;
}

void cpu_flush_current(void)
{
    /* Bit 63 clear: flushes the current PCID, or all that is not global. */
    write_cr3(read_cr3());
}

/* ---- FPU and bases --------------------------------------------------------------------------- */

void fpu_init(struct vcpu *v)
{
    const uint16_t control = 0x37f;
    const uint32_t mxcsr = 0x1f80;

    v->fpu_cpu = -1;
    memcpy(v->fpu, &control, sizeof(control));
    memcpy(v->fpu + 24, &mxcsr, sizeof(mxcsr));
}

static void fpu_save(struct vcpu *v)
{
    if (features.xsaveopt) {
        __asm__ volatile("xsaveopt64 (%0)" ::"r"(v->fpu), "a"(~0u), "d"(~0u) : "memory");
    } else if (features.xsave) {
        __asm__ volatile("xsave64 (%0)" ::"r"(v->fpu), "a"(~0u), "d"(~0u) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" ::"r"(v->fpu) : "memory");
    }
}

static void fpu_load(const struct vcpu *v)
{
    if (features.xsave) {
        __asm__ volatile("xrstor64 (%0)" ::"r"(v->fpu), "a"(~0u), "d"(~0u) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" ::"r"(v->fpu) : "memory");
    }
}

void fpu_copy(struct vcpu *to, struct vcpu *from)
{
    if (from->is_running) { /* the caller's own */
        fpu_save(from);
    }
    memcpy(to->fpu, from->fpu, sizeof(to->fpu));
    to->fpu_cpu = -1; /* a CPU where it ran may have its registers still */
}

void fpu_set(struct vcpu *v, const uint8_t *fpu)
{
    uint64_t header[8] = {0}; /* XSTATE_BV, XCOMP_BV and reserved: SDM vol. 1, 13.4.2 */
    uint32_t mxcsr;

    memcpy(v->fpu, fpu, sizeof(v->fpu));
    memcpy(header, fpu + 512, sizeof(header[0]));
    header[0] &= features.xcr0;
    memcpy(v->fpu + 512, header, sizeof(header));
    memcpy(&mxcsr, fpu + 24, sizeof(mxcsr));
    mxcsr &= 0xffff;
    memcpy(v->fpu + 24, &mxcsr, sizeof(mxcsr));
    v->fpu_cpu = -1;
}

/* The guest's GS base is the inactive one while in hv. */
void cpu_save_bases(struct vcpu *v)
{
    if (likely(features.fsgsbase)) {
        __asm__ volatile("rdfsbase %0\n"
                         "swapgs\n"
                         "rdgsbase %1\n"
                         "swapgs\n"
                         : "=r"(v->fs_base), "=r"(v->gs_base));
    } else {
        v->fs_base = rdmsr(MSR_FS_BASE);
        v->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
    }
}

void cpu_load_bases(const struct vcpu *v)
{
    if (likely(features.fsgsbase)) {
        __asm__ volatile("wrfsbase %0\n"
                         "swapgs\n"
                         "wrgsbase %1\n"
                         "swapgs\n" ::"r"(v->fs_base),
                         "r"(v->gs_base));
    } else {
        wrmsr(MSR_FS_BASE, v->fs_base);
        wrmsr(MSR_KERNEL_GS_BASE, v->gs_base);
    }
}

void cpu_switch_to(struct vcpu *v)
{
    struct cpu *cpu = this_cpu();

    blocks[cpu->index]->tss.rsp0 = (uint64_t)&v->tf + sizeof(v->tf);
    /* It may have run elsewhere since, and changed its tables there. */
    if (cpu->loaded != v || v->needs_flush || v->last_cpu != cpu->index) {
        load_root(cpu, v);
    }
    if (cpu->fpu_owner != v || v->fpu_cpu != (int32_t)cpu->index) {
        fpu_load(v);
        cpu->fpu_owner = v;
        v->fpu_cpu = (int32_t)cpu->index;
    }
    cpu_load_bases(v);
    cpu->entered = v;
}

void cpu_switch_from(struct vcpu *v)
{
    struct cpu *cpu = this_cpu();

    if (cpu->entered == v) {
        fpu_save(v);
        cpu_save_bases(v);
        cpu->entered = NULL;
    }
}

// SPDX-License-Identifier: Apache-2.0
// cpus: 1 2
// Each kind of fault ends only the domain that makes it, and the report says what happened.
#include "hvtest.h"

#define HV_HALF 0xffff800000000000u /* hv's part of every address space */
#define HV_TEXT 0xffffffff80000000u

enum { DE = 0, DB = 1, BP = 3, UD = 6, GP = 13, PF = 14, ANY = 0xff };

static const char in_rodata[16] = "constant";
static char on_data_page[16] = "\xc3"; /* RET */

static void __attribute__((noinline)) write_byte(uint64_t va)
{
    *(volatile char *)(uintptr_t)va = 1;
}

static void null_write(void *arg)
{
    (void)arg;
    write_byte(8);
}

static void text_write(void *arg)
{
    (void)arg;
    write_byte((uintptr_t)&null_write);
}

static void rodata_write(void *arg)
{
    (void)arg;
    write_byte((uintptr_t)in_rodata);
}

static void hypercall_page_write(void *arg)
{
    (void)arg;
    write_byte(HV_HYPERCALL_PAGE);
}

static void time_page_write(void *arg)
{
    (void)arg;
    write_byte(HV_TIME_PAGE + 8);
}

static void data_execute(void *arg)
{
    (void)arg;
    ((void (*)(void))(uintptr_t)on_data_page)();
}

static void hv_memory_read(void *arg)
{
    (void)arg;
    (void)*(volatile char *)HV_HALF;
}

static void hv_text_read(void *arg)
{
    (void)arg;
    (void)*(volatile char *)HV_TEXT;
}

static void hv_memory_write(void *arg)
{
    (void)arg;
    write_byte(HV_HALF + 0x1000);
}

static void hv_text_call(void *arg)
{
    (void)arg;
    ((void (*)(void))HV_TEXT)();
}

static void beyond_the_end_read(void *arg)
{
    (void)arg;
    (void)*(volatile char *)HV_GUEST_END;
}

static void noncanonical_read(void *arg)
{
    (void)arg;
    (void)*(volatile char *)0x8000000000000000u;
}

static void noncanonical_jump(void *arg)
{
    (void)arg;
    __asm__ volatile("movabs $0x8000000000000000, %%rax\n\tjmp *%%rax" ::: "rax");
}

static void noncanonical_stack(void *arg)
{
    (void)arg;
    __asm__ volatile("movabs $0x8000000000000000, %%rsp\n\tpush %%rax" ::: "memory");
}

static void no_stack(void *arg)
{
    (void)arg;
    __asm__ volatile("xor %%esp, %%esp\n\tpush %%rax" ::: "memory");
}

static void int80(void *arg)
{
    (void)arg;
    __asm__ volatile("int $0x80");
}

static void int_gp(void *arg)
{
    (void)arg;
    __asm__ volatile("int $13");
}

#define ASM_FUNCTION(name, text)                                                                   \
    static void name(void *arg)                                                                    \
    {                                                                                              \
        (void)arg;                                                                                 \
        __asm__ volatile(text ::: "rax", "rcx", "rdx", "rdi", "memory", "cc");                     \
    }

ASM_FUNCTION(divide, "xor %%ecx, %%ecx\n\tdiv %%ecx")
ASM_FUNCTION(ud2, "ud2")
ASM_FUNCTION(int3, "int3")
ASM_FUNCTION(icebp, ".byte 0xf1")
ASM_FUNCTION(cli, "cli")
ASM_FUNCTION(sti, "sti")
ASM_FUNCTION(hlt, "hlt")
ASM_FUNCTION(in_port, "mov $0x60, %%dx\n\tin %%dx, %%al")
ASM_FUNCTION(out_port, "mov $0x3f8, %%dx\n\tmov $'X', %%al\n\tout %%al, %%dx")
ASM_FUNCTION(read_cr0, "mov %%cr0, %%rax")
ASM_FUNCTION(write_cr3, "mov %%rax, %%cr3")
ASM_FUNCTION(write_cr4, "mov %%rax, %%cr4")
ASM_FUNCTION(read_dr7, "mov %%dr7, %%rax")
ASM_FUNCTION(rdmsr_efer, "mov $0xc0000080, %%ecx\n\trdmsr")
ASM_FUNCTION(wrmsr_lstar, "mov $0xc0000082, %%ecx\n\txor %%eax, %%eax\n\txor %%edx, %%edx\n\twrmsr")
ASM_FUNCTION(load_gdt, "sub $16, %%rsp\n\tlgdt (%%rsp)")
ASM_FUNCTION(load_idt, "sub $16, %%rsp\n\tlidt (%%rsp)")
ASM_FUNCTION(load_tr, "mov $0x28, %%ax\n\tltr %%ax")
ASM_FUNCTION(load_ldt, "mov $0x28, %%ax\n\tlldt %%ax")
ASM_FUNCTION(invalidate, "invlpg (%%rax)")
ASM_FUNCTION(wbinvd, "wbinvd")
ASM_FUNCTION(clts, "clts")
ASM_FUNCTION(swapgs, "swapgs")
ASM_FUNCTION(sysret, "sysretq")
ASM_FUNCTION(kernel_ds, "mov $0x10, %%ax\n\tmov %%ax, %%ds")
ASM_FUNCTION(kernel_ss, "mov $0x10, %%ax\n\tmov %%ax, %%ss")
ASM_FUNCTION(far_to_kernel,
             "sub $16, %%rsp\n\tmovl $0, (%%rsp)\n\tmovw $8, 4(%%rsp)\n\tljmp *(%%rsp)")
ASM_FUNCTION(single_step, "pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n\tnop")
ASM_FUNCTION(store_gdt, "sub $16, %%rsp\n\tsgdt (%%rsp)")
ASM_FUNCTION(store_idt, "sub $16, %%rsp\n\tsidt (%%rsp)")
ASM_FUNCTION(store_msw, "smsw %%rax")

/* Traps after the next instruction, while GS is what the guest has made it. */
static void step_with_gs(uint64_t base)
{
    __asm__ volatile(
        "wrgsbase %0\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop" ::"r"(base)
        : "memory");
}

static void step_with_hv_gs(void *arg)
{
    (void)arg;
    step_with_gs(0xffff800000300000);
}

static void step_with_own_gs(void *arg)
{
    (void)arg;
    step_with_gs(HV_INFO_PAGE);
}

static const struct row {
    const char *name;
    void (*fn)(void *);
    unsigned int vector;
    uint64_t address; /* of a page fault; 1: not checked */
} rows[] = {
    {"write to address 8", null_write, PF, 8},
    {"write to its text", text_write, PF, 1},
    {"write to its constants", rodata_write, PF, 1},
    {"write to the hypercall page", hypercall_page_write, PF, HV_HYPERCALL_PAGE},
    {"write to the time page", time_page_write, PF, HV_TIME_PAGE + 8},
    {"call of a data page", data_execute, PF, 1},
    {"read of hv's memory", hv_memory_read, PF, HV_HALF},
    {"read of hv's text", hv_text_read, PF, HV_TEXT},
    {"write to hv's memory", hv_memory_write, PF, HV_HALF + 0x1000},
    {"call of hv's text", hv_text_call, PF, HV_TEXT},
    {"read beyond the end of its space", beyond_the_end_read, PF, HV_GUEST_END},
    {"read of a non-canonical address", noncanonical_read, GP, 0},
    {"jump to a non-canonical address", noncanonical_jump, GP, 0},
    {"push with a non-canonical stack pointer", noncanonical_stack, ANY, 1},
    {"push without a stack", no_stack, PF, 1},
    {"division by zero", divide, DE, 0},
    {"undefined instruction", ud2, UD, 0},
    {"INT3", int3, BP, 0},
    {"ICEBP", icebp, ANY, 1}, /* TCG has it as an undefined instruction */
    {"INT 0x80", int80, GP, 0},
    {"INT 13", int_gp, GP, 0},
    {"single step", single_step, DB, 0},
    {"CLI", cli, GP, 0},
    {"a single step with a GS base in hv's half", step_with_hv_gs, 1, 0},
    {"a single step with a GS base of its own", step_with_own_gs, 1, 0},
    {"STI", sti, GP, 0},
    {"HLT", hlt, GP, 0},
    {"IN", in_port, GP, 0},
    {"OUT", out_port, GP, 0},
    {"read of CR0", read_cr0, GP, 0},
    {"write of CR3", write_cr3, GP, 0},
    {"write of CR4", write_cr4, GP, 0},
    {"read of DR7", read_dr7, GP, 0},
    {"RDMSR", rdmsr_efer, GP, 0},
    {"WRMSR", wrmsr_lstar, GP, 0},
    {"LGDT", load_gdt, GP, 0},
    {"LIDT", load_idt, GP, 0},
    {"LTR", load_tr, GP, 0},
    {"LLDT", load_ldt, GP, 0},
    {"INVLPG", invalidate, GP, 0},
    {"WBINVD", wbinvd, GP, 0},
    {"CLTS", clts, GP, 0},
    {"SWAPGS", swapgs, GP, 0},
    {"SYSRET", sysret, GP, 0},
    {"loading DS with hv's selector", kernel_ds, GP, 0},
    {"loading SS with hv's selector", kernel_ss, GP, 0},
    {"far jump to hv's code segment", far_to_kernel, GP, 0},
    {"SGDT (UMIP)", store_gdt, GP, 0},
    {"SIDT (UMIP)", store_idt, GP, 0},
    {"SMSW (UMIP)", store_msw, GP, 0},
};

static bool rip_is_in_text(uint64_t rip)
{
    return rip >= HV_IMAGE_BASE && rip < HV_IMAGE_BASE + 0x10000;
}

static void run_row(const struct row *row)
{
    struct hv_report r;
    child_run(row->fn, NULL, &r);
    const bool vector_fits = row->vector == ANY || r.fault.vector == row->vector;
    const bool address_fits = row->address == 1 || r.fault.address == row->address;
    if (!CHECK(r.reason == HV_END_FAULT && vector_fits && address_fits, "%s ends its domain",
               row->name)) {
        say("# reason %u code %d vector %u error %x address %lx rip %lx", r.reason, r.code,
            r.fault.vector, r.fault.error_code, r.fault.address, r.fault.regs.rip);
    }
}

static void __attribute__((noinline)) inner(void)
{
    volatile char on_stack[8]; /* or gcc makes no frame */
    __asm__ volatile("ud2");
    on_stack[0] = 1;
    (void)on_stack[0];
}

static void __attribute__((noinline)) outer(void *arg)
{
    (void)arg;
    inner();
    __asm__ volatile("");
}

static void registers_to_report(void *arg)
{
    (void)arg;
    __asm__ volatile("mov $0x1122334455667788, %%rbx\n\tmov $0x99, %%r15\n\tud2" ::: "rbx", "r15");
}

static void report_has_registers_and_frames(void)
{
    struct hv_report r;
    child_run(registers_to_report, NULL, &r);
    CHECK(r.fault.regs.rbx == 0x1122334455667788 && r.fault.regs.r15 == 0x99,
          "the report has the registers of the fault");
    CHECK(rip_is_in_text(r.fault.regs.rip), "and its place: %lx", r.fault.regs.rip);
    child_run(outer, NULL, &r);
    CHECK(r.frame_count >= 2 && r.frame_count <= HV_REPORT_FRAMES,
          "the report has %u return addresses", r.frame_count);
    CHECK(rip_is_in_text(r.frames[0]) && r.frames[0] - (uintptr_t)outer < 64,
          "the innermost is in the caller");
}

static void wild_frame_pointer(void *arg)
{
    __asm__ volatile("mov %0, %%rbp\n\tud2" ::"r"(*(uint64_t *)arg) : "memory");
}

static void wild_frame_pointers_do_no_harm(void)
{
    static const uint64_t pointers[] = {
        1, 8, HV_HALF, HV_TEXT, UINT64_MAX, UINT64_MAX - 7, 0x8000000000000000u, HV_GUEST_END - 8};
    struct hv_report r;
    for (size_t i = 0; i < ARRAY_COUNT(pointers); i++) {
        uint64_t pointer = pointers[i];
        child_run(wild_frame_pointer, &pointer, &r);
        CHECK(r.reason == HV_END_FAULT && r.fault.vector == UD && r.frame_count <= HV_REPORT_FRAMES,
              "a fault with frame pointer %lx ends only its domain", pointer);
    }
}

void test_main(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        run_row(&rows[i]);
    }
    report_has_registers_and_frames();
    wild_frame_pointers_do_no_harm();
}

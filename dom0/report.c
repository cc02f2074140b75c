/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - see report.h. Exceptions: Intel SDM vol. 3A, table 6-1; error code of #PF: 4.7. */
#include "report.h"

#include <inttypes.h>
#include <stddef.h>

#include "term.h"

#define PAGE_FAULT 14
#define SIGILL_STATUS (128 + 4)
#define SIGTRAP_STATUS (128 + 5)
#define SIGFPE_STATUS (128 + 8)
#define SIGKILL_STATUS (128 + 9)
#define SIGSEGV_STATUS (128 + 11)

static const char *exception_name(uint32_t vector)
{
    static const char *const names[] = {
        [0] = "division error",
        [1] = "debug exception",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound range exceeded",
        [6] = "invalid instruction",
        [7] = "no FPU",
        [11] = "segment not present",
        [12] = "stack fault",
        [13] = "general protection fault",
        [14] = "page fault",
        [16] = "x87 error",
        [17] = "misaligned access",
        [19] = "SIMD error",
        [21] = "control protection",
    };
    const char *name = vector < sizeof(names) / sizeof(names[0]) ? names[vector] : NULL;
    return name != NULL ? name : "exception";
}

static void print_cause(const struct hv_fault *f)
{
    if (f->vector != PAGE_FAULT) {
        term_printf("%s (vector %" PRIu32 ", error code 0x%" PRIx32 ")", exception_name(f->vector),
                    f->vector, f->error_code);
        return;
    }
    const char *what = (f->error_code & 0x10u) != 0  ? "execution"
                       : (f->error_code & 0x2u) != 0 ? "write"
                                                     : "read";
    term_printf("page fault: %s at 0x%" PRIx64 " (%s)", what, f->address,
                (f->error_code & 1u) != 0 ? "not allowed there" : "nothing is there");
}

void report_print_registers(const struct hv_regs *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {
        {"rax", r->rax}, {"rbx", r->rbx},    {"rcx", r->rcx},     {"rdx", r->rdx},
        {"rsi", r->rsi}, {"rdi", r->rdi},    {"rbp", r->rbp},     {"rsp", r->rsp},
        {" r8", r->r8},  {" r9", r->r9},     {"r10", r->r10},     {"r11", r->r11},
        {"r12", r->r12}, {"r13", r->r13},    {"r14", r->r14},     {"r15", r->r15},
        {"rip", r->rip}, {"rfl", r->rflags}, {" fs", r->fs_base}, {" gs", r->gs_base},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        term_printf("%s%s %016" PRIx64 "%s", i % 4 == 0 ? "  " : " ", all[i].name, all[i].value,
                    i % 4 == 3 ? "\n" : "");
    }
}

static void print_frame(const struct image *image, uint32_t number, uint64_t address,
                        bool is_return)
{
    uint64_t offset;
    /* A return address can be the first byte of the next function: look one byte before it. */
    const char *name = image_symbol(image, address - is_return, &offset);
    if (name != NULL) {
        term_printf("  #%" PRIu32 " 0x%" PRIx64 " %s+0x%" PRIx64 "\n", number, address, name,
                    offset + is_return);
    } else {
        term_printf("  #%" PRIu32 " 0x%" PRIx64 "\n", number, address);
    }
}

void report_print(const char *name, const struct image *image, const struct hv_report *r)
{
    term_begin();
    term_printf("%s: ended by ", name);
    if (r->reason == HV_END_NOMEM) {
        term_printf("want of memory: its limit, or the machine's memory, is reached\n");
    } else {
        print_cause(&r->fault);
        term_printf("\n");
    }
    report_print_registers(&r->fault.regs);
    term_printf("  called by:\n");
    print_frame(image, 0, r->fault.regs.rip, false);
    for (uint32_t i = 0; i < r->frame_count && i < HV_REPORT_FRAMES; i++) {
        print_frame(image, i + 1, r->frames[i], true);
    }
    term_end();
}

const char *report_reason(uint32_t reason)
{
    switch (reason) {
    case HV_END_EXIT:
        return "exited";
    case HV_END_FAULT:
        return "crashed";
    case HV_END_DESTROYED:
        return "killed";
    case HV_END_NOMEM:
        return "out of memory";
    default:
        return "not ended";
    }
}

int32_t report_status(const struct hv_report *r)
{
    if (r->reason == HV_END_EXIT) {
        return r->code;
    }
    if (r->reason != HV_END_FAULT) {
        return SIGKILL_STATUS;
    }
    switch (r->fault.vector) {
    case 0:
    case 16:
    case 19:
        return SIGFPE_STATUS;
    case 1:
    case 3:
        return SIGTRAP_STATUS;
    case 6:
        return SIGILL_STATUS;
    default:
        return SIGSEGV_STATUS;
    }
}

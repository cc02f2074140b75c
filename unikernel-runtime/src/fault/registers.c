/* SPDX-License-Identifier: Apache-2.0 */
/* registers.c - see registers.h. Error code of #PF: Intel SDM vol. 3A, 4.7. */
#include "fault/registers.h"

#include <signal.h>
#include <string.h>

#define PER_ROW 4u
#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_FETCH 16u

const char *mf_fault_name(uint32_t vector)
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
        [12] = "stack segment fault",
        [13] = "general protection fault",
        [14] = "page fault",
        [16] = "x87 error",
        [17] = "alignment check",
        [19] = "SIMD error",
        [21] = "control protection",
    };
    const char *const name =
        vector < sizeof(names) / sizeof(names[0]) ? names[vector] : (const char *)NULL;
    return name != NULL ? name : "exception";
}

int mf_fault_signal(uint32_t vector)
{
    switch (vector) {
    case 0:
    case 16:
    case 19:
        return SIGFPE;
    case 1:
    case 3:
        return SIGTRAP;
    case 6:
        return SIGILL;
    case 12:
    case 17:
        return SIGBUS;
    default:
        return SIGSEGV;
    }
}

const char *mf_fault_access(uint32_t error_code)
{
    return (error_code & PF_FETCH) != 0   ? "execute at"
           : (error_code & PF_WRITE) != 0 ? "write to"
                                          : "read from";
}

const char *mf_fault_why(uint32_t error_code)
{
    return (error_code & HV_FAULT_NOMEM) != 0 ? "the machine has no memory left"
           : (error_code & PF_PRESENT) != 0   ? "not allowed"
                                              : "nothing there";
}

size_t mf_fault_hex(char to[16], uint64_t value, unsigned int digits)
{
    unsigned int count = 1;
    while (count < 16 && (count < digits || value >> (4 * count) != 0)) {
        count++;
    }
    for (unsigned int i = 0; i < count; i++) {
        to[i] = "0123456789abcdef"[value >> (4 * (count - 1 - i)) & 15];
    }
    return count;
}

size_t mf_fault_row(const struct hv_regs *r, unsigned int row, char text[MF_FAULT_ROW_BYTES])
{
    const struct {
        char name[4];
        uint64_t value;
    } all[MF_FAULT_ROWS * PER_ROW] = {
        {"rax", r->rax}, {"rbx", r->rbx},    {"rcx", r->rcx},     {"rdx", r->rdx},
        {"rsi", r->rsi}, {"rdi", r->rdi},    {"rbp", r->rbp},     {"rsp", r->rsp},
        {"r8 ", r->r8},  {"r9 ", r->r9},     {"r10", r->r10},     {"r11", r->r11},
        {"r12", r->r12}, {"r13", r->r13},    {"r14", r->r14},     {"r15", r->r15},
        {"rip", r->rip}, {"flg", r->rflags}, {"fs ", r->fs_base}, {"gs ", r->gs_base},
    };
    size_t at = 0;
    for (size_t i = PER_ROW * row; i < PER_ROW * (row + 1); i++) {
        text[at++] = ' ';
        if (i == PER_ROW * row) {
            text[at++] = ' ';
        }
        memcpy(text + at, all[i].name, 3);
        text[at + 3] = ' ';
        at += 4 + mf_fault_hex(text + at + 4, all[i].value, 16);
    }
    text[at++] = '\n';
    text[at] = '\0';
    return at;
}

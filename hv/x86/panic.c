/* SPDX-License-Identifier: Apache-2.0 */
/* panic.c - the ends of the machine: panic, backtraces, exit and power off. */
#include "arch.h"
#include "cpu_ops.h"
#include "hv/lib.h"
#include "hv/machine.h"
#include "hv/printk.h"
#include "image_map.h"
#include "mayfly/symtab.h"

#define FRAMES_MAX 24
#define FRAME_DISTANCE_MAX 0x8000 /* larger than any of hv's stacks */

#define PORT_DEBUGCON 0xe9
#define PORT_DEBUG_EXIT 0xf4 /* QEMU's isa-debug-exit; nothing listens there on real machines */

static bool panic_active;

bool panic_is_active(void)
{
    return __atomic_load_n(&panic_active, __ATOMIC_RELAXED);
}

/* Reads a word of hv's memory; false when that faults (see __ex_table in hv.ld). */
static bool read_word(uint64_t address, uint64_t *value)
{
    uint64_t ok = 1, v = 0;
    __asm__ volatile("1: movq (%[a]), %[v]\n"
                     "2:\n"
                     ".pushsection .text.fixup,\"ax\",@progbits\n"
                     "3: xorl %k[ok], %k[ok]\n"
                     "   jmp 2b\n"
                     ".popsection\n"
                     ".pushsection __ex_table,\"a\",@progbits\n"
                     "   .long 1b - ., 3b - .\n"
                     ".popsection\n"
                     : [v] "+r"(v), [ok] "+r"(ok)
                     : [a] "r"(address)
                     : "memory");
    *value = v;
    return ok != 0;
}

static bool is_stack_address(uint64_t address)
{
    const bool in_image = address >= (uint64_t)hv_data_start && address < (uint64_t)hv_end;
    const bool in_stacks = address >= STACKS_VA && address - STACKS_VA < STACKS_BYTES;
    return address % 8 == 0 && (in_image || in_stacks);
}

static void print_address(uint64_t address, bool is_return)
{
    uint64_t offset = 0;
    /* A call may be the last instruction of its function: look up the byte before the return. */
    const char *name = mf_symtab_find(hv_symtab_start, (uint64_t)(hv_symtab_end - hv_symtab_start),
                                      is_return ? address - 1 : address, &offset);
    if (address < (uint64_t)hv_text_start || address > (uint64_t)hv_text_end || name == NULL) {
        printk("  %p ?\n", (void *)address);
        return;
    }
    printk("  %p %s+0x%lx\n", (void *)address, name, offset + is_return);
}

void backtrace_print(uint64_t rip, uint64_t rbp)
{
    printk("backtrace:\n");
    print_address(rip, false);
    for (uint32_t i = 0; i < FRAMES_MAX && is_stack_address(rbp); i++) {
        uint64_t next, address;
        if (!read_word(rbp, &next) || !read_word(rbp + 8, &address) || address == 0) {
            return;
        }
        print_address(address, true);
        if (next <= rbp || next - rbp > FRAME_DISTANCE_MAX) {
            return;
        }
        rbp = next;
    }
}

void panic(const char *format, ...)
{
    cpu_cli();
    if (__atomic_exchange_n(&panic_active, true, __ATOMIC_ACQ_REL)) {
        for (;;) {
            cpu_hlt(); /* another CPU is at it, or panic() itself failed */
        }
    }
    apic_nmi_others();
    printk("\nPANIC on CPU with APIC id %u: ", apic_id());
    va_list ap;
    va_start(ap, format);
    vprintk(format, ap);
    va_end(ap);
    printk("\n");
    backtrace_print((uint64_t)__builtin_return_address(0) - 1, /* in the call, not behind it */
                    *(const uint64_t *)__builtin_frame_address(0));
    machine_off(-1);
}

static void debugcon_write(const char *s)
{
    for (; *s != '\0'; s++) {
        outb(PORT_DEBUGCON, (uint8_t)*s);
    }
}

void machine_off(int32_t code)
{
    char digits[12];
    size_t at = sizeof(digits);
    uint32_t v = code < 0 ? 0 - (uint32_t)code : (uint32_t)code;
    cpu_cli();
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    debugcon_write("mayfly-exit: ");
    debugcon_write(code < 0 ? "-" : "");
    debugcon_write(digits + at);
    debugcon_write("\n");
    outl(PORT_DEBUG_EXIT, (uint32_t)code);
    acpi_power_off();
    printk("The machine can be switched off now.\n");
    for (;;) {
        cpu_hlt();
    }
}

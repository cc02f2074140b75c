/* SPDX-License-Identifier: Apache-2.0 */
/* entry.S - where hv delivers faults: rdi = struct hv_fault, on the fault stack, as if called. */
    .text
    .globl mf_fault_entry
    .type mf_fault_entry, @function
mf_fault_entry:
    xorl %ebp, %ebp
    subq $520, %rsp
    fxsave64 (%rsp)
    cld
    movq %rsp, %rsi
    call mf_fault_handle
    ud2
    .size mf_fault_entry, . - mf_fault_entry

    .section .bss..cold, "aw", @nobits
    .balign 16
    .globl mf_fault_stack_top
    .skip 12288
mf_fault_stack_top:
    .section .note.GNU-stack, "", @progbits

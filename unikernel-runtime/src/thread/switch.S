/* SPDX-License-Identifier: Apache-2.0 */
/*
 * switch.S - from one green thread to another: the System V ABI's callee-saved registers and
 * floating-point control words; everything else is dead at a call.
 */
    .text
/* void mf_thread_switch(void **save_sp, void *new_sp) */
    .globl mf_thread_switch
    .type mf_thread_switch, @function
mf_thread_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size mf_thread_switch, . - mf_thread_switch

/* Where a new thread begins (thread.c: prepare_stack): function in rbx, argument in r12. */
    .globl mf_thread_entry
    .type mf_thread_entry, @function
mf_thread_entry:
    movq %r12, %rdi
    call *%rbx
    movq %rax, %rdi
    call mf_thread_end
    ud2
    .size mf_thread_entry, . - mf_thread_entry
    .section .note.GNU-stack, "", @progbits

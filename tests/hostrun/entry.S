/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S - between the guest and hostrun: stack, FS base and FPU state change here. Callee-saved
 * registers are kept by the C code that is called.
 */
    .bss
    .globl guest_fs_base, host_fs_base
    .balign 8
guest_fs_base:
    .skip 8
host_fs_base:
    .skip 8
host_stack:
    .skip 8

    .text
/* guest_enter(entry): all registers start as zero, the guest makes its own stack. */
    .globl guest_enter
    .type guest_enter, @function
guest_enter:
    andq $-64, %rsp
    movq %rsp, host_stack(%rip)
    rdfsbase %rax
    movq %rax, host_fs_base(%rip)
    movq %rdi, %r11
    xorl %eax, %eax
    wrfsbase %rax
    movl %eax, %ebx
    movl %eax, %ecx
    movl %eax, %edx
    movl %eax, %esi
    movl %eax, %edi
    movl %eax, %ebp
    movl %eax, %r8d
    movl %eax, %r9d
    movl %eax, %r10d
    movl %eax, %r12d
    movl %eax, %r13d
    movl %eax, %r14d
    movl %eax, %r15d
    movl %eax, %esp
    jmp *%r11
    .size guest_enter, . - guest_enter

/* From a stub of the hypercall page: eax is the number, the arguments are in their registers. */
    .globl hypercall_entry
    .type hypercall_entry, @function
hypercall_entry:
    pushq %rbp
    movq %rsp, %rbp
    movq host_stack(%rip), %rsp
    subq $512, %rsp
    fxsave64 (%rsp)
    rdfsbase %r10
    movq %r10, guest_fs_base(%rip)
    movq host_fs_base(%rip), %r10
    wrfsbase %r10
    pushq %r9
    pushq %r8
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    movq %rsp, %rdi
    movl %eax, %esi
    call hypercall              /* leaves its result in rax, rdx */
    movq guest_fs_base(%rip), %r10
    wrfsbase %r10
    fxrstor64 48(%rsp)
    movq %rbp, %rsp
    popq %rbp
    ret
    .size hypercall_entry, . - hypercall_entry

    .section .note.GNU-stack, "", @progbits

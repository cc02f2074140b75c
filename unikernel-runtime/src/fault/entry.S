/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S - where hv delivers faults and the timer: rdi = struct hv_fault, on the fault stack, as if
 * called. Stores the floating-point state as a whole, and gives C a fresh one.
 */
#define FPU_BYTES 896     /* HV_FPU_BYTES */
#define XSAVE_HEADER 512  /* 64 bytes, of which XSAVE writes only some; XRSTOR wants zeroes */
#define XCR0_SSE_AVX 7    /* x87, SSE, AVX: all that hv gives a guest */
#define CPUID_OSXSAVE 27
#define FPU_LEGACY 1

    .text
    .globl mf_fault_entry
    .type mf_fault_entry, @function
mf_fault_entry:
    xorl %ebp, %ebp
    cld
    movq %rdi, %r12
    subq $FPU_BYTES, %rsp
    andq $-64, %rsp
    movl mf_fpu_mask(%rip), %eax
    testl %eax, %eax
    jnz 2f
    movl $1, %eax
    cpuid
    movl $FPU_LEGACY, %eax
    btl $CPUID_OSXSAVE, %ecx
    jnc 1f
    xorl %ecx, %ecx
    xgetbv
    andl $XCR0_SSE_AVX, %eax
1:  movl %eax, mf_fpu_mask(%rip)
2:  cmpl $FPU_LEGACY, %eax
    je 3f
    xorl %edx, %edx
    leaq XSAVE_HEADER(%rsp), %rdi
    movl $8, %ecx
    movl %eax, %ebx
    xorl %eax, %eax
    rep stosq
    movl %ebx, %eax
    xsave64 (%rsp)
    jmp 4f
3:  fxsave64 (%rsp)
4:  fninit
    ldmxcsr initial_mxcsr(%rip)
    movq %r12, %rdi
    movq %rsp, %rsi
    call mf_fault_handle
    ud2
    .size mf_fault_entry, . - mf_fault_entry

/* void mf_call_on_stack(void *top, void (*fn)(int, void *, void *), int, void *, void *) */
    .globl mf_call_on_stack
    .type mf_call_on_stack, @function
mf_call_on_stack:
    pushq %rbp
    movq %rsp, %rbp
    movq %rdi, %rsp
    andq $-16, %rsp
    movq %rsi, %rax
    movl %edx, %edi
    movq %rcx, %rsi
    movq %r8, %rdx
    call *%rax
    leave
    ret
    .size mf_call_on_stack, . - mf_call_on_stack

    .section .rodata
    .balign 4
initial_mxcsr:
    .long 0x1f80

    .section .bss..cold, "aw", @nobits
    .balign 64
    .globl mf_fault_stack_top
    .skip 12288
mf_fault_stack_top:
    .globl mf_fpu_mask
mf_fpu_mask:
    .skip 64
    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.S - getcontext(), setcontext(), swapcontext() (POSIX.1-2001). Saved is what a function has to
 * keep (System V ABI 3.2.1), with the x87 control word, MXCSR and the signal mask; loaded are the
 * argument registers, too, for makecontext() (context.c). FPU control lies in __reserved.
 */
#include "libc/context.h"

    .section .text.getcontext, "ax"
    .globl getcontext
    .type getcontext, @function
getcontext:
    pushq %rbp
    movq %rsp, %rbp
    call save
    xorl %esi, %esi
    leaq CONTEXT_MASK(%rdi), %rdx
    xorl %edi, %edi             /* SIG_SETMASK, or none: nothing is set */
    call pthread_sigmask
    xorl %eax, %eax
    popq %rbp
    ret
    .size getcontext, . - getcontext

    .globl swapcontext
    .type swapcontext, @function
swapcontext:
    pushq %rbp
    movq %rsp, %rbp
    call save
    pushq %rsi
    subq $8, %rsp
    leaq CONTEXT_MASK(%rdi), %rdx
    leaq CONTEXT_MASK(%rsi), %rsi
    movl $CONTEXT_SIG_SETMASK, %edi
    call pthread_sigmask
    movq 8(%rsp), %rdi
    jmp load
    .size swapcontext, . - swapcontext

    .globl setcontext
    .type setcontext, @function
setcontext:
    pushq %rdi
    leaq CONTEXT_MASK(%rdi), %rsi
    xorl %edx, %edx
    movl $CONTEXT_SIG_SETMASK, %edi
    call pthread_sigmask
    popq %rdi
    jmp load
    .size setcontext, . - setcontext

/* Of the function that called ours, whose frame is at rbp; what the call returns then is 0. */
    .type save, @function
save:
    movq %rbx, CONTEXT_RBX(%rdi)
    movq %r12, CONTEXT_R12(%rdi)
    movq %r13, CONTEXT_R13(%rdi)
    movq %r14, CONTEXT_R14(%rdi)
    movq %r15, CONTEXT_R15(%rdi)
    movq (%rbp), %rax
    movq %rax, CONTEXT_RBP(%rdi)
    movq 8(%rbp), %rax
    movq %rax, CONTEXT_RIP(%rdi)
    leaq 16(%rbp), %rax
    movq %rax, CONTEXT_RSP(%rdi)
    movq $0, CONTEXT_RAX(%rdi)
    movq $1, CONTEXT_HAS_FPU(%rdi)
    stmxcsr CONTEXT_MXCSR(%rdi)
    fnstcw CONTEXT_FCW(%rdi)
    ret
    .size save, . - save

    .type load, @function
load:
    cmpq $1, CONTEXT_HAS_FPU(%rdi)
    jne 1f
    ldmxcsr CONTEXT_MXCSR(%rdi)
    fldcw CONTEXT_FCW(%rdi)
1:  movq CONTEXT_RBX(%rdi), %rbx
    movq CONTEXT_R12(%rdi), %r12
    movq CONTEXT_R13(%rdi), %r13
    movq CONTEXT_R14(%rdi), %r14
    movq CONTEXT_R15(%rdi), %r15
    movq CONTEXT_RBP(%rdi), %rbp
    movq CONTEXT_RSP(%rdi), %rsp
    movq CONTEXT_RAX(%rdi), %rax
    movq CONTEXT_RSI(%rdi), %rsi
    movq CONTEXT_RDX(%rdi), %rdx
    movq CONTEXT_RCX(%rdi), %rcx
    movq CONTEXT_R8(%rdi), %r8
    movq CONTEXT_R9(%rdi), %r9
    movq CONTEXT_RIP(%rdi), %r11
    movq CONTEXT_RDI(%rdi), %rdi
    jmpq *%r11
    .size load, . - load

/* Where makecontext()'s function returns to; rbx: what comes next. */
    .globl mf_context_end
    .type mf_context_end, @function
mf_context_end:
    movq %rbx, %rdi
    andq $-16, %rsp
    call mf_context_next
    ud2
    .size mf_context_end, . - mf_context_end

    .section .note.GNU-stack, "", @progbits

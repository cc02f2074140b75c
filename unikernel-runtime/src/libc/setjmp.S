/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setjmp.S - in place of newlib's, whose longjmp(env, 0) makes setjmp() return 0 and which takes the
 * value as 64 bits. None saves the signal mask, so _setjmp() is the same. Same jmp_buf: rbx rbp r12
 * r13 r14 r15 rsp rip (ISO C 7.13, System V ABI 3.2.1).
 */
    .section .text.setjmp, "ax"
    .globl setjmp, _setjmp
    .type setjmp, @function
    .type _setjmp, @function
setjmp:
_setjmp:
    movq %rbx, (%rdi)
    movq %rbp, 8(%rdi)
    movq %r12, 16(%rdi)
    movq %r13, 24(%rdi)
    movq %r14, 32(%rdi)
    movq %r15, 40(%rdi)
    leaq 8(%rsp), %rax
    movq %rax, 48(%rdi)
    movq (%rsp), %rax
    movq %rax, 56(%rdi)
    xorl %eax, %eax
    ret
    .size setjmp, . - setjmp

    .section .text.longjmp, "ax"
    .globl longjmp, _longjmp
    .type longjmp, @function
    .type _longjmp, @function
longjmp:
_longjmp:
    pushq %rdi
    pushq %rsi
    subq $8, %rsp
    movq 48(%rdi), %rdi
    call mf_file_let_go         /* what calls hold that are left */
    addq $8, %rsp
    popq %rsi
    popq %rdi
    cmpl $1, %esi
    adcl $0, %esi               /* 0 becomes 1 */
    movl %esi, %eax
    movq (%rdi), %rbx
    movq 8(%rdi), %rbp
    movq 16(%rdi), %r12
    movq 24(%rdi), %r13
    movq 32(%rdi), %r14
    movq 40(%rdi), %r15
    movq 48(%rdi), %rsp
    jmpq *56(%rdi)
    .size longjmp, . - longjmp

    .section .note.GNU-stack, "", @progbits

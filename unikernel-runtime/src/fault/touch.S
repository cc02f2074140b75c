/* SPDX-License-Identifier: Apache-2.0 */
/* touch.S - see touch.h. fault.c has a load that fails go on at mf_touch_failed. */
    .text
    .globl mf_touch, mf_touch_load, mf_touch_failed
    .type mf_touch, @function
mf_touch:
    testq %rsi, %rsi
    jz 1f
    leaq -1(%rdi, %rsi), %rsi
mf_touch_load:
    movb (%rdi), %al
    orq $4095, %rdi
    incq %rdi
    cmpq %rsi, %rdi
    jbe mf_touch_load
1:  movl $1, %eax
    retq
mf_touch_failed:
    xorl %eax, %eax
    retq
    .size mf_touch, . - mf_touch
    .section .note.GNU-stack, "", @progbits

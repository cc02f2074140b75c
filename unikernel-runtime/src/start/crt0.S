/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crt0.S - the image's first instruction. No register holds anything. The thread object of the main
 * thread is at the top of the main stack, its TLS block below it, and below that the stack begins.
 */
#include "thread/layout.h"

    .section .text._start, "ax"
    .globl _start
    .type _start, @function
_start:
    movl $__stack_top - MF_THREAD_BYTES, %edi
    movl $__tls_end, %eax
    subl $__tdata_start, %eax
    movl %edi, %esp
    subl %eax, %esp
    andl $-MF_TLS_ALIGN_MAX, %esp
    xorl %ebp, %ebp
    call mf_start
    ud2
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/* The start of a test's image: a stack, then hvtest_start(), which does not return. */
        .section .mayfly.image, "a"
        .globl mf_image_header
mf_image_header: /* struct mf_image_header: no symbols, no files */
        .long 0x4d49464d, 1
        .quad 0, 0, 0, 0
        .asciz "hv test"
        .org mf_image_header + 72

        .text
        .globl _start
_start:
        lea hvtest_stack_top(%rip), %rsp
        xor %ebp, %ebp
        call hvtest_start
        ud2

        .bss
        .balign 4096
        .globl hvtest_stack
hvtest_stack:
        .space 65536
        .globl hvtest_stack_top
hvtest_stack_top:

        .section .note.GNU-stack, "", @progbits

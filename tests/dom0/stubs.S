/* SPDX-License-Identifier: Apache-2.0 */
/* stubs.S - in place of the hypercall page: each stub hands its number on, as the sixth argument. */
#include "mayfly/layout.h"

    .text
    .globl inject_stubs
    .balign HV_HYPERCALL_STUB_BYTES
inject_stubs:
    .set number, 0
    .rept 64
    .balign HV_HYPERCALL_STUB_BYTES
    movl $number, %r9d
    jmp inject_call
    .set number, number + 1
    .endr
    .section .note.GNU-stack, "", @progbits

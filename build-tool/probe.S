/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.S - the smallest first domain: it ends the machine with code 42. `mayfly run` boots hv with
 * it under KVM to see whether guests really run there (accel.c).
 */
#include "mayfly/layout.h"

#define MACHINE_OFF 17 /* hypercalls.def */
#define PROBE_CODE 42  /* accel.c */

        .section .text
        .globl _start
        .quad 0x000000014d49464d        /* struct mf_image_header: magic, version */
        .fill 64, 1, 0
_start:
        mov     $(stack + 4096), %esp   /* a domain starts without a stack */
        mov     $PROBE_CODE, %edi
        mov     $(HV_HYPERCALL_PAGE + MACHINE_OFF * HV_HYPERCALL_STUB_BYTES), %eax
        call    *%rax
        ud2
        .section .bss
        .balign 4096
stack:  .skip   4096
        .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry - a PVH kernel that writes its time-stamp counter at its first instruction, as 8 raw bytes, to the debug console and
 * ends. What the firmware took before a PVH entry is not hv's; this measures it.
 */
        .code32
        .text
        .globl _start
_start:
        rdtsc
        movl %eax, %ebx
        movl $4, %ecx
        call out4
        movl %edx, %ebx
        movl $4, %ecx
        call out4
        xorl %eax, %eax
        movw $0xf4, %dx
        outb %al, %dx
1:      hlt
        jmp 1b

/* Writes the 4 bytes of ebx, lowest first. */
out4:   movl %edx, %esi
        movw $0xe9, %dx
2:      movb %bl, %al
        outb %al, %dx
        shrl $8, %ebx
        loop 2b
        movl %esi, %edx
        ret

        .section .note.pvh, "a", @note
        .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz "Xen"
        .long _start
        .section .note.GNU-stack, "", @progbits

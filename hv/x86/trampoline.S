/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trampoline.S - how the other CPUs get from real mode to C. The first part is copied to a page below
 * 1 MiB (smp_prepare()) and goes from real mode straight to 64 bits on the early tables, which map
 * that page at its own address; the second part runs in hv's image.
 */
#define CR0_VALUE 0x80010033 /* as in start.S */
#define CR4_VALUE 0xa0
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define AT(label) ((label) - trampoline_start)

    .section .rodata.trampoline, "a"
    .code16
    .globl trampoline_start, trampoline_values, trampoline_end
trampoline_start: /* cs = page / 16, ip = 0 */
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x1000, %sp
    movzwl %ax, %ebx
    shll $4, %ebx
    lgdtl AT(trampoline_gdt)
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl AT(trampoline_values), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    pushl $8
    addl $AT(trampoline_64), %ebx
    pushl %ebx
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    lretl

    .code64
trampoline_64:
    movq $smp_start_64, %rax
    jmp *%rax

    .balign 4
trampoline_values: /* struct trampoline_values */
    .long 0
trampoline_gdt:
    .word 3 * 8 - 1
    .long 0
trampoline_end:

    .text
    .type smp_start_64, @function
smp_start_64:
    lgdt gdt_pointer_high(%rip)
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq smp_cr3(%rip), %rax
    movq %rax, %cr3
    movq smp_stack_top(%rip), %rsp
    movl smp_index(%rip), %edi
    xorl %ebp, %ebp
    call *smp_entry(%rip)
1:  hlt
    jmp 1b

    .section .note.GNU-stack, "", @progbits

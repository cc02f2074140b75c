/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.S - the first instructions of hv on the boot CPU.
 *
 *   pvh_start   32-bit, paging off, ebx = struct hvm_start_info (Xen's docs/misc/pvh.pandoc); the
 *               image lies where hv.ld says.
 *   hv_entry64  64-bit, identity-mapped, rdi = physical address of struct boot_info; the image lies
 *               anywhere below 4 GiB on a 2 MiB boundary.
 *
 * Both load the early page tables: the first 4 GiB at 0 and at DIRECT_MAP_VA, 8 MiB of image at
 * HV_IMAGE_VA. paging_init() replaces them; the other CPUs use them once more while they start.
 */
#define CR0_VALUE 0x80010033 /* PG WP NE ET MP PE */
#define CR4_VALUE 0xa0       /* PGE PAE */
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define STACK_BYTES 0x4000
#define PA(symbol) ((symbol) - 0xffffffff80000000 + 0x200000)

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long PA(pvh_start)

    .section .text.boot, "ax"
    .code32
    .globl pvh_start
    .type pvh_start, @function
pvh_start:
    cli
    cld
    lgdt PA(gdt_pointer)
    movl $PA(early_pml4), %eax
    movl %eax, %cr3
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    ljmp $8, $PA(pvh_start64)

    .code64
pvh_start64:
    movl %ebx, %edi
    movq $pvh_main, %rsi
    jmp start_high

    .globl hv_entry64
    .type hv_entry64, @function
hv_entry64:
    cli
    cld
    /* How far from the address in the tables the image lies, and correct them by it. */
    leaq hv_entry64(%rip), %rax
    subq $PA(hv_entry64), %rax
    leaq early_pml4(%rip), %rbx
    movl $2048, %ecx
1:  testb $1, (%rbx)
    jz 2f
    addq %rax, (%rbx)
2:  addq $8, %rbx
    loop 1b
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $(CR4_VALUE & ~0x80), %eax /* drops the firmware's global TLB entries */
    movq %rax, %cr4
    leaq early_pml4(%rip), %rax
    movq %rax, %cr3
    movl $CR4_VALUE, %eax
    movq %rax, %cr4
    movl $CR0_VALUE, %eax
    movq %rax, %cr0
    movabsq $0xffff800000000000, %rax /* DIRECT_MAP_VA */
    addq %rax, %rdi
    movq $hv_main, %rsi

/* rdi: the argument, rsi: the C function that does not return. Leaves the identity map. */
start_high:
    movq $1f, %rax
    jmp *%rax
1:  lgdt gdt_pointer_high(%rip)
    movq $boot_stack_top, %rsp
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    pushq $8
    pushq $2f
    lretq
2:  xorl %ebp, %ebp /* ends backtraces */
    call *%rsi
3:  hlt
    jmp 3b

    .section .data.boot, "aw"
    .balign 4096
    /* Each entry of these four tables holds an address within the image. */
    .globl early_pml4
early_pml4:
    .quad PA(early_pdpt) + 3
    .fill 255, 8, 0
    .quad PA(early_pdpt) + 3
    .fill 254, 8, 0
    .quad PA(early_pdpt_image) + 3
early_pdpt:
    .quad PA(early_pd) + 3, PA(early_pd) + 0x1003, PA(early_pd) + 0x2003, PA(early_pd) + 0x3003
    .fill 508, 8, 0
early_pdpt_image:
    .fill 510, 8, 0
    .quad PA(early_pd_image) + 3
    .quad 0
early_pd_image:
    .quad 0x200083, 0x400083, 0x600083, 0x800083
    .fill 508, 8, 0
    /* From here on the addresses are absolute. */
early_pd:
    .set address, 0x83
    .rept 2048
    .quad address
    .set address, address + 0x200000
    .endr

    .balign 8
    .globl early_gdt, gdt_pointer_high
early_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 8: 64-bit code */
    .quad 0x00cf93000000ffff /* 16: data */
gdt_pointer:
    .word gdt_pointer - early_gdt - 1
    .long PA(early_gdt)
gdt_pointer_high:
    .word gdt_pointer - early_gdt - 1
    .quad early_gdt

    .section .bss.boot_stack, "aw", @nobits
    .balign 4096
    .globl boot_stack_guard
boot_stack_guard: /* unmapped by hv_main() */
    .skip 4096
    .skip STACK_BYTES
    .globl boot_stack_top
boot_stack_top:

    .section .note.GNU-stack, "", @progbits

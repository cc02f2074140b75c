/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S - all ways from a guest into hv and back, and interrupts within hv.
 *
 * Into hv     An interrupt or exception in a guest: the CPU takes RSP0 from the TSS, which is the end
 *             of the current vCPU's trap frame, so that the frame fills itself; then the CPU's own
 *             stack is used. SYSCALL: only what C does not preserve is stored, there too.
 * Back        guest_resume: everything from the trap frame, by IRET. The short way after a hypercall
 *             that has nothing more to do: SYSRET, with the registers that C may have used cleared.
 * GS          In hv it points to the CPU's block (struct cpu); SWAPGS at each border. A guest may load
 *             any GS base (WRGSBASE): its value tells nothing about where an exception came from.
 * SMAP        RFLAGS.AC is cleared on the way in: by SYSCALL's mask, by clac here. The three bytes at
 *             each .smap_site become stac or clac when the CPU has SMAP (cpu.c).
 */
#define CPU_RESCHED 12
#define CPU_CURRENT 16
#define CPU_USER_RSP 24
#define CPU_STACK_TOP 32

#define TF_R15 0
#define TF_R14 8
#define TF_R13 16
#define TF_R12 24
#define TF_RBP 64
#define TF_RDX 96
#define TF_RBX 104
#define TF_RAX 112
#define TF_RIP 136
#define TF_CS 144
#define TF_RFLAGS 152
#define TF_RSP 160
#define VCPU_HYPERCALLS 192

#define HC_COUNT 64
#define HV_ERR_NOSYS -13
#define MSR_GS_BASE 0xc0000101

.macro smap_site code
    .pushsection .smap_sites, "a", @progbits
    .quad 9f
    .byte \code
    .popsection
9:  .byte 0x0f, 0x1f, 0x00 /* nop */
.endm
.macro stac_site
    smap_site 0xcb /* 0f 01 cb */
.endm
.macro clac_site
    smap_site 0xca /* 0f 01 ca */
.endm

.macro push_registers
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro pop_registers
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
.endm

    .text

/* ---- hypercalls ------------------------------------------------------------------------------- */

    .globl syscall_entry
    .type syscall_entry, @function
    .align 64
syscall_entry: /* rcx: guest rip, r11: guest flags; interrupts are off, AC, DF, TF, NT clear */
    swapgs
    movq %rsp, %gs:CPU_USER_RSP
    movq %gs:CPU_CURRENT, %rsp
    movq %rcx, TF_RIP(%rsp)
    movq %r11, TF_RFLAGS(%rsp)
    movq %rbx, TF_RBX(%rsp)
    movq %rbp, TF_RBP(%rsp)
    movq %r12, TF_R12(%rsp)
    movq %r13, TF_R13(%rsp)
    movq %r14, TF_R14(%rsp)
    movq %r15, TF_R15(%rsp)
    incq VCPU_HYPERCALLS(%rsp)
    movq %gs:CPU_USER_RSP, %rcx
    movq %rcx, TF_RSP(%rsp)
    movq %gs:CPU_STACK_TOP, %rsp
    movq %r10, %rcx
    cmpl $HC_COUNT, %eax
    jae 2f
    movl %eax, %eax
    callq *hc_table(, %rax, 8)
1:  cmpl $0, %gs:CPU_RESCHED
    jne 3f
    movq %gs:CPU_CURRENT, %r8
    movq TF_RIP(%r8), %rcx /* below HV_GUEST_END, so canonical: nobody executes elsewhere */
    movq TF_RFLAGS(%r8), %r11
    movq TF_RSP(%r8), %rsp
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    swapgs
    sysretq
2:  movq $HV_ERR_NOSYS, %rax
    xorl %edx, %edx
    jmp 1b
3:  movq %gs:CPU_CURRENT, %r8
    movq %rax, TF_RAX(%r8)
    movq %rdx, TF_RDX(%r8)
    jmp sched_run
    .size syscall_entry, . - syscall_entry

/* ---- interrupts and exceptions ---------------------------------------------------------------- */

    .type trap_common, @function
    .align 16
trap_common: /* on the stack: vector, error code, and what the CPU pushed */
    testb $3, 24(%rsp)
    jz trap_in_hv
    swapgs
    push_registers
    clac_site
    cld
    movq %rsp, %rdi
    movq %gs:CPU_STACK_TOP, %rsp
    xorl %ebp, %ebp
trap_from_guest:
    callq trap_guest
    cmpl $0, %gs:CPU_RESCHED
    jne sched_run

    .globl guest_resume
guest_resume:
    movq %gs:CPU_CURRENT, %rsp
    pop_registers
    addq $16, %rsp
    swapgs
    iretq
    .size trap_common, . - trap_common

    .globl arch_resume
    .type arch_resume, @function
arch_resume:
    jmp guest_resume
    .size arch_resume, . - arch_resume

    .globl arch_resume_or_resched
    .type arch_resume_or_resched, @function
arch_resume_or_resched:
    cmpl $0, %gs:CPU_RESCHED
    jne sched_run
    jmp guest_resume
    .size arch_resume_or_resched, . - arch_resume_or_resched

    .type trap_in_hv, @function
trap_in_hv:
    push_registers
    clac_site
    cld
    movq %rsp, %rdi
    callq trap_hv
    pop_registers
    addq $16, %rsp
    iretq
    .size trap_in_hv, . - trap_in_hv

/*
 * On a stack of its own, anywhere. From a guest, GS is the guest's, whatever it has made of it. In hv it
 * may still be, or again be, the guest's, as between SYSCALL and SWAPGS: so it is set from the word
 * above the stack, where cpu.c has put the CPU's block, and put back. trap_ist() returns 0 to go on
 * where it was, or 1 when it has put an exception of the guest into the vCPU's trap frame.
 */
#define IST_CPU 176 /* above the trap frame */
    .type trap_ist_common, @function
trap_ist_common:
    push_registers
    clac_site
    cld
    movl $MSR_GS_BASE, %ecx
    xorl %ebx, %ebx
    testb $3, TF_CS(%rsp)
    jz 1f
    swapgs
    jmp 2f
1:  incl %ebx
    rdmsr
    movl %eax, %r12d
    movl %edx, %r13d
    movl IST_CPU(%rsp), %eax
    movl IST_CPU+4(%rsp), %edx
    wrmsr
2:  movq %rsp, %rdi
    callq trap_ist
    testl %eax, %eax
    jnz 5f
    testl %ebx, %ebx
    jz 3f
    movl $MSR_GS_BASE, %ecx
    movl %r12d, %eax
    movl %r13d, %edx
    wrmsr
    jmp 4f
3:  swapgs
4:  pop_registers
    addq $16, %rsp
    iretq
5:  movq %gs:CPU_CURRENT, %rdi
    movq %gs:CPU_STACK_TOP, %rsp
    xorl %ebp, %ebp
    jmp trap_from_guest
    .size trap_ist_common, . - trap_ist_common

/* One stub of 16 bytes for each vector. */
    .globl trap_stubs
    .type trap_stubs, @function
    .align 16
trap_stubs:
    vector = 0
    .rept 256
    .align 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    .if vector == 1 || vector == 2 || vector == 8 || vector == 18
    jmp trap_ist_common
    .else
    jmp trap_common
    .endif
    vector = vector + 1
    .endr
    .size trap_stubs, . - trap_stubs

/* ---- memory of guests ------------------------------------------------------------------------- */

/* uint64_t user_copy(void *to, const void *from, uint64_t bytes): bytes that were not copied. One of
 * the addresses is a guest's; faults that cannot be resolved end the copy (ex_table, trap.c). */
    .globl user_copy
    .type user_copy, @function
user_copy:
    stac_site
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
1:  rep movsq
    movl %edx, %ecx
2:  rep movsb
    clac_site
    xorl %eax, %eax
    retq
3:  leaq (%rdx, %rcx, 8), %rcx
4:  clac_site
    movq %rcx, %rax
    retq
    .size user_copy, . - user_copy
    .pushsection __ex_table, "a", @progbits
    .long 1b - ., 3b - .
    .long 2b - ., 4b - .
    .popsection

/* ---- idling ----------------------------------------------------------------------------------- */

/* Waits with interrupts on; the handler returns here. */
    .globl cpu_idle_wait
    .type cpu_idle_wait, @function
cpu_idle_wait:
    sti
    hlt
    cli
    retq
    .size cpu_idle_wait, . - cpu_idle_wait

    .section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - see frame.h. */
#include "fault/frame.h"

#include <string.h>

#include "mayfly/hypercall.h"

#define FPU_LEGACY 1u        /* mf_fpu_mask: FXSAVE */
#define ENTRY_CLEAR 0x40500u /* AC, DF, TF: as hv enters a handler */
#define GREGS(context) ((context)->uc_mcontext.gregs)

extern uint32_t mf_fpu_mask; /* entry.S: components that XSAVE stores, or FPU_LEGACY */

static void load_fpu(const void *fpu)
{
    const char(*const area)[HV_FPU_BYTES] = (const char(*)[HV_FPU_BYTES])fpu;
    if (mf_fpu_mask == FPU_LEGACY) {
        __asm__ volatile("fxrstor64 %0" ::"m"(*area));
    } else {
        __asm__ volatile("xrstor64 %0" ::"m"(*area), "a"(mf_fpu_mask), "d"(0));
    }
}

void mf_fault_resume(const struct hv_fault *f, const void *fpu)
{
    load_fpu(fpu);
    hv_fault_return(&f->regs);
    __builtin_trap();
}

struct mf_frame *mf_frame_push(uint64_t top, const struct hv_fault *f, const void *fpu)
{
    const uint64_t at = (top - MF_RED_ZONE_BYTES - sizeof(struct mf_frame)) & ~(uint64_t)63;
    struct mf_frame *const frame = (struct mf_frame *)(uintptr_t)at;
    memcpy(frame->fpu, fpu, sizeof(frame->fpu));
    frame->regs = f->regs;
    frame->vector = f->vector;
    frame->error_code = f->error_code;
    frame->address = f->address;
    return frame;
}

void mf_frame_enter(struct mf_frame *frame, void (*fn)(struct mf_frame *frame))
{
    struct hv_regs go = frame->regs;
    go.rdi = (uint64_t)(uintptr_t)frame;
    go.rsp = go.rdi - 8; /* as if called */
    go.rbp = 0;
    go.rip = (uint64_t)(uintptr_t)fn;
    go.rflags &= ~(uint64_t)ENTRY_CLEAR;
    hv_fault_return(&go);
    __builtin_trap();
}

void mf_frame_resume(struct mf_frame *frame)
{
    load_fpu(frame->fpu);
    hv_fault_return(&frame->regs);
    __builtin_trap();
}

/* gregs[] and the registers in the same order, both ways. */
#define EACH_REGISTER(DO)                                                                          \
    DO(REG_R8, r8)                                                                                 \
    DO(REG_R9, r9)                                                                                 \
    DO(REG_R10, r10)                                                                               \
    DO(REG_R11, r11)                                                                               \
    DO(REG_R12, r12)                                                                               \
    DO(REG_R13, r13)                                                                               \
    DO(REG_R14, r14)                                                                               \
    DO(REG_R15, r15)                                                                               \
    DO(REG_RDI, rdi)                                                                               \
    DO(REG_RSI, rsi)                                                                               \
    DO(REG_RBP, rbp)                                                                               \
    DO(REG_RBX, rbx)                                                                               \
    DO(REG_RDX, rdx)                                                                               \
    DO(REG_RAX, rax)                                                                               \
    DO(REG_RCX, rcx)                                                                               \
    DO(REG_RSP, rsp)                                                                               \
    DO(REG_RIP, rip)                                                                               \
    DO(REG_EFL, rflags)

void mf_frame_to_context(struct mf_frame *frame)
{
    const struct mf_thread *const self = mf_thread_self();
    ucontext_t *const c = &frame->context;
    *c = (ucontext_t){.uc_sigmask = self->signal_mask, .uc_mcontext.fpregs = frame->fpu};
    c->uc_stack = (stack_t){.ss_sp = self->altstack,
                            .ss_flags = self->altstack == NULL ? SS_DISABLE : 0,
                            .ss_size = self->altstack_bytes};
#define STORE(index, name) GREGS(c)[index] = (greg_t)frame->regs.name;
    EACH_REGISTER(STORE)
#undef STORE
    GREGS(c)[REG_ERR] = frame->error_code;
    GREGS(c)[REG_TRAPNO] = frame->vector;
    GREGS(c)[REG_CR2] = (greg_t)frame->address;
}

void mf_frame_from_context(struct mf_frame *frame)
{
    const ucontext_t *const c = &frame->context;
#define LOAD(index, name) frame->regs.name = (uint64_t)GREGS(c)[index];
    EACH_REGISTER(LOAD)
#undef LOAD
    if (c->uc_mcontext.fpregs != frame->fpu && c->uc_mcontext.fpregs != NULL) {
        memcpy(frame->fpu, c->uc_mcontext.fpregs, 512);
    }
}

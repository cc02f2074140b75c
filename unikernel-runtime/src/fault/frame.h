/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - what is put onto a thread's stack when it is interrupted, by a fault or by the timer: all
 * that is needed to go on there later, and what its signal handler may see of it.
 *
 * Way: hv enters mf_fault_entry() on the fault stack; mf_frame_push() copies what it got to the
 * thread's own stack; mf_frame_enter() leaves the fault stack for a function on the thread's;
 * mf_frame_resume() ends that function and lets the thread go on.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "mayfly/abi.h"
#include "thread/thread_internal.h"

/* Below the stack pointer, code may keep data (System V ABI 3.2.2). */
#define MF_RED_ZONE_BYTES 128u
/* What must be left of a stack for the runtime to run on it: the idle loop, the network. */
#define MF_STACK_ROOM_BYTES 8192u

struct mf_frame {
    uint8_t fpu[HV_FPU_BYTES] __attribute__((aligned(64))); /* as XSAVE or FXSAVE stored it */
    struct hv_regs regs;
    uint32_t vector, error_code;
    uint64_t address;
    siginfo_t info;
    ucontext_t context;
};

/** Whether `sp` lies in the alternate signal stack of `t`. */
static inline bool mf_is_on_altstack(const struct mf_thread *t, uint64_t sp)
{
    return t->altstack != NULL && sp - (uint64_t)(uintptr_t)t->altstack <= t->altstack_bytes;
}

/**
 * A frame below `top` (an address on the thread's stack, or the end of another stack), with f and
 * fpu copied into it; info is not filled in.
 */
struct mf_frame *mf_frame_push(uint64_t top, const struct hv_fault *f, const void *fpu);

/** Ends the fault: fn(frame), which does not return, runs below the frame. */
void mf_frame_enter(struct mf_frame *frame, void (*fn)(struct mf_frame *frame))
    __attribute__((noreturn));

/** Goes on where the frame says. Called on the stack that it lies on. */
void mf_frame_resume(struct mf_frame *frame) __attribute__((noreturn));

/** Goes on at once, from the fault stack. */
void mf_fault_resume(const struct hv_fault *f, const void *fpu) __attribute__((noreturn));

/** Fills in frame->context for a handler, and takes over what the handler changed there. */
void mf_frame_to_context(struct mf_frame *frame);
void mf_frame_from_context(struct mf_frame *frame);

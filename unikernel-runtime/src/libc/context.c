/* SPDX-License-Identifier: Apache-2.0 */
/* context.c - makecontext(): a first frame on a stack of the caller's (see context.S). */
#include <ucontext.h>

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "libc/context.h"

void mf_context_end(void);
void mf_context_next(const ucontext_t *next) __attribute__((noreturn));

_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs) == CONTEXT_GREG(0), "context.h");
_Static_assert(offsetof(ucontext_t, uc_mcontext.__reserved) == CONTEXT_HAS_FPU, "context.h");
_Static_assert(offsetof(ucontext_t, uc_sigmask) == CONTEXT_MASK, "context.h");
_Static_assert(SIG_SETMASK == CONTEXT_SIG_SETMASK, "context.h");

#define REGISTER(context, offset) (*(uint64_t *)(void *)((char *)(context) + (offset)))

void mf_context_next(const ucontext_t *next)
{
    if (next != NULL) {
        setcontext(next);
    }
    pthread_exit(NULL);
}

void makecontext(ucontext_t *context, void (*function)(void), int argc, ...)
{
    static const uint16_t registers[] = {CONTEXT_RDI, CONTEXT_RSI, CONTEXT_RDX,
                                         CONTEXT_RCX, CONTEXT_R8,  CONTEXT_R9};
    const int in_registers = sizeof(registers) / sizeof(registers[0]);
    const size_t on_stack = argc > in_registers ? (size_t)(argc - in_registers) : 0;
    const uintptr_t end = (uintptr_t)context->uc_stack.ss_sp + context->uc_stack.ss_size;
    /* At the function's first instruction the return address is there, 8 below a multiple of 16. */
    uint64_t *const stack = (uint64_t *)(((end - on_stack * 8) & ~(uintptr_t)15) - 8);
    va_list arguments;
    va_start(arguments, argc);
    for (int i = 0; i < argc; i++) {
        const uint64_t value = va_arg(arguments, uint64_t);
        if (i < in_registers) {
            REGISTER(context, registers[i]) = value;
        } else {
            stack[1 + i - in_registers] = value;
        }
    }
    va_end(arguments);
    stack[0] = (uintptr_t)mf_context_end;
    REGISTER(context, CONTEXT_RSP) = (uintptr_t)stack;
    REGISTER(context, CONTEXT_RIP) = (uintptr_t)function;
    REGISTER(context, CONTEXT_RBX) = (uintptr_t)context->uc_link;
    REGISTER(context, CONTEXT_RBP) = 0; /* a backtrace ends here */
}

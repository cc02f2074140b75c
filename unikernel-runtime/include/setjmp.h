/* SPDX-License-Identifier: Apache-2.0 */
/* setjmp.h - newlib's, and the variants of POSIX that save the signal mask. */
#pragma once

#include_next <setjmp.h>

#include <sys/signal.h>

#ifndef _SIGJMP_BUF_DECLARED
#define _SIGJMP_BUF_DECLARED
typedef struct {
    jmp_buf __registers;
    int __mask_saved;
    sigset_t __mask;
} sigjmp_buf[1];
#endif

/* Macros, as setjmp() must be called in the frame that is returned to. */
#define sigsetjmp(env, save)                                                                       \
    ((env)->__mask_saved = (save),                                                                 \
     (env)->__mask_saved ? (void)sigprocmask(SIG_BLOCK, 0, &(env)->__mask) : (void)0,              \
     setjmp((env)->__registers))

#define siglongjmp(env, value)                                                                     \
    ((env)->__mask_saved ? (void)sigprocmask(SIG_SETMASK, &(env)->__mask, 0) : (void)0,            \
     longjmp((env)->__registers, (value)))

/* Without the mask, as setjmp() and longjmp() here. */
#define _setjmp(env) setjmp(env)
#define _longjmp(env, value) longjmp((env), (value))

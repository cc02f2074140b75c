/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone.h - what a guest does to be cloned, and when it finds that it is a clone.
 *
 * dom0 may copy a running guest at any moment: memory and registers, but not the window. The clone
 * has a window of its own: an info page with another name, addresses and seed, and a generation that
 * its memory does not know, empty rings, and zeroes where packets were. So nothing of the window may
 * be in use at the moment of the copy: code that uses it does so between mf_critical_enter() and
 * mf_critical_leave(), which dom0 sees in the info page, and never waits there. Whoever enters finds
 * out about a new generation first, and with it everything is attached to the new window.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "start/info.h"

/* Something of the runtime that has to be attached anew. */
struct mf_clone_hook {
    void (*attach)(void);
    struct mf_clone_hook *next; /* set by mf_clone_register() */
};

/** Has attach() called in each clone, before the application goes on. It must not block. */
void mf_clone_register(struct mf_clone_hook *hook);

/* clone.c's own. */
extern uint32_t mf_clone_generation; /* of the window that everything is attached to */
extern uint32_t mf_critical_depth;
void mf_clone_attach(void);

/** From here on the guest is not cloned. Nests. What is attached to the window may be out of date. */
static inline void mf_critical_enter_unchecked(void)
{
    mf_info()->critical = ++mf_critical_depth;
    __asm__ volatile("" ::: "memory");
}

/** As mf_critical_enter_unchecked(), and what is attached to the window is up to date. */
static inline void mf_critical_enter(void)
{
    mf_critical_enter_unchecked();
    if (__builtin_expect(mf_info()->generation != mf_clone_generation, 0)) {
        mf_clone_attach();
    }
}

static inline void mf_critical_leave(void)
{
    __asm__ volatile("" ::: "memory");
    mf_info()->critical = --mf_critical_depth;
}

/** Before a wait in the middle of critical code: leaves it. Returns what to give to resume. */
static inline uint32_t mf_critical_suspend(void)
{
    const uint32_t depth = mf_critical_depth;
    __asm__ volatile("" ::: "memory");
    mf_critical_depth = 0;
    mf_info()->critical = 0;
    return depth;
}

/** Afterwards. Everything may have been attached anew meanwhile. */
static inline void mf_critical_resume(uint32_t depth)
{
    if (depth != 0) {
        mf_critical_enter();
        mf_critical_depth = depth;
        mf_info()->critical = depth;
    }
}

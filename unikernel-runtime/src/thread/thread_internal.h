/* SPDX-License-Identifier: Apache-2.0 */
/* thread_internal.h - struct mf_thread, for thread/, start/, fault/ and signal/ only. */
#pragma once

#include <signal.h>

#include "start/link.h"
#include "thread/idle.h"
#include "thread/layout.h"
#include "thread/thread.h"

enum mf_thread_state {
    MF_THREAD_RUNNABLE = 0, /* running, or in the run queue */
    MF_THREAD_BLOCKED = 1,  /* mf_thread_wake() makes it runnable */
    MF_THREAD_ENDED = 2,    /* never runs again */
};

/* Why a blocked thread was made runnable. */
enum mf_wake_reason {
    MF_WAKE_NORMAL = 0,
    MF_WAKE_TIMEOUT = 1,
    MF_WAKE_SIGNAL = 2,
};

struct mf_thread {
    struct mf_thread *self;            /* %fs:0, the ABI's */
    void *stack_pointer;               /* while it does not run */
    struct mf_thread *next, *previous; /* in the run queue or in `queue` */
    struct mf_waitq *queue;            /* that it is blocked on, or NULL */
    uint64_t canary;                   /* %fs:40, the ABI's */
    uint8_t state;                     /* enum mf_thread_state */
    uint8_t wake_reason;               /* enum mf_wake_reason */
    uint8_t detached;
    uint8_t cancel_disabled; /* pthread_setcancelstate() */
    uint32_t process;        /* after how many forks it was made, or has survived */
    uint32_t id;             /* gettid-like, 1 is the main thread */
    struct mf_timer timer;   /* the deadline of a wait */
    char *stack_low;         /* lowest usable byte; the page below is the guard */
    struct mf_waitq joiners; /* who waits for the end */
    void *result;            /* of the start function, once ENDED */
    void (*run_at_end)(struct mf_thread *self); /* pthread.c: clean-up handlers, key destructors */
    void **specific;                          /* pthread.c: values of keys; NULL until first used */
    struct _pthread_cleanup_context *cleanup; /* pthread.c: pthread_cleanup_push() */
    char name[16];                            /* pthread_setname_np() */
    sigset_t signal_mask;
    sigset_t signals_pending; /* pthread_kill() */
};

extern struct mf_thread *mf_thread_survivor; /* of a fork; NULL: there was none */

/** The thread object of main(); in a process that was forked, of the thread that called fork(). */
static inline struct mf_thread *mf_thread_main(void)
{
    if (mf_thread_survivor != NULL) {
        return mf_thread_survivor;
    }
    char *top = __stack_top;
    __asm__("" : "+r"(top)); /* not "one byte before an array" for the compiler's warnings */
    return (struct mf_thread *)(void *)(top - MF_THREAD_BYTES);
}

/** Switches stacks: saves in *save_sp, continues where new_sp was saved. FS base is the caller's.
 */
void mf_thread_switch(void **save_sp, void *new_sp);

/** As mf_thread_start(), for who joins or detaches it. */
int mf_thread_create(void *(*fn)(void *), void *arg, size_t stack_bytes, struct mf_thread **out);

/** Ends the calling thread; the last one ends the guest with exit(0). */
void mf_thread_end(void *result) __attribute__((noreturn));

/** Waits for the end of `t`, which is not detached, and frees it. Returns 0. */
int mf_thread_join(struct mf_thread *t, void **result);

/** Nobody will join `t`. */
void mf_thread_detach(struct mf_thread *t);

/** In a process that was just forked: the caller is its only thread. */
void mf_thread_forget_others(void);

/** Ends a wait of `t` with -EINTR. */
void mf_thread_interrupt(struct mf_thread *t);

/** Copies the TLS image to below `t` and sets t->self; the rest of the block must be zero. */
void mf_thread_init_tls(struct mf_thread *t);

/** Sets the FS base of the main thread, with nothing to write yet. */
void mf_thread_set_first_fs_base(void *base);

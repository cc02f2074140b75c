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

/* What a wait may be ended by, and may do. */
#define MF_WAIT_OUTSIDE 1u /* devices, dom0 or timers end it: somebody has to look at them */
#define MF_WAIT_CANCEL 2u  /* a cancellation point */

/* mf_thread.cancel */
#define MF_CANCEL_DISABLED 1u
#define MF_CANCEL_ASYNC 2u
#define MF_CANCEL_PENDING 4u
#define MF_CANCEL_SEEN 8u /* a wait has ended with -EINTR for it */
#define MF_RESTARTS 16u   /* all handlers that mf_signal_deliver() ran last had SA_RESTART */

struct mf_signal_info;

struct mf_thread {
    struct mf_thread *self;            /* %fs:0, the ABI's */
    void *stack_pointer;               /* while it does not run */
    struct mf_thread *next, *previous; /* in the run queue or in `queue` */
    struct mf_waitq *queue;            /* that it is blocked on, or NULL */
    uint64_t canary;                   /* %fs:40, the ABI's */
    uint8_t state;                     /* enum mf_thread_state */
    uint8_t wake_reason;               /* enum mf_wake_reason */
    uint8_t wait_kind;                 /* MF_WAIT_*, while BLOCKED */
    uint8_t cancel;                    /* MF_CANCEL_* */
    uint32_t id;                       /* gettid-like, 1 is the main thread */
    struct mf_timer timer;             /* the deadline of a wait */
    char *stack_low;                   /* lowest usable byte; the page below is the guard */
    struct mf_waitq joiners;           /* who waits for the end */
    void *result;                      /* of the start function, once ENDED */
    void (*run_at_end)(struct mf_thread *self); /* pthread.c: destructors of keys */
    void **specific;                          /* pthread.c: values of keys; NULL until first used */
    struct _pthread_cleanup_context *cleanup; /* pthread.c: pthread_cleanup_push() */
    char name[16];                            /* pthread_setname_np() */
    sigset_t signal_mask;
    sigset_t signals_pending;               /* pthread_kill() */
    struct mf_signal_info *signal_infos;    /* more about pending ones, oldest first */
    struct mf_thread *all_next, **all_link; /* of all threads but main() */
    uint64_t cpu_ticks;                     /* of the TSC, while it ran, up to the last switch */
    char *altstack;                         /* sigaltstack(); NULL: none */
    uint32_t altstack_bytes;
    uint8_t detached, joined, stack_is_users;
    uint8_t guard_pages;       /* below stack_low, beyond the first */
    uint32_t process;          /* after how many forks it was made, or has survived */
    uint32_t locks;            /* of newlib that it holds: it is not cancelled */
    char *fault_frame;         /* preempt.h */
    void *robust_mutexes;      /* mutex.c: those that it holds */
    struct mf_held_file *held; /* fd.c: of calls below which handlers run, the innermost first */
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

/** Switches stacks: saves in *save_sp, continues where new_sp was saved. FS base is the
 * caller's. */
void mf_thread_switch(void **save_sp, void *new_sp);

/** The thread after `t` in the list of all that have not ended; first NULL; at the end NULL. */
struct mf_thread *mf_thread_next(const struct mf_thread *t);

/** How many have not ended. */
extern uint32_t mf_thread_count;

/** Blocked threads that wait with MF_WAIT_OUTSIDE. */
extern uint32_t mf_outside_waiters;

/** As mf_thread_wait(); kind: MF_WAIT_*. With MF_WAIT_CANCEL as mf_thread_sleep(). */
int mf_thread_block(struct mf_waitq *q, uint64_t deadline_ns, unsigned int kind);

/** Whether another thread could run now. */
bool mf_thread_others_can_run(void);

/** Lets the other runnable threads go first, if there are any; polls nothing. */
void mf_thread_give_way(void);

/** Puts a thread that is ready in every other way at the end of the run queue. */
void mf_thread_enqueue(struct mf_thread *t);

/** The calling thread has ended: goes on with another one, for ever. */
void mf_thread_leave(void) __attribute__((noreturn));

/** How long `t` has run, in ticks of the TSC; also while other guests had the CPU. */
uint64_t mf_thread_cpu_ticks(const struct mf_thread *t);

/** Whether there has ever been a second thread; before that nobody's time is counted. */
bool mf_thread_has_started(void);

/** The guest slept for so many ticks: nobody is charged for them. */
void mf_thread_slept(uint64_t ticks);

/** Finds out how the FS base is set. Before the first switch. */
void mf_thread_find_fs_method(void);

/** How a thread is made; all zero: as pthread_create() without attributes. */
struct mf_thread_spec {
    size_t stack_bytes, guard_bytes; /* 0: the default, one page */
    char *stack;                     /* NULL, or the caller's own, stack_bytes long */
    bool detached;
};

/** As mf_thread_start(), for who joins or detaches it. */
int mf_thread_create(void *(*fn)(void *), void *arg, const struct mf_thread_spec *spec,
                     struct mf_thread **out);

/** Marks mutexes of `self`, which ends, as those of a dead owner (mutex.c). */
void mf_mutex_abandon(struct mf_thread *self);

/** life.c's part of mf_thread_forget_others(). */
void mf_thread_drop_others(void);

/** Counts forks on the way to this process: older threads are not in it. */
extern uint32_t mf_thread_process;

/** In a process that was just forked: the caller is its only thread. */
void mf_thread_forget_others(void);

/** Ends the calling thread; the last one ends the guest with exit(0). */
void mf_thread_end(void *result) __attribute__((noreturn));

/**
 * Waits for the end of `t`, which is not detached, and frees it. Returns 0, or -EINTR (the caller is to
 * be cancelled; `t` can still be joined).
 */
int mf_thread_join(struct mf_thread *t, void **result);

/** Behind the highest byte of its stack, of which the thread object and TLS are the top. */
const char *mf_thread_stack_end(const struct mf_thread *t);

/** Nobody will join `t`. */
void mf_thread_detach(struct mf_thread *t);

/** Ends a wait of `t` for a signal or to be cancelled. */
void mf_thread_interrupt(struct mf_thread *t);

/** Copies the TLS image to below `t` and sets t->self; the rest of the block must be zero. */
void mf_thread_init_tls(struct mf_thread *t);

/** Whether the calling thread is to be cancelled now. */
static inline bool mf_thread_is_cancelled(void)
{
    const struct mf_thread *const self = mf_thread_self();
    return (self->cancel & (MF_CANCEL_PENDING | MF_CANCEL_DISABLED)) == MF_CANCEL_PENDING &&
           self->locks == 0;
}

/** Sets the FS base of the main thread, with nothing to write yet. */
void mf_thread_set_first_fs_base(void *base);

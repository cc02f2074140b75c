/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/signal.h - signals (POSIX.1-2008), Linux numbers. Takes the place of newlib's file, which has
 * no SA_SIGINFO and SA_RESTART and knows a few numbers only. Signals come from the guest itself
 * (raise(), kill(getpid()), pthread_kill(), timers, faults), from other processes, and from dom0.
 */
#ifndef _SYS_SIGNAL_H
#define _SYS_SIGNAL_H

#include <_ansi.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGIOT SIGABRT
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCLD SIGCHLD
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPOLL SIGIO
#define SIGPWR 30
#define SIGSYS 31
#define NSIG 64
#define _NSIG NSIG
#define SIGRTMIN 32 /* those up to SIGRTMAX queue: each one that was sent comes */
#define SIGRTMAX 63

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 0x1
#define SA_NOCLDWAIT 0x2
#define SA_SIGINFO 0x4
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_MESGQ (-3)
#define SI_ASYNCIO (-4)
#define SI_TKILL (-6)
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6

union sigval {
    int sival_int;
    void *sival_ptr;
};

typedef struct {
    int si_signo;
    int si_errno;
    int si_code;
    pid_t si_pid;
    uid_t si_uid;
    void *si_addr;
    int si_status;
    long si_band;
    union sigval si_value;
    int si_timerid; /* SI_TIMER */
    int si_overrun; /* SI_TIMER: as timer_getoverrun() */
} siginfo_t;

#define si_int si_value.sival_int
#define si_ptr si_value.sival_ptr

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2

struct sigevent {
    int sigev_notify;
    int sigev_signo;
    union sigval sigev_value;
    void (*sigev_notify_function)(union sigval value);
    pthread_attr_t *sigev_notify_attributes;
};

typedef void (*_sig_func_ptr)(int number);

#define SIG_HOLD ((_sig_func_ptr)2) /* for sigset() */

#if __GNU_VISIBLE
typedef _sig_func_ptr sighandler_t;
#endif

struct sigaction {
    union {
        _sig_func_ptr __handler;
        void (*__action)(int number, siginfo_t *info, void *context);
    } __function;
    sigset_t sa_mask;
    int sa_flags;
};

#define sa_handler __function.__handler
#define sa_sigaction __function.__action

#define MINSIGSTKSZ 8192
#define SIGSTKSZ 32768
#define SS_ONSTACK 1
#define SS_DISABLE 2

typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

/* The registers of what a signal interrupted, in the order of <sys/ucontext.h>'s REG_* of Linux. */
typedef long long greg_t;
typedef greg_t gregset_t[23];
typedef struct {
    gregset_t gregs;
    void *fpregs; /* as FXSAVE stores them */
    unsigned long long __reserved[8];
} mcontext_t;

/*
 * What the third argument of a handler points to. Changes of gregs and fpregs take effect when the
 * handler returns, if it was a fault or a signal to a thread that computed; otherwise there was a
 * call at which the signal came, and gregs is zero.
 */
typedef struct ucontext_t {
    unsigned long uc_flags;
    struct ucontext_t *uc_link;
    stack_t uc_stack;
    mcontext_t uc_mcontext;
    sigset_t uc_sigmask;
} ucontext_t;

#if __GNU_VISIBLE
enum {
    REG_R8 = 0,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    REG_RDI,
    REG_RSI,
    REG_RBP,
    REG_RBX,
    REG_RDX,
    REG_RAX,
    REG_RCX,
    REG_RSP,
    REG_RIP,
    REG_EFL,
    REG_CSGSFS,
    REG_ERR,
    REG_TRAPNO,
    REG_OLDMASK,
    REG_CR2
};
#endif

__BEGIN_DECLS
int kill(pid_t pid, int number);
int killpg(pid_t group, int number);
void psiginfo(const siginfo_t *info, const char *text);
int pthread_kill(pthread_t thread, int number);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int sigaction(int number, const struct sigaction *action, struct sigaction *old);
int sigaddset(sigset_t *set, int number);
int sigaltstack(const stack_t *__restrict stack, stack_t *__restrict old);
int sigdelset(sigset_t *set, int number);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sighold(int number);
int sigignore(int number);
int siginterrupt(int number, int flag);
int sigismember(const sigset_t *set, int number);
int sigpending(sigset_t *set);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int sigqueue(pid_t pid, int number, union sigval value);
int sigrelse(int number);
int sigpause(int number);
_sig_func_ptr sigset(int number, _sig_func_ptr handler);
int sigsuspend(const sigset_t *mask);
int sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info,
                 const struct timespec *__restrict timeout);
int sigwait(const sigset_t *set, int *number);
int sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info);
__END_DECLS

#ifndef _SIGNAL_H_
#include <signal.h>
#endif

#endif

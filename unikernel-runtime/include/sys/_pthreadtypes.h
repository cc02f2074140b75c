/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/_pthreadtypes.h - the types of <pthread.h>. Threads run on one CPU and are preempted in the
 * program's own code only, so that an object is plain fields and a queue of those who wait; only of
 * those that processes share fields are touched atomically (family/sync.h). All-zero bytes are a valid, unlocked object. Programs use the functions and
 * initialisers only.
 */
#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_

#include <stddef.h>
#include <sys/_types.h>
#include <sys/sched.h>

#define PTHREAD_SCOPE_PROCESS 0
#define PTHREAD_SCOPE_SYSTEM 1
#define PTHREAD_INHERIT_SCHED 1
#define PTHREAD_EXPLICIT_SCHED 2
#define PTHREAD_CREATE_DETACHED 0
#define PTHREAD_CREATE_JOINABLE 1
#define PTHREAD_PROCESS_PRIVATE 0
#define PTHREAD_PROCESS_SHARED 1
#define PTHREAD_PRIO_NONE 0
#define PTHREAD_PRIO_INHERIT 1
#define PTHREAD_PRIO_PROTECT 2
#define PTHREAD_MUTEX_NORMAL 0
#define PTHREAD_MUTEX_RECURSIVE 1
#define PTHREAD_MUTEX_ERRORCHECK 2
#define PTHREAD_MUTEX_DEFAULT 0
#define PTHREAD_MUTEX_STALLED 0
#define PTHREAD_MUTEX_ROBUST 1
#ifndef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 16384
#endif

typedef unsigned long pthread_t; /* address of the thread's structure */
typedef unsigned int pthread_key_t;

struct __mf_waiters {
    void *__first, *__last;
};

typedef struct {
    int __detachstate;
    int __reserved;
    void *__stackaddr;
    size_t __stacksize; /* 0: the default */
    size_t __guardsize;
    int __scope;
    int __inherit;
    int __policy;
    struct sched_param __param;
} pthread_attr_t;

typedef struct {
    void *__owner; /* NULL: free */
    unsigned int __count;
    unsigned int __type; /* PTHREAD_MUTEX_*, and more (mutex.c) */
    struct __mf_waiters __waiters;
    void *__next; /* robust: the owner's next one */
} pthread_mutex_t;

#define _PTHREAD_MUTEX_INITIALIZER                                                                 \
    {                                                                                              \
        0                                                                                          \
    }
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP                                                     \
    {                                                                                              \
        0, 0, PTHREAD_MUTEX_RECURSIVE                                                              \
    }
#define PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP                                                    \
    {                                                                                              \
        0, 0, PTHREAD_MUTEX_ERRORCHECK                                                             \
    }

typedef struct {
    int __type;
    int __process_shared;
    int __protocol;
    int __robust;
} pthread_mutexattr_t;

typedef struct {
    __clockid_t __clock;
    int __reserved;
    struct __mf_waiters __waiters;
} pthread_cond_t;

#define _PTHREAD_COND_INITIALIZER                                                                  \
    {                                                                                              \
        0                                                                                          \
    }

typedef struct {
    __clockid_t __clock;
    int __process_shared;
} pthread_condattr_t;

typedef int pthread_once_t; /* 0: not run, 1: running, 2: done; programs assign it */

#define _PTHREAD_ONCE_INIT 0

typedef struct {
    unsigned int __limit;
    unsigned int __count;
    unsigned int __round;
    int __reserved;
    struct __mf_waiters __waiters;
} pthread_barrier_t;

typedef struct {
    int __process_shared;
} pthread_barrierattr_t;

typedef unsigned int pthread_spinlock_t;

typedef struct {
    void *__writer;
    unsigned int __readers;
    unsigned int __writers_waiting;
    struct __mf_waiters __waiters;
} pthread_rwlock_t;

#define _PTHREAD_RWLOCK_INITIALIZER                                                                \
    {                                                                                              \
        0                                                                                          \
    }

typedef struct {
    int __process_shared;
} pthread_rwlockattr_t;

#endif

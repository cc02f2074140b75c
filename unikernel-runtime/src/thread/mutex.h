/* SPDX-License-Identifier: Apache-2.0 */
/* mutex.h - what mutex.c and family/mutex.c have in common. */
#pragma once

#include <pthread.h>

/* In a mutex's __type, above PTHREAD_MUTEX_*. */
#define MF_MUTEX_TYPE_MASK 0xffu
#define MF_MUTEX_ROBUST 0x100u
#define MF_MUTEX_OWNER_DIED 0x200u
#define MF_MUTEX_UNUSABLE 0x400u

/* mutex.c's functions for family/mutex.c, which has others in their place. */
int mf_own_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int mf_own_pthread_mutex_lock(pthread_mutex_t *m);
int mf_own_pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *deadline);
int mf_own_pthread_mutex_trylock(pthread_mutex_t *m);
int mf_own_pthread_mutex_unlock(pthread_mutex_t *m);
int mf_own_pthread_mutex_consistent(pthread_mutex_t *m);

/* SPDX-License-Identifier: Apache-2.0 */
/* rwlock.h - functions of rwlock.c and barrier.c for family/rwlock.c, which has others in their place. */
#pragma once

#include <pthread.h>

int mf_own_pthread_rwlock_tryrdlock(pthread_rwlock_t *l);
int mf_own_pthread_rwlock_trywrlock(pthread_rwlock_t *l);
int mf_own_pthread_rwlock_rdlock(pthread_rwlock_t *l);
int mf_own_pthread_rwlock_wrlock(pthread_rwlock_t *l);
int mf_own_pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *deadline);
int mf_own_pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *deadline);
int mf_own_pthread_rwlock_unlock(pthread_rwlock_t *l);
int mf_own_pthread_rwlock_destroy(pthread_rwlock_t *l);
int mf_own_pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
                                unsigned int limit);
int mf_own_pthread_barrier_destroy(pthread_barrier_t *b);
int mf_own_pthread_barrier_wait(pthread_barrier_t *b);

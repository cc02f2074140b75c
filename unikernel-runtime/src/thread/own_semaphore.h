/* SPDX-License-Identifier: Apache-2.0 */
/* own_semaphore.h - semaphore.c's functions, for family/semaphore.c, which has others in their place. */
#pragma once

#include <semaphore.h>

int mf_own_sem_init(sem_t *s, int shared, unsigned int value);
int mf_own_sem_destroy(sem_t *s);
int mf_own_sem_post(sem_t *s);
int mf_own_sem_trywait(sem_t *s);
int mf_own_sem_wait(sem_t *s);
int mf_own_sem_timedwait(sem_t *restrict s, const struct timespec *restrict deadline);

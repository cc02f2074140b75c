/* SPDX-License-Identifier: Apache-2.0 */
/* semaphore.h - semaphores (POSIX.1-2008). Named ones are files in /dev/shm. */
#pragma once

#include <fcntl.h>
#include <sys/_pthreadtypes.h>
#include <sys/cdefs.h>
#include <time.h>

#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX 0x7fffffff
#endif
#define SEM_FAILED ((sem_t *)0)

typedef struct {
    unsigned int __value;
    int __reserved;
    struct __mf_waiters __waiters;
} sem_t;

__BEGIN_DECLS
int sem_close(sem_t *semaphore);
int sem_destroy(sem_t *semaphore);
int sem_getvalue(sem_t *__restrict semaphore, int *__restrict value);
int sem_init(sem_t *semaphore, int shared, unsigned int value);
sem_t *sem_open(const char *name, int flags, ...);
int sem_post(sem_t *semaphore);
int sem_timedwait(sem_t *__restrict semaphore, const struct timespec *__restrict deadline);
int sem_trywait(sem_t *semaphore);
int sem_unlink(const char *name);
int sem_wait(sem_t *semaphore);
__END_DECLS

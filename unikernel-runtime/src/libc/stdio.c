/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.c - functions of POSIX on streams that newlib has under other names or not at all. */
#include <stdio.h>
#include <sys/lock.h>

#include "thread/thread_internal.h"

ssize_t getdelim(char **line, size_t *capacity, int delimiter, FILE *f)
{
    return __getdelim(line, capacity, delimiter, f);
}

ssize_t getline(char **line, size_t *capacity, FILE *f)
{
    return __getdelim(line, capacity, '\n', f);
}

/*
 * The stream's own recursive lock, which every other function on it takes too. What the application
 * holds does not keep it from being cancelled.
 */
void flockfile(FILE *f)
{
    __lock_acquire_recursive(f->_lock);
    mf_thread_self()->locks--;
}

int ftrylockfile(FILE *f)
{
    if (!__lock_try_acquire_recursive(f->_lock)) {
        return -1;
    }
    mf_thread_self()->locks--;
    return 0;
}

void funlockfile(FILE *f)
{
    mf_thread_self()->locks++;
    __lock_release_recursive(f->_lock);
}

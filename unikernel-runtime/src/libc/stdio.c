/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.c - functions of POSIX on streams that newlib has under other names or not at all. */
#include <stdio.h>
#include <sys/lock.h>

ssize_t getdelim(char **line, size_t *capacity, int delimiter, FILE *f)
{
    return __getdelim(line, capacity, delimiter, f);
}

ssize_t getline(char **line, size_t *capacity, FILE *f)
{
    return __getdelim(line, capacity, '\n', f);
}

/* The stream's own recursive lock, which every other function on it takes too. */
void flockfile(FILE *f)
{
    __lock_acquire_recursive(f->_lock);
}

int ftrylockfile(FILE *f)
{
    /* newlib's locks give 0 for success. */
    return __lock_try_acquire_recursive(f->_lock);
}

void funlockfile(FILE *f)
{
    __lock_release_recursive(f->_lock);
}

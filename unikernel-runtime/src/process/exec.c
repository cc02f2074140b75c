/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c - a guest is one image: it cannot become another. */
#include <errno.h>

int _execve(const char *path, char *const arguments[], char *const environment[]);

/* What newlib's exec functions end in. */
int _execve(const char *path, char *const arguments[], char *const environment[])
{
    (void)path;
    (void)arguments;
    (void)environment;
    errno = ENOSYS;
    return -1;
}

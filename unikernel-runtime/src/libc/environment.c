/* SPDX-License-Identifier: Apache-2.0 */
/* environment.c - functions on the environment that newlib lacks. */
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

/* The array stays: newlib's setenv() may have made it, and grows it again. */
int clearenv(void)
{
    if (environ != NULL) {
        environ[0] = NULL;
    }
    return 0;
}

/* No program here has more rights than whoever starts it. */
char *secure_getenv(const char *name)
{
    return getenv(name);
}

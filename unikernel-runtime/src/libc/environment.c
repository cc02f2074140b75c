/* SPDX-License-Identifier: Apache-2.0 */
/* environment.c - functions on the environment that newlib lacks. */
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

/* newlib's setenv() copies what it finds; a pointer to nothing would not do. */
int clearenv(void)
{
    static char *nothing[1];
    nothing[0] = NULL;
    environ = nothing;
    return 0;
}

/* No program here has more rights than whoever starts it. */
char *secure_getenv(const char *name)
{
    return getenv(name);
}

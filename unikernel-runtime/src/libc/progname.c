/* SPDX-License-Identifier: Apache-2.0 */
/* progname.c - the program's name, as BSD gives it: the guest's, as in err.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char name[64]; /* "": nobody has asked yet */

const char *getprogname(void)
{
    if (name[0] == '\0') {
        gethostname(name, sizeof(name));
    }
    return name;
}

void setprogname(const char *path)
{
    const char *const slash = strrchr(path, '/');
    const char *const from = slash != NULL ? slash + 1 : path;
    name[0] = '\0';
    strncat(name, from, sizeof(name) - 1);
}

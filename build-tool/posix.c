/* SPDX-License-Identifier: Apache-2.0 */
/* posix.c - see posix.h. */
#include "posix.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#include "posix_names.def"
};

static int compare(const void *name, const void *entry)
{
    return strcmp(name, *(const char *const *)entry);
}

bool posix_has(const char *name)
{
    return bsearch(name, names, sizeof(names) / sizeof(names[0]), sizeof(names[0]), compare) !=
           NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* guest_path.c - see guest_path.h. */
#include "guest_path.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

char *guest_path_clean(const char *path)
{
    if (path[0] != '/') {
        return NULL;
    }
    char *clean = alloc_zeroed(strlen(path) + 1);
    size_t length = 0;
    while (*path != '\0') {
        path += strspn(path, "/");
        const size_t part = strcspn(path, "/");
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            free(clean);
            return NULL;
        }
        if (part != 0 && !(part == 1 && path[0] == '.')) {
            clean[length++] = '/';
            memcpy(clean + length, path, part);
            length += part;
        }
        path += part;
    }
    return clean;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* glob.c - newlib's glob(), which takes no match for success, with the result that POSIX.1-2008 has. */
#include <glob.h>

extern int newlib_glob(const char *pattern, int flags, int (*error)(const char *, int),
                       glob_t *found) __asm__("glob");

int glob(const char *restrict pattern, int flags, int (*error)(const char *, int),
         glob_t *restrict found)
{
    const int before = (flags & GLOB_APPEND) != 0 ? (int)found->gl_pathc : 0;
    const int result = newlib_glob(pattern, flags, error, found);
    return result == 0 && (int)found->gl_pathc == before ? GLOB_NOMATCH : result;
}

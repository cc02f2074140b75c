/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strsep.c - newlib's returns NULL where an empty field ends the string ("a:" has two fields, "" has
 * one), and so takes programs by surprise that rely on the 4.4BSD manual: NULL comes behind the last
 * field only.
 */
#include <string.h>

char *strsep(char **rest, const char *delimiters)
{
    char *const field = *rest;

    if (field == NULL) {
        return NULL;
    }
    char *const end = field + strcspn(field, delimiters);
    if (*end == 0) {
        *rest = NULL;
    } else {
        *end = 0;
        *rest = end + 1;
    }
    return field;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* getsubopt.c - getsubopt() (POSIX.1-2008), which gives back what it does not know; newlib's does not. */
#include <stdlib.h>
#include <string.h>

int getsubopt(char **options, char *const *names, char **value)
{
    char *const option = *options, *const end = option + strcspn(option, ",");
    *options = *end == ',' ? end + 1 : end;
    *end = '\0';
    char *const equals = strchr(option, '=');
    const size_t bytes = equals != NULL ? (size_t)(equals - option) : (size_t)(end - option);
    for (int i = 0; names[i] != NULL; i++) {
        if (strncmp(option, names[i], bytes) == 0 && names[i][bytes] == '\0') {
            *value = equals != NULL ? equals + 1 : NULL;
            return i;
        }
    }
    *value = option;
    return -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_rights.c - what others may do with the guest, and what it may do (dom0/guests/rights.h). */
#include <stdlib.h>
#include <string.h>

#include "manifest.h"

#define GUEST_NAME_MAX 63 /* dom0/guests/launch.h */

static int check_inspect(struct manifest *manifest)
{
    const char *const text = manifest->fields->inspect;
    if (text == NULL || strcmp(text, "no") == 0 || strcmp(text, "read") == 0 ||
        strcmp(text, "write") == 0) {
        return 0;
    }
    manifest_error(manifest, "inspect", 0, "expected `no`, `read` or `write`");
    return -1;
}

/* Names of guests with commas between them, each as dom0 takes it. */
static bool are_names(const char *list)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    for (;;) {
        const size_t length = strcspn(list, ",");
        if (length == 0 || length > GUEST_NAME_MAX || list[0] == '-' ||
            strspn(list, letters) != length) {
            return false;
        }
        if (list[length] == '\0') {
            return true;
        }
        list += length + 1;
    }
}

static int check_share(struct manifest *manifest)
{
    const char *const text = manifest->fields->share;
    if (text == NULL || strcmp(text, "*") == 0 || are_names(text)) {
        return 0;
    }
    manifest_error(manifest, "share", 0,
                   "expected names of guests with commas between them, like `web,log`, or `\"*\"`, "
                   "or `no`");
    return -1;
}

static int take_fork(struct manifest *manifest)
{
    const char *const text = manifest->fields->fork;
    manifest->fork_limit = MANIFEST_FORK_UNSET;
    if (text == NULL) {
        return 0;
    }
    if (text[0] != '\0' && strlen(text) <= 3 && strspn(text, "0123456789") == strlen(text) &&
        atoi(text) <= MANIFEST_FORK_MAX) {
        manifest->fork_limit = atoi(text);
        return 0;
    }
    manifest_error(manifest, "fork", 0, "expected a number of processes from 0 to 511");
    return -1;
}

int manifest_take_rights(struct manifest *manifest)
{
    return check_inspect(manifest) == 0 && check_share(manifest) == 0 && take_fork(manifest) == 0
               ? 0
               : -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* strlist.h - a list of strings, always NULL-terminated: an argv. A zeroed struct is empty. */
#pragma once

#include <stddef.h>

struct strlist {
    char **items; /* owned, each too; NULL while nothing was added */
    size_t count;
};

void strlist_add(struct strlist *list, const char *item); /* copies */
void strlist_addf(struct strlist *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Sorts bytewise and drops duplicates. */
void strlist_sort(struct strlist *list);

void strlist_free(struct strlist *list);

/** The list as one line that a POSIX shell reads back as the same words; the caller owns it. */
char *strlist_quote(const struct strlist *list);

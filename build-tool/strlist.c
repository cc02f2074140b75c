/* SPDX-License-Identifier: Apache-2.0 */
/* strlist.c - see strlist.h. */
#include "strlist.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "buffer.h"

static void strlist_take(struct strlist *list, char *item)
{
    list->items = alloc_array(list->items, list->count + 2, sizeof(char *));
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

void strlist_add(struct strlist *list, const char *item)
{
    strlist_take(list, alloc_copy(item));
}

void strlist_addf(struct strlist *list, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = alloc_copy("");
    }
    va_end(arguments);
    strlist_take(list, text);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void strlist_sort(struct strlist *list)
{
    size_t kept = 0;
    if (list->count == 0) {
        return;
    }
    qsort(list->items, list->count, sizeof(char *), compare);
    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(list->items[i], list->items[kept]) == 0) {
            free(list->items[i]);
        } else {
            list->items[++kept] = list->items[i];
        }
    }
    list->count = kept + 1;
    list->items[list->count] = NULL;
}

void strlist_free(struct strlist *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct strlist){0};
}

static void quote(struct buffer *line, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=+,.:/@%";
    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        buffer_append(line, word, strlen(word));
        return;
    }
    buffer_append_quoted(line, word);
}

char *strlist_quote(const struct strlist *list)
{
    struct buffer line = {0};
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) {
            buffer_append(&line, " ", 1);
        }
        quote(&line, list->items[i]);
    }
    buffer_append(&line, "", 1);
    return (char *)line.data;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.c - see alloc.h. */
#include "alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("mayfly: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void *alloc_zeroed(size_t bytes)
{
    return must(calloc(1, bytes == 0 ? 1 : bytes));
}

void *alloc_array(void *old, size_t count, size_t each)
{
    return must(reallocarray(old, count == 0 ? 1 : count, each));
}

char *alloc_copy(const char *text)
{
    return must(strdup(text));
}

char *alloc_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    return must(text);
}

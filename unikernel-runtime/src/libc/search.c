/* SPDX-License-Identifier: Apache-2.0 */
/* search.c - linear search and doubly linked lists (POSIX.1-2008). */
#include <search.h>
#include <stdint.h>
#include <string.h>

struct element {
    struct element *next, *previous;
};

void insque(void *element, void *before)
{
    struct element *const e = element, *const b = before;
    *e = (struct element){.next = b != NULL ? b->next : NULL, .previous = b};
    if (e->next != NULL) {
        e->next->previous = e;
    }
    if (b != NULL) {
        b->next = e;
    }
}

void remque(void *element)
{
    const struct element *const e = element;
    if (e->previous != NULL) {
        e->previous->next = e->next;
    }
    if (e->next != NULL) {
        e->next->previous = e->previous;
    }
}

void *lfind(const void *key, const void *base, size_t *count, size_t bytes,
            int (*compare)(const void *, const void *))
{
    const char *at = base;
    for (size_t i = 0; i < *count; i++, at += bytes) {
        if (compare(key, at) == 0) {
            return (void *)(uintptr_t)at;
        }
    }
    return NULL;
}

void *lsearch(const void *key, void *base, size_t *count, size_t bytes,
              int (*compare)(const void *, const void *))
{
    void *const found = lfind(key, base, count, bytes, compare);
    return found != NULL ? found : memcpy((char *)base + (*count)++ * bytes, key, bytes);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* symtab.h - look-up in a symbol table (image.h): no allocation, safe in a fault handler. */
#pragma once

#include <stddef.h>

#include "mayfly/image.h"

/**
 * The name of the function that holds `address`, and in *offset how far into it; NULL when `table`
 * (`bytes` long) is not a symbol table or has nothing below the address.
 */
static inline const char *mf_symtab_find(const void *table, uint64_t bytes, uint64_t address,
                                         uint64_t *offset)
{
    const struct mf_symtab *t = (const struct mf_symtab *)table;
    if (t == NULL || bytes < sizeof(*t) || t->magic != MF_SYMTAB_MAGIC || address < t->base) {
        return NULL;
    }
    const struct mf_symbol *s = (const struct mf_symbol *)(t + 1);
    const uint64_t names_at = sizeof(*t) + (uint64_t)t->count * sizeof(*s);
    if (names_at > bytes || t->names_bytes > bytes - names_at) {
        return NULL;
    }
    uint32_t low = 0, high = t->count; /* the answer is below `high` */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (t->base + s[middle].offset <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || s[low - 1].name >= t->names_bytes) {
        return NULL;
    }
    *offset = address - t->base - s[low - 1].offset;
    return (const char *)table + names_at + s[low - 1].name;
}

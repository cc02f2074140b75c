/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - see names.h. Chains are linked through the guests. */
#include "guests/names.h"

#include <string.h>

#include "guests/guest.h"

#define BUCKETS PLAN_GUESTS_MAX

static uint32_t buckets[BUCKETS] __attribute__((section(".bss..cold.names"))); /* slot + 1 */

/* FNV-1a, whose low bits alone spread less well. */
uint32_t names_hash(const char *name)
{
    uint32_t hash = 0x811c9dc5u;
    for (; *name != 0; name++) {
        hash = (hash ^ (uint8_t)*name) * 0x01000193u;
    }
    return hash ^ hash >> 16;
}

uint32_t names_find(const char *name)
{
    return names_find_hashed(name, names_hash(name));
}

uint32_t names_find_hashed(const char *name, uint32_t hash)
{
    for (uint32_t link = buckets[hash % BUCKETS]; link != 0; link = guest_at(link - 1)->name_next) {
        if (strcmp(guest_at(link - 1)->name, name) == 0) {
            return link - 1;
        }
    }
    return PLAN_NO_GUEST;
}

void names_add(uint32_t slot)
{
    struct guest *g = guest_at(slot);
    g->name_hash = names_hash(g->name);
    uint32_t *const bucket = &buckets[g->name_hash % BUCKETS];
    g->name_next = *bucket;
    *bucket = slot + 1;
}

void names_remove(uint32_t slot)
{
    struct guest *g = guest_at(slot);
    uint32_t *link = &buckets[g->name_hash % BUCKETS];
    while (*link != slot + 1) {
        link = &guest_at(*link - 1)->name_next;
    }
    *link = g->name_next;
}

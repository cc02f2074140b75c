/* SPDX-License-Identifier: Apache-2.0 */
/* rights.c - see rights.h. */
#include "guests/rights.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "guests/guest.h"

static const char *const levels[] = {
    [RIGHTS_NO] = "no", [RIGHTS_READ] = "read", [RIGHTS_WRITE] = "write"};

/* Lists of guests, each text once and for ever: thousands of guests have the same one. */
struct list {
    struct list *next;
    char text[];
};

static struct list *lists;

bool rights_parse_inspect(const char *text, uint8_t *out)
{
    for (int i = RIGHTS_NO; i <= RIGHTS_WRITE; i++) {
        if (strcmp(text, levels[i]) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return false;
}

bool rights_share_is_valid(const char *list)
{
    if (strcmp(list, "*") == 0) {
        return true;
    }
    for (;;) {
        char name[LAUNCH_NAME_BYTES];
        const size_t bytes = strcspn(list, ",");
        if (bytes >= sizeof(name)) {
            return false;
        }
        memcpy(name, list, bytes);
        name[bytes] = 0;
        if (!launch_name_is_valid(name)) {
            return false;
        }
        if (list[bytes] == 0) {
            return true;
        }
        list += bytes + 1;
    }
}

bool rights_share_allows(const char *list, const char *name)
{
    const size_t bytes = strlen(name);

    if (list == NULL || strcmp(list, "no") == 0) {
        return false;
    }
    if (strcmp(list, "*") == 0) {
        return true;
    }
    for (;;) {
        const size_t length = strcspn(list, ",");
        if (length == bytes && memcmp(list, name, bytes) == 0) {
            return true;
        }
        if (list[length] == 0) {
            return false;
        }
        list += length + 1;
    }
}

/* The one copy of a text; NULL: no memory. */
static const char *keep(const char *text)
{
    for (const struct list *l = lists; l != NULL; l = l->next) {
        if (strcmp(l->text, text) == 0) {
            return l->text;
        }
    }
    struct list *const l = malloc(sizeof(*l) + strlen(text) + 1);
    if (l == NULL) {
        return NULL;
    }
    memcpy(l->text, text, strlen(text) + 1);
    l->next = lists;
    lists = l;
    return l->text;
}

static uint8_t least(uint8_t a, uint8_t b)
{
    a = a == RIGHTS_UNSET ? RIGHTS_WRITE : a;
    b = b == RIGHTS_UNSET ? RIGHTS_WRITE : b;
    return a < b ? a : b;
}

const char *rights_share_keep(const char *list)
{
    return keep(list);
}

bool rights_give(struct guest *g, const struct launch *l, const struct launch_source *source)
{
    const struct manifest *const m = &g->image->manifest;

    g->inspect = least(least(l->inspect, m->inspect),
                       source != NULL ? source->inspect : (uint8_t)RIGHTS_UNSET);
    g->share = source != NULL && source->share != NULL ? source->share : m->share;
    if (l->share != NULL) {
        g->share = keep(l->share);
        return g->share != NULL;
    }
    return true;
}

bool rights_allow(const struct guest *g, enum rights_inspect needs)
{
    return g->inspect >= needs;
}

const char *rights_inspect_text(const struct guest *g)
{
    return levels[g->inspect];
}

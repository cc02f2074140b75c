/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - see template.h. */
#include "templates/template.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "guests/given.h"
#include "guests/names.h"
#include "images/image.h"
#include "mayfly/hypercall.h"
#include "text/term.h"

#define BUCKETS 4096u
#define SAVED_BUCKETS 256u /* STORE_ENTRIES_MAX is four times that */
#define EXTENTS 64u
#define INDENT 2
#define INDENT_MAX 40
#define NAME_COLUMN 28

struct link {
    struct link *next, *previous;
};

struct template
{
    char name[LAUNCH_NAME_BYTES];
    struct template *parent; /* a reference; it may have been removed. NULL: a root */
    struct template *name_next;
    struct template *warm_next;     /* of the image's warm ones */
    struct link siblings, children; /* of those that are in the tree; children: the list's head */
    struct launch_source self;      /* what its clones get */
    struct prefault prefault;
    struct template *saved_next; /* in the bucket of saved_id */
    uint64_t saved_id;           /* 0: none */
    uint32_t refs;               /* one for being in the tree */
    bool is_removed, is_warm;
};

static struct template *buckets[BUCKETS] __attribute__((section(".bss..cold.templates")));

static struct template *saved[SAVED_BUCKETS] __attribute__((section(".bss..cold.saved")));

/* ---- names -------------------------------------------------------------------------------- */

static struct template **bucket_of(const char *name)
{
    return &buckets[names_hash(name) % BUCKETS];
}

static void remove_name(const struct template *t)
{
    struct template **at = bucket_of(t->name);
    while (*at != t) {
        at = &(*at)->name_next;
    }
    *at = t->name_next;
}

/* ---- the tree ----------------------------------------------------------------------------- */

static void link_after(struct link *at, struct link *l)
{
    l->previous = at;
    l->next = at->next;
    at->next->previous = l;
    at->next = l;
}

static struct template *of_sibling(struct link *l)
{
    return (struct template *)(void *)((char *)l - offsetof(struct template, siblings));
}

struct template *template_get(struct template *t)
{
    if (t != NULL) {
        t->refs++;
    }
    return t;
}

void template_put(struct template **at)
{
    struct template *t = *at;
    *at = NULL;
    while (t != NULL && --t->refs == 0) {
        struct template *const parent = t->parent;
        given_put(&t->self.given);
        free(t);
        t = parent;
    }
}

/* The template that *at stands for: itself, or the next one above it that was not removed. */
static struct template *resolve(struct template **at)
{
    while ((*at)->is_removed) {
        struct template *const parent = template_get((*at)->parent);
        template_put(at);
        *at = parent;
    }
    return *at;
}

static struct template *make(const char *name, struct template *parent)
{
    struct template *const t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    memcpy(t->name, name, strlen(name) + 1);
    t->refs = 1;
    t->children = (struct link){&t->children, &t->children};
    t->parent = template_get(parent);
    if (parent != NULL) {
        link_after(parent->children.previous, &t->siblings);
    }
    return t;
}

/* The record of an image's own template, made when it is first asked for. */
static struct template *root_of(struct image *image)
{
    if (image->root == NULL && image->is_loaded) {
        image->root = make(image->name, NULL);
        if (image->root != NULL) {
            image->root->self = (struct launch_source){
                .handle = image->template,
                .memory_pages = image->memory_pages,
                .image = image,
                .template = image->root,
                .prefault = &image->prefault,
                .has_network = image->has_network,
            };
        }
    }
    return image->root;
}

static struct template *find_snapshot(const char *name, uint32_t hash)
{
    struct template *t = buckets[hash % BUCKETS];
    while (t != NULL && strcmp(t->name, name) != 0) {
        t = t->name_next;
    }
    return t;
}

bool template_owns_name(const char *name, uint32_t hash)
{
    const struct template *const t = find_snapshot(name, hash);
    return t != NULL && strcmp(name, t->self.image->name) != 0;
}

struct template *template_find(const char *name)
{
    struct template *t = find_snapshot(name, names_hash(name));
    if (t == NULL) {
        struct image *const image = image_find(name);
        t = image == NULL ? NULL : root_of(image);
    }
    return t;
}

struct template *template_add(const char *name, const struct launch_source *snapshot)
{
    struct template *from = template_get(snapshot->template);
    if (from == NULL) {
        from = template_get(root_of(snapshot->image));
    }
    struct template *const t = from == NULL ? NULL : make(name, resolve(&from));
    template_put(&from);
    if (t == NULL) {
        return NULL;
    }
    struct template **const bucket = bucket_of(name);
    t->self = *snapshot;
    t->self.template = t;
    t->self.prefault = &t->prefault;
    given_get(t->self.given);
    t->name_next = *bucket;
    *bucket = t;
    return t;
}

static void make_cold(struct template *t)
{
    struct template **at = &t->self.image->warm;
    while (t->is_warm && *at != t) {
        at = &(*at)->warm_next;
    }
    if (t->is_warm) {
        *at = t->warm_next;
        t->is_warm = false;
    }
}

const char *template_remove(struct template *t)
{
    if (template_is_root(t)) {
        return "it is the image's own, which stays as long as the machine runs";
    }
    struct template *const parent = resolve(&t->parent);
    remove_name(t);
    make_cold(t);
    template_set_saved(t, 0);
    t->siblings.previous->next = t->siblings.next;
    t->siblings.next->previous = t->siblings.previous;
    if (t->children.next != &t->children) { /* all of them at once */
        struct link *const last = parent->children.previous;
        last->next = t->children.next;
        t->children.next->previous = last;
        t->children.previous->next = &parent->children;
        parent->children.previous = t->children.previous;
    }
    prefault_close(&t->prefault);
    hv_dom_destroy(t->self.handle);
    t->is_removed = true;
    template_put(&t);
    return NULL;
}

void template_make_warm(struct template *t)
{
    struct template **const first = &t->self.image->warm;
    t->is_warm = true;
    t->warm_next = *first;
    *first = t;
}

bool template_has_warm_room(const struct image *image)
{
    uint32_t count = 0;
    for (const struct template *t = image->warm; t != NULL; t = t->warm_next) {
        count++;
    }
    return count < TEMPLATE_WARM_MAX;
}

struct template *template_find_warm(const struct image *image, const struct given *given,
                                    bool has_network)
{
    struct template *t = image->warm;
    while (t != NULL &&
           (t->self.has_network != has_network || !given_is_same(t->self.given, given))) {
        t = t->warm_next;
    }
    return t;
}

struct template *template_root(struct image *image)
{
    return root_of(image);
}

void template_source(const struct template *t, struct launch_source *source)
{
    *source = t->self;
}

const char *template_name(const struct template *t)
{
    while (t != NULL && t->is_removed) {
        t = t->parent;
    }
    return t == NULL ? NULL : t->name;
}

bool template_is_root(const struct template *t)
{
    return t->parent == NULL;
}

struct template *template_parent(struct template *t)
{
    return t->parent == NULL ? NULL : resolve(&t->parent);
}

void template_set_saved(struct template *t, uint64_t id)
{
    struct template **at = &saved[t->saved_id % SAVED_BUCKETS];

    while (t->saved_id != 0 && *at != t) {
        at = &(*at)->saved_next;
    }
    if (t->saved_id != 0) {
        *at = t->saved_next;
    }
    t->saved_id = id;
    if (id != 0) {
        t->saved_next = saved[id % SAVED_BUCKETS];
        saved[id % SAVED_BUCKETS] = t;
    }
}

uint64_t template_saved(const struct template *t)
{
    return t->saved_id;
}

struct template *template_find_saved(uint64_t id)
{
    struct template *t = saved[id % SAVED_BUCKETS];
    while (t != NULL && t->saved_id != id) {
        t = t->saved_next;
    }
    return t;
}

/* ---- printing ----------------------------------------------------------------------------- */

/* Pages with content of `dom` that differ from `base`; HV_SELF: all. */
static uint64_t count_pages(uint32_t dom, uint32_t base)
{
    struct hv_extent extents[EXTENTS];
    uint64_t va = 0, pages = 0;

    while (va != HV_GUEST_END) {
        const int64_t count = hv_dom_pages(dom, base, &va, extents, EXTENTS);
        for (int64_t i = 0; i < count; i++) {
            pages += extents[i].kind == HV_EXTENT_DATA ? extents[i].pages : 0;
        }
        if (count < 0) {
            break;
        }
    }
    return pages;
}

static void print_one(struct template *t, int depth)
{
    const int indent = depth * INDENT < INDENT_MAX ? depth * INDENT : INDENT_MAX;
    const uint32_t base = t->parent == NULL ? HV_SELF : resolve(&t->parent)->self.handle;
    const uint64_t all = count_pages(t->self.handle, HV_SELF);
    const uint64_t own = base == HV_SELF ? all : count_pages(t->self.handle, base);
    const uint64_t kib = HV_PAGE_BYTES / 1024;
    const char *note = t->parent == NULL ? "image" : (t->is_warm ? "warm" : "");

    term_printf("%*s%-*s %8" PRIu64 " KiB %8" PRIu64 " KiB  %s", indent, "", NAME_COLUMN - indent,
                t->name, own * kib, (all - own) * kib, note);
    given_print(t->self.given);
    if (t->self.has_network != t->self.image->has_network) {
        term_printf(" net=%s", t->self.has_network ? "yes" : "no");
    }
    term_printf("\n");
}

/* The template and all below it, each before its children. */
static void print_below(struct template *root)
{
    struct template *t = root;
    int depth = 0;

    for (;;) {
        print_one(t, depth);
        if (t->children.next != &t->children) {
            t = of_sibling(t->children.next);
            depth++;
            continue;
        }
        while (t != root && t->siblings.next == &resolve(&t->parent)->children) {
            t = t->parent;
            depth--;
        }
        if (t == root) {
            return;
        }
        t = of_sibling(t->siblings.next);
    }
}

void template_print(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < image_count(); i++) {
        struct template *const root = root_of(image_at(i));
        if (root == NULL) {
            continue;
        }
        if (count++ == 0) {
            term_printf("%-*s %12s %12s\n", NAME_COLUMN, "TEMPLATE", "OWN", "SHARED");
        }
        print_below(root);
    }
    if (count == 0) {
        term_printf("No image is loaded yet; `start IMAGE` loads one.\n");
    }
}

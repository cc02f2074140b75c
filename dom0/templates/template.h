/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - the tree of templates: frozen domains that guests are cloned from. Those that images
 * are loaded into are the roots; below them are snapshots of guests, each under the template that
 * its guest came from.
 *
 * References  A guest holds one on the template that it came from. A template that was removed gives
 *             its memory back at once; its record stays as long as somebody refers to it, and stands
 *             for its parent.
 * Cost        All but the sizes is O(1) (looking for a parent pays for removals once).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guests/launch.h"

/** The template of this name, NULL when there is none. Those of images: by the image's name. */
struct template *template_find(const char *name);

/**
 * Whether a template has this name, of that names_hash(), that is not an image's: no guest gets it.
 * Guests and the templates of images, warm ones, too, are named alike.
 */
bool template_owns_name(const char *name, uint32_t hash);

/**
 * Adds a snapshot: `handle` is a frozen domain, which is the tree's from now on. `parent`: where its
 * guest came from; NULL: the image. The name must be free. Returns NULL when there is no memory.
 */
struct template *template_add(const char *name, const struct launch_source *snapshot);

/** Removes it; its children become its parent's. Returns NULL, or why not. */
const char *template_remove(struct template *t);

/**
 * Makes it what guests start from that have its image and network and are given the same as its
 * guest was. Of several, it is the newest that they start from.
 */
void template_make_warm(struct template *t);

/** Whether an image may have one more: what looks for one looks at all. */
#define TEMPLATE_WARM_MAX 32u
bool template_has_warm_room(const struct image *image);

/** The warm template for such guests, or NULL. Takes time with the number of the image's. */
struct template *template_find_warm(const struct image *image, const struct given *given,
                                    bool has_network);

/** A reference more; NULL is allowed. */
struct template *template_get(struct template *t);

/** A reference less; *t becomes NULL. */
void template_put(struct template **t);

/** What is needed to clone it. */
void template_source(const struct template *t, struct launch_source *source);

/** That of an image, loaded; NULL: no memory. Borrows. */
struct template *template_root(struct image *image);

/** Whether it is the template of an image. */
bool template_is_root(const struct template *t);

/** The one above it in the tree; NULL: it is an image's. Borrows. */
struct template *template_parent(struct template *t);

/** Its name, or that of the one above it which is not removed; NULL for NULL. Borrows. */
const char *template_name(const struct template *t);

/** Notes under which number it is saved on the disk (store/catalogue.h); 0: it is not. */
void template_set_saved(struct template *t, uint64_t id);
uint64_t template_saved(const struct template *t);

/** The template that is saved under this number, or NULL. */
struct template *template_find_saved(uint64_t id);

/** Prints the tree. */
void template_print(void);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * given.h - arguments and environment that a guest was given instead of its image's own. Kept once
 * for a guest, its clones and its templates, so that it can begin anew with them, and so that a warm
 * template is found by them. Never changed after it was made.
 */
#pragma once

#include <stdbool.h>

#include "guests/launch.h"
#include "images/image.h"

struct given;

/**
 * What a launch gives, in *out: a reference, or NULL when it leaves all to the image. Returns false
 * when there is no memory.
 */
bool given_make(const struct launch *l, const struct image *image, struct given **out);

/** A reference more; NULL is allowed. */
struct given *given_get(struct given *g);

/** A reference less; *at becomes NULL. */
void given_put(struct given **at);

/** Whether two guests were given the same, in the same order; both may be NULL. */
bool given_is_same(const struct given *a, const struct given *b);

/**
 * An info page for a guest that was given this (NULL: nothing), for infopage_free() and free().
 * Returns NULL when there is no memory, or it is too long.
 */
struct infopage *given_make_page(const struct given *g, const struct image *image,
                                 const struct plan *plan, bool network);

/** Prints it as it was typed, each word after a blank. */
void given_print(const struct given *g);

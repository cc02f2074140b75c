/* SPDX-License-Identifier: Apache-2.0 */
/* restore.h - from what is saved back to a template. */
#pragma once

#include "catalogue.h"

/**
 * Makes template `name` of entry `e`: of the next entry above it that is a template already, or of
 * the image, and all differences from there on. Every block is verified; the template appears when
 * all is right, or not at all. Prints what comes of it, or returns an error as in catalogue.h.
 */
const char *restore_template(struct catalogue *c, const struct store_entry *e, const char *name);

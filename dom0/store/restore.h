/* SPDX-License-Identifier: Apache-2.0 */
/* restore.h - from what is saved back to a template. */
#pragma once

#include "store/catalogue.h"

/* What has been read, and was right, when the template appears. */
enum restore_how {
    RESTORE_AUTO,  /* WHOLE where that takes no longer, else as NEEDED, and the rest meanwhile */
    RESTORE_WHOLE, /* everything */
    RESTORE_NEEDED /* where everything is: pages are read when they are needed (lazy.h) */
};

/**
 * Makes template `name` of entry `e`: of the next entry above it that is a template already, or of
 * the image, and all differences from there on. Every block is verified before it is used. Prints
 * what comes of it, or returns an error as in catalogue.h; then there is no template.
 */
const char *restore_template(struct catalogue *c, const struct store_entry *e, const char *name,
                             enum restore_how how);

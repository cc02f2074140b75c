/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.h - what others may do with a guest: look into it from the shell (inspect=), share memory
 * with it (share=). The image's manifest, the launch and, for a clone, the origin have a say.
 *
 * inspect  The least of the three holds; who says nothing allows all.
 * share    The launch, else the origin, else the manifest; who says nothing allows nobody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum rights_inspect {
    RIGHTS_UNSET = 0, /* as RIGHTS_WRITE */
    RIGHTS_NO,        /* neither memory nor files */
    RIGHTS_READ,      /* peek, files, cat */
    RIGHTS_WRITE,     /* poke and write, too */
};

struct guest;
struct launch;
struct launch_source;

/** no, read, write. */
bool rights_parse_inspect(const char *text, uint8_t *out);

/** `no`, `*` (everybody), or names of guests with commas between them. */
bool rights_share_is_valid(const char *list);

/** The same list, for ever; NULL when there is no memory. */
const char *rights_share_keep(const char *list);

/** Whether a list (NULL: nobody) has the name. */
bool rights_share_allows(const char *list, const char *name);

/** Sets what holds for a new guest, whose image is set. Returns false when there is no memory. */
bool rights_give(struct guest *g, const struct launch *l, const struct launch_source *source);

/** Whether a guest's rights allow `needs`. */
bool rights_allow(const struct guest *g, enum rights_inspect needs);

/** no, read or write: what holds for a guest. */
const char *rights_inspect_text(const struct guest *g);
